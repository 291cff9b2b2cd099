// What one direction of one host's connection does to datagrams.

public import MediaRelay

public struct LinkConditions: Sendable {
    /// Share of datagrams that vanish, 0 to 1.
    public var loss = 0.0
    public var delay = MediaSpan.milliseconds(5)
    /// Each datagram waits up to this much longer: later ones overtake it.
    public var jitter = MediaSpan.zero
    /// Share of datagrams that arrive twice.
    public var duplication = 0.0
    /// Bits per second; datagrams queue behind each other and are dropped beyond `queue`.
    public var bitrate: UInt64?
    public var queue = MediaSpan.milliseconds(200)
    /// Nothing passes.
    public var isCut = false

    public init() {}
}
