// Report blocks and sender reports: RFC 3550's arithmetic on known numbers.

import Testing

@testable import MediaRelay

@Suite struct ReportTests {
    private func counters(packets: UInt64, base: UInt32, highest: UInt32) -> PacketStreamStatistics {
        PacketStreamStatistics(ssrc: 7, packets: packets, baseSequence: base, highestSequence: highest, jitter: 3)
    }

    @Test func lossIsCountedPerIntervalAndInAll() {
        var history = ReceptionHistory()
        let now = MediaTime(microseconds: 10_000_000)
        let first = history.report(counters(packets: 90, base: 1_000, highest: 1_099), senderReport: nil, now)
        #expect(first.fractionLost == 25 && first.cumulativeLost == 10)  // 10 of 100 in 256ths
        let second = history.report(counters(packets: 190, base: 1_000, highest: 1_199), senderReport: nil, now)
        #expect(second.fractionLost == 0 && second.cumulativeLost == 10)
        // Repairs of old gaps: less lost in all, no loss in the interval.
        let third = history.report(counters(packets: 300, base: 1_000, highest: 1_299), senderReport: nil, now)
        #expect(third.fractionLost == 0 && third.cumulativeLost == 0)
        #expect(third.extendedHighestSequence == 1_299 && third.jitter == 3 && third.lastSenderReport == 0)
    }

    @Test func aRestartedOrAbsurdSenderDoesNotTrap() {
        var history = ReceptionHistory()
        let now = MediaTime(microseconds: 1)
        _ = history.report(counters(packets: 5_000, base: 0, highest: 60_000), senderReport: nil, now)
        let restarted = history.report(counters(packets: 5_001, base: 9, highest: 9), senderReport: nil, now)
        #expect(restarted.fractionLost == 0)
        let absurd = history.report(counters(packets: .max, base: .max, highest: 0), senderReport: nil, now)
        #expect(absurd.cumulativeLost == -(1 << 23))
        let lost = history.report(counters(packets: 0, base: 0, highest: .max - 1), senderReport: nil, now)
        #expect(lost.cumulativeLost == 1 << 23 - 1)
    }

    @Test func theSendersReportComesBackWithItsDelay() {
        var history = ReceptionHistory()
        let arrival = MediaTime(microseconds: 2_000_000)
        let ntp = NTPTime(unixMicroseconds: 1_700_000_000_250_000)
        let report = ReceivedSenderReport(ntp: ntp, rtpTimestamp: 5, arrival: arrival)
        let block = history.report(
            counters(packets: 1, base: 1, highest: 1), senderReport: report, arrival + .milliseconds(500))
        #expect(block.lastSenderReport == ntp.middle && block.delaySinceLastSenderReport == 32_768)
    }

    /// Sound and picture of one publisher, whose clock is an hour off: the same moment must get timestamps that belong
    /// together, whatever their bases and offsets.
    @Test func soundAndPictureStayInStep() throws {
        var clock = PublisherClock()
        let theirs: UInt64 = 1_700_000_000_000_000
        let ours = theirs &+ 3_600_000_000
        clock.observe(ours: ours + 40_000, theirs: theirs)  // 40 ms on the way
        clock.observe(ours: ours + 1_025_000, theirs: theirs + 1_000_000)  // 25 ms on the way
        let offset = try #require(clock.offset)
        #expect(offset == 3_600_025_000)
        let audio = ReceivedSenderReport(
            ntp: NTPTime(unixMicroseconds: theirs), rtpTimestamp: 48_000, arrival: MediaTime(microseconds: 1))
        let video = ReceivedSenderReport(
            ntp: NTPTime(unixMicroseconds: theirs + 1_000_000), rtpTimestamp: .max - 100,
            arrival: MediaTime(microseconds: 2))
        // Two seconds after the publisher's origin, seen through 25 ms of path.
        let now = ours + 2_025_000
        let heard = SenderTimeline.timestamp(
            now: now, report: audio, clockOffset: offset, clockRate: 48_000, timestampOffset: 10)
        let seen = SenderTimeline.timestamp(
            now: now, report: video, clockOffset: offset, clockRate: 90_000, timestampOffset: 20)
        #expect(heard == 48_000 + 2 * 48_000 + 10)
        #expect(seen == (UInt32.max - 100) &+ 90_000 &+ 20)
    }

    @Test func aClockThatIsSetIsFollowedAndAnyClockIsHarmless() {
        var clock = PublisherClock()
        clock.observe(ours: 1_000_000, theirs: 500_000)
        clock.observe(ours: 2_000_000, theirs: 1_499_360)  // 640 µs slower: a 64th of it
        #expect(clock.offset == 500_010)
        clock.observe(ours: 100_000_000, theirs: 0)
        #expect(clock.offset == 100_000_000)
        for theirs in [0, 1, UInt64.max, UInt64(Int64.max), UInt64(Int64.max) + 1] {
            for ours in [0, 1, UInt64.max, UInt64(Int64.max) + 7] { clock.observe(ours: ours, theirs: theirs) }
        }
        let report = ReceivedSenderReport(
            ntp: NTPTime(rawValue: .max), rtpTimestamp: 0, arrival: MediaTime(microseconds: 0))
        for offset in [Int64.min, -1, 0, Int64.max] {
            _ = SenderTimeline.timestamp(
                now: .max, report: report, clockOffset: offset, clockRate: .max, timestampOffset: .max)
        }
    }
}
