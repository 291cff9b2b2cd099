// Where somebody came from, as exactly as an audit log needs it: people's addresses are not kept.

import NIOCore

enum AddressClass: String, Sendable, CaseIterable {
    /// This machine, also a proxy on it that says nothing.
    case local
    /// RFC 1918, 4193, 3927 and 4291: the organisation's own network, most likely.
    case internalNetwork = "internal"
    case internet

    init(_ address: SocketAddress?) {
        guard let address, let bytes = address.ipBytes else {
            self = .local
            return
        }
        if address.isLoopback {
            self = .local
        } else if bytes.count == 4 {
            let isInternal =
                bytes[0] == 10 || bytes[0] == 172 && bytes[1] & 0xF0 == 16 || bytes[0] == 192 && bytes[1] == 168
                || bytes[0] == 169 && bytes[1] == 254
            self = isInternal ? .internalNetwork : .internet
        } else {
            let isInternal = bytes[0] & 0xFE == 0xFC || bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
            self = isInternal ? .internalNetwork : .internet
        }
    }
}
