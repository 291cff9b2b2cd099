// The candidate attribute (RFC 8839, 5.1), as it stands in a description and in a trickle message.

public struct ICECandidate: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case host, serverReflexive, peerReflexive, relayed
        case other(String)
    }

    /// A name and a value after the fixed fields: `generation 0`, `network-cost 50` …
    public struct Attribute: Sendable, Equatable {
        public var name: String
        public var value: String
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public var foundation: String
    /// 1 is RTP (and RTCP where multiplexed), 2 is RTCP.
    public var component: UInt16
    /// Lower case: `udp`, `tcp`.
    public var transport: String
    public var priority: UInt32
    /// An IP address, or a name that is not looked up here (`….local`).
    public var address: String
    public var port: UInt16
    public var kind: Kind
    /// `raddr`, `rport`, `tcptype` and extensions, in their order.
    public var attributes: [Attribute]

    public init(
        foundation: String, component: UInt16 = 1, transport: String = "udp", priority: UInt32, address: String,
        port: UInt16, kind: Kind = .host, attributes: [Attribute] = []
    ) {
        self.foundation = foundation
        self.component = component
        self.transport = transport
        self.priority = priority
        self.address = address
        self.port = port
        self.kind = kind
        self.attributes = attributes
    }

    /// A host candidate of this server. `order` is its place among the addresses of its kind; 0 is best.
    public static func host(_ address: SocketAddress, order: UInt16 = 0) -> ICECandidate {
        let component: UInt16 = 1
        let typePreference: UInt32
        let localPreference: UInt32
        switch address.kind {
        case .udp:
            // RFC 8445, 5.1.2.2.
            typePreference = 126
            localPreference = UInt32(UInt16.max - order)
        case .tcp:
            // RFC 6544, 4.2: below every direct way over UDP, and 4 in the top three bits says passive. libwebrtc counts
            // its own TCP candidates the same.
            typePreference = 90
            localPreference = 4 << 13 | UInt32(0x1fff - min(order, 0x1fff))
        }
        let priority = typePreference << 24 | localPreference << 8 | (256 - UInt32(component))
        // The foundation only has to differ between addresses and protocols (RFC 8445, 5.1.1.3): FNV-1a of both.
        let named = address.kind == .tcp ? address.ip + [UInt8(ascii: "t")] : address.ip
        let foundation = named.reduce(2_166_136_261 as UInt32) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return ICECandidate(
            foundation: String(foundation), component: component, transport: address.kind == .tcp ? "tcp" : "udp",
            priority: priority, address: address.host, port: address.port,
            attributes: address.kind == .tcp ? [Attribute(name: "tcptype", value: "passive")] : [])
    }

    public var isTCP: Bool { transport == "tcp" }

    /// Reads `candidate:…`, with or without `a=` before it. Nil when it does not follow the grammar.
    public init?(_ text: String) {
        guard text.utf8.count <= Limits.SDP.lineBytes else { return nil }
        var rest = Substring(text).utf8
        for prefix in ["a=", "candidate:"] where rest.starts(with: prefix.utf8) {
            rest = rest.dropFirst(prefix.utf8.count)
        }
        self.init(value: rest)
    }

    /// Reads what follows `candidate:`.
    init?(value: Substring.UTF8View) {
        let fields = value.fields
        guard fields.count >= 8, fields.allSatisfy({ $0.allSatisfy(\.isVisible) }), let transport = fields[2].token,
            let component = fields[1].decimal(UInt16.self), (1...256).contains(component),
            let priority = fields[3].decimal(UInt32.self), let port = fields[5].decimal(UInt16.self),
            fields[6].elementsEqual("typ".utf8)
        else { return nil }
        foundation = fields[0].text
        self.component = component
        self.transport = transport.lowercased()
        self.priority = priority
        address = fields[4].text
        self.port = port
        kind =
            switch fields[7].text {
            case "host": .host
            case "srflx": .serverReflexive
            case "prflx": .peerReflexive
            case "relay": .relayed
            case let name: .other(name)
            }
        attributes = stride(from: 8, to: fields.count - 1, by: 2).map {
            Attribute(name: fields[$0].text, value: fields[$0 + 1].text)
        }
    }

    /// `candidate:…`, as trickle messages carry it; a description writes `a=` before it.
    public var line: String {
        let type =
            switch kind {
            case .host: "host"
            case .serverReflexive: "srflx"
            case .peerReflexive: "prflx"
            case .relayed: "relay"
            case .other(let name): name
            }
        var line = "candidate:\(foundation) \(component) \(transport) \(priority) \(address) \(port) typ \(type)"
        for attribute in attributes { line += " \(attribute.name) \(attribute.value)" }
        return line
    }
}
