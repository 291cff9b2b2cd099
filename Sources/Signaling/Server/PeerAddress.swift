// What the edge wants to know of a client's address, as bytes.

import Foundation
import NIOCore

extension SocketAddress {
    private static let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

    /// 4 or 16 bytes, IPv4-mapped IPv6 as IPv4; nil for sockets without an IP address.
    var ipBytes: [UInt8]? {
        guard let text = ipAddress else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
        return bytes.starts(with: Self.mappedPrefix) ? Array(bytes[12...]) : bytes
    }

    /// 127.0.0.0/8 or ::1.
    var isLoopback: Bool {
        guard let bytes = ipBytes else { return false }
        return bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    /// Whom to count a connection for: an IPv4 address, or an IPv6 /64, which is the least a single customer has.
    var network: [UInt8] {
        guard let bytes = ipBytes else { return [] }
        return bytes.count == 4 ? bytes : Array(bytes[..<8])
    }
}
