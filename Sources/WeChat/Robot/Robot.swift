// A robot of a WeCom group that Hutong writes to. Whoever has its key can write there, so it is kept as a secret is.

public struct Robot: Sendable, Hashable {
    private static let path = "/cgi-bin/webhook/send"

    private let key: Secret
    private let base: WeChatBase

    /// Nil for what is no key: letters, digits, `-` and `_`.
    public init?(key: String, base: WeChatBase = .weCom) {
        guard (1...WeChatLimits.identifierBytes).contains(key.utf8.count),
            key.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            })
        else { return nil }
        self.key = Secret(key)
        self.base = base
    }

    /// From the whole address as WeCom shows it. Nil for any other address: the server would be sent wherever somebody
    /// who sets up a robot wants.
    public init?(address: String, base: WeChatBase = .weCom) {
        let start = "\(base.text)\(Self.path)?key="
        guard address.hasPrefix(start) else { return nil }
        self.init(key: String(address.dropFirst(start.count)), base: base)
    }

    public func send(_ message: RobotMessage) -> WeChatCall<Void> {
        WeChatCall(post: base, Self.path, ["key": key.text], body: message.body, credential: .secret) {
            _ throws(WeChatError) in ()
        }
    }
}
