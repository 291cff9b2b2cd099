// What a DTLS handshake yields for SRTP (RFC 5764, 4.2): a master key and a master salt for each direction.

internal import CCrypto

struct SRTPKeys {
    let profile: SRTPProfile
    /// Key followed by salt, for what we send.
    private(set) var local: [UInt8]
    /// Key followed by salt, for what we receive.
    private(set) var remote: [UInt8]

    /// `exported` is client key, server key, client salt, server salt. Nil when its length does not fit the profile.
    init?(profile: SRTPProfile, exported: [UInt8], isServer: Bool) {
        let key = profile.keyBytes
        let salt = profile.saltBytes
        guard exported.count == profile.exportedBytes else { return nil }
        let client = Array(exported[..<key] + exported[(2 * key)..<(2 * key + salt)])
        let server = Array(exported[key..<(2 * key)] + exported[(2 * key + salt)...])
        self.profile = profile
        local = isServer ? server : client
        remote = isServer ? client : server
    }

    /// Overwrites the keys, once the packet core has its copy.
    mutating func wipe() {
        local.wipe()
        remote.wipe()
    }
}

extension SRTPProfile {
    /// The number in the use_srtp extension (RFC 5764, 4.1.2; RFC 7714, 14.2), and in the packet core.
    var registeredNumber: UInt16 {
        switch self {
        case .aes128CMSHA1: 0x0001
        case .aeadAES128GCM: 0x0007
        case .aeadAES256GCM: 0x0008
        }
    }

    init?(registeredNumber: UInt16) {
        guard let profile = Self.allCases.first(where: { $0.registeredNumber == registeredNumber }) else { return nil }
        self = profile
    }

    /// Its packets are libsrtp2's work, which takes several times what AES-GCM does (docs/dependencies.md).
    var isCostly: Bool { self == .aes128CMSHA1 }

    fileprivate var keyBytes: Int { self == .aeadAES256GCM ? 32 : 16 }
    /// RFC 3711, 8.2; RFC 7714, 12.
    fileprivate var saltBytes: Int { self == .aes128CMSHA1 ? 14 : 12 }
    /// What the exporter must give for both directions.
    var exportedBytes: Int { 2 * (keyBytes + saltBytes) }
}

extension [UInt8] {
    /// Zeroes the bytes in place. Another array that shares the storage is not reached.
    mutating func wipe() {
        withUnsafeMutableBytes { cc_wipe($0.baseAddress, $0.count) }
        self = []
    }
}
