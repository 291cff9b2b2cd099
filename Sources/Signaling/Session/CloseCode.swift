// WebSocket close codes (RFC 6455, 7.4.1) that sessions use. Never 1000 without a Leave before it: the browser SDK does
// not reconnect on it and waits for its ping timeout instead (livekit-wire.md, 5.4).

enum CloseCode {
    /// After a Leave that said everything.
    static let normal: UInt16 = 1000
    static let goingAway: UInt16 = 1001
    /// The message could not be read.
    static let invalidData: UInt16 = 1007
    /// Too many messages, or too slow a reader.
    static let policyViolation: UInt16 = 1008
    static let messageTooBig: UInt16 = 1009
    static let internalError: UInt16 = 1011
}
