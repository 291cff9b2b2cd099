// What an operator decides about the relay. Plain values; `Relay` says what is wrong with them.

public struct RelayConfiguration: Sendable, Equatable {
    /// Numeric IPv4 or IPv6 address to bind. `0.0.0.0` and `::` need `announced`.
    public var bindAddress = "0.0.0.0"
    /// Worker n listens on the UDP port `firstPort` + n. 0: any free port for each.
    public var firstPort: UInt16 = 7882
    /// Whether it listens on the TCP port of the same number too, for clients whose network blocks UDP.
    public var acceptsTCP = true
    /// Packet loops, 1 to 255. Nil: one per core.
    public var workers: Int?
    /// So many people of a meeting are on one worker; those who come later go wherever there is most room, and media
    /// travels between the threads. One core forwards the video of about 100 people in good quality; fewer here costs
    /// copies and wake-ups that a small meeting does not need, more leaves it to one core while others idle.
    public var spreadFrom = 100
    /// Numeric addresses told to clients, for example the public address of a NAT. Empty: `bindAddress`.
    public var announced: [String] = []
    /// Keeps each worker's thread on one core. Worth it on a machine that does nothing else.
    public var pinsThreads = false
    public var capacity = WorkerCapacity()
    /// Bytes asked of the kernel per socket. 4 MiB hold a burst of 3,000 full packets, about 30 ms of a busy worker;
    /// smaller loses packets while the thread is not scheduled, larger only helps a machine that is too slow anyway.
    public var receiveBufferBytes: UInt32 = 4 << 20
    public var sendBufferBytes: UInt32 = 4 << 20

    public init() {}
}

/// How much one worker takes on. Memory is taken as it is needed, not in advance.
public struct WorkerCapacity: Sendable, Equatable {
    /// Two per participant (RFC-speaking clients of protocol v0 open two peer connections).
    public var transports: UInt32 = 4_096
    /// Incoming encodings: a participant with camera, microphone and screen sends up to eight.
    public var streams: UInt32 = 16_384
    /// A meeting of 300 with 50 tracks each is 15,000.
    public var subscriptions: UInt32 = 65_536
    /// Datagram buffers of about 2 KiB: caches of 512 packets for a hundred videos and the queues between.
    public var packets: UInt32 = 131_072

    public init() {}
}
