// From the packet core's counters to the report blocks that a sender expects (RFC 3550, 6.4.1 and A.3).

/// What one stream had received at the last report, to tell the loss since.
struct ReceptionHistory {
    private var expected: UInt32 = 0
    private var received: UInt64 = 0

    /// The block for now, and the start of the next interval.
    mutating func report(
        _ counters: PacketStreamStatistics, senderReport: ReceivedSenderReport?, _ now: MediaTime
    ) -> ReportBlock {
        let expected = counters.highestSequence &- counters.baseSequence &+ 1
        // Repairs of older gaps can bring more packets than were due, and a sender that starts anew fewer numbers than
        // there were: neither is a loss.
        let expectedSince = UInt32(max(Int32(bitPattern: expected &- self.expected), 0))
        let receivedSince = UInt32(truncatingIfNeeded: counters.packets &- received)
        let lostSince = expectedSince > receivedSince ? expectedSince - receivedSince : 0
        let fraction = expectedSince == 0 ? 0 : min(UInt64(lostSince) * 256 / UInt64(expectedSince), 255)
        self.expected = expected
        received = counters.packets
        let lost = Int64(expected) - Int64(clamping: counters.packets)
        return ReportBlock(
            ssrc: counters.ssrc, fractionLost: UInt8(fraction),
            cumulativeLost: Int32(clamping: min(max(lost, Self.lostRange.lowerBound), Self.lostRange.upperBound)),
            extendedHighestSequence: counters.highestSequence, jitter: counters.jitter,
            lastSenderReport: senderReport?.ntp.middle ?? 0,
            delaySinceLastSenderReport: senderReport.map { NTPTime.delay(now.since($0.arrival)) } ?? 0)
    }

    /// 24 bits, signed.
    private static let lostRange: ClosedRange<Int64> = -(1 << 23)...(1 << 23 - 1)
}
