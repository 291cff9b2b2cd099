// An IP address and port as a value: no socket, no name look-up, no platform type.

/// 16 address bytes (IPv4 as ::ffff:a.b.c.d, as the packet core writes it), a port, and what the port belongs to.
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// How datagrams travel there. The same numbers over UDP and over TCP are two addresses.
    public enum Kind: Sendable, Hashable { case udp, tcp }

    /// Always 16 bytes.
    public let ip: [UInt8]
    public let port: UInt16
    public let kind: Kind

    private static let v4Prefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

    /// Nil unless `ip` has 4 or 16 bytes.
    public init?(ip: [UInt8], port: UInt16, kind: Kind = .udp) {
        switch ip.count {
        case 4: self.ip = Self.v4Prefix + ip
        case 16: self.ip = ip
        default: return nil
        }
        self.port = port
        self.kind = kind
    }

    /// Nil unless `host` is a numeric IPv4 or IPv6 address.
    public init?(host: String, port: UInt16, kind: Kind = .udp) {
        guard let ip = Self.parseV4(host[...]) ?? Self.parseV6(host) else { return nil }
        self.init(ip: ip, port: port, kind: kind)
    }

    public var isV4: Bool { ip.starts(with: Self.v4Prefix) }

    /// The address without its port: dotted quad, or RFC 5952 text.
    public var host: String {
        if isV4 { return ip[12...].map(String.init).joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(ip[$0]) << 8 | UInt16(ip[$0 + 1]) }
        let zeros = Self.longestZeroRun(groups)
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard let zeros else { return text(groups[...]) }
        return text(groups[..<zeros.lowerBound]) + "::" + text(groups[zeros.upperBound...])
    }

    public var description: String {
        let text = isV4 ? "\(host):\(port)" : "[\(host)]:\(port)"
        return kind == .tcp ? "tcp " + text : text
    }

    /// RFC 5952, 4.2: the first of the longest runs of two or more zero groups is shortened.
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        while start < groups.count {
            guard groups[start] == 0 else {
                start += 1
                continue
            }
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > (best?.count ?? 0) { best = start..<end }
            start = end
        }
        return best
    }

    private static func parseV4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            // A leading zero means octal to some readers and nothing to others (RFC 6943, 3.1.1).
            guard (1...3).contains(part.count), part.count == 1 || part.first != "0",
                part.allSatisfy(\.isASCIIDigit), let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// RFC 4291, 2.2: eight groups, one `::`, and a dotted quad allowed at the end.
    private static func parseV6(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 45, text.contains(":") else { return nil }
        var tail: [UInt8] = []
        var head = text[...]
        if let lastColon = text.lastIndex(of: ":"), text[lastColon...].contains(".") {
            guard let v4 = parseV4(text[text.index(after: lastColon)...]) else { return nil }
            tail = v4
            head = text[...lastColon]
            // Keep "::" whole, drop the single colon that stood before the quad.
            if !head.hasSuffix("::") { head = head.dropLast() }
        }
        func groups(_ part: Substring) -> [UInt8]? {
            if part.isEmpty { return [] }
            var bytes: [UInt8] = []
            for group in part.split(separator: ":", omittingEmptySubsequences: false) {
                guard (1...4).contains(group.count), group.allSatisfy(\.isHexDigit), group.allSatisfy(\.isASCII),
                    let value = UInt16(group, radix: 16)
                else { return nil }
                bytes += [UInt8(value >> 8), UInt8(value & 0xff)]
            }
            return bytes
        }
        guard let gap = head.firstRange(of: "::") else {
            guard let all = groups(head), all.count + tail.count == 16 else { return nil }
            return all + tail
        }
        guard let front = groups(head[..<gap.lowerBound]), let back = groups(head[gap.upperBound...]) else {
            return nil
        }
        let known = front.count + back.count + tail.count
        guard known <= 14 else { return nil }
        return front + [UInt8](repeating: 0, count: 16 - known) + back + tail
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
