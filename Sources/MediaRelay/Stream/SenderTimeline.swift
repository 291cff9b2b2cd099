// Sender reports towards subscribers: which outgoing RTP timestamp belongs to which moment of our wall clock. Sound and
// picture of one publisher play in step because both are translated by the same offset of that publisher's clock.

/// How far our wall clock is ahead of one publisher's, in microseconds. One for all streams of a transport.
struct PublisherClock {
    /// A path delay never shortens what we measure, so a smaller offset is the better one; a larger one is followed
    /// slowly, in 64 reports, for clocks drift apart. Faster would let jitter of the network into lip sync.
    static let driftDivisor: Int64 = 64
    /// The publisher's clock was set, or the client restarted.
    static let jump: Int64 = 1_000_000

    private(set) var offset: Int64?

    /// `ours` and `theirs` are wall clock microseconds; theirs may be anything, also nonsense.
    mutating func observe(ours: UInt64, theirs: UInt64) {
        let measured = Int64(bitPattern: ours &- theirs)
        guard let offset else {
            self.offset = measured
            return
        }
        let change = measured &- offset
        if change < 0 || change > Self.jump {
            self.offset = measured
        } else {
            self.offset = offset &+ change / Self.driftDivisor
        }
    }
}

enum SenderTimeline {
    /// The outgoing RTP timestamp at our wall clock time `now`, by the publisher's own statement.
    ///
    /// - Parameter timestampOffset: what the packet core adds to incoming timestamps for this subscriber.
    static func timestamp(
        now: UInt64, report: ReceivedSenderReport, clockOffset: Int64, clockRate: UInt32, timestampOffset: UInt32
    ) -> UInt32 {
        let stated = report.ntp.unixMicroseconds &+ UInt64(bitPattern: clockOffset)
        let elapsed = Int64(bitPattern: now &- stated)
        return report.rtpTimestamp &+ ticks(elapsed, clockRate) &+ timestampOffset
    }

    /// The same before the publisher's first report: by the last packet sent.
    static func timestamp(now: MediaTime, lastPacket: MediaTime, lastTimestamp: UInt32, clockRate: UInt32) -> UInt32 {
        lastTimestamp &+ ticks(Int64(clamping: now.since(lastPacket).microseconds), clockRate)
    }

    private static func ticks(_ microseconds: Int64, _ clockRate: UInt32) -> UInt32 {
        let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let ticks = seconds &* Int64(clockRate) &+ rest * Int64(clockRate) / 1_000_000
        return UInt32(truncatingIfNeeded: ticks)
    }
}
