import Testing

@testable import Scheduling

@Suite struct FreeBusyTests {
    /// Minutes after an hour in which nothing else happens.
    private func list(_ minutes: [(Int, Int)]) -> IntervalList { IntervalList(minutes.compactMap(interval)) }

    private func interval(_ start: Int, _ end: Int) -> Interval? {
        Interval(UTCTime(clamping: Int64(start)), UTCTime(clamping: Int64(end)))
    }

    private func points(_ list: IntervalList) -> [Bool] {
        (0..<60).map { point in
            list.intervals.contains { $0.start.secondsSince1970 <= point && point < $0.end.secondsSince1970 }
        }
    }

    @Test func setArithmeticAgreesWithPoints() {
        var source = SeededSource(seed: 7)
        for _ in 0..<2_000 {
            func random() -> IntervalList {
                list(
                    (0..<Int.random(in: 0...6, using: &source)).map { _ in
                        let start = Int.random(in: 0...58, using: &source)
                        return (start, Int.random(in: start + 1...59, using: &source))
                    })
            }
            let (one, other) = (random(), random())
            let (a, b) = (points(one), points(other))
            #expect(points(one.union(other)) == zip(a, b).map { $0 || $1 })
            #expect(points(one.intersection(other)) == zip(a, b).map { $0 && $1 })
            #expect(points(one.subtracting(other)) == zip(a, b).map { $0 && !$1 })
            for result in [one, one.union(other), one.intersection(other), one.subtracting(other)] {
                for (left, right) in zip(result.intervals, result.intervals.dropFirst()) {
                    #expect(left.end < right.start)
                }
            }
            let probe = interval(20, 30)
            #expect(
                probe.map(one.conflicts(with:))
                    == one.intervals.filter { $0.start.secondsSince1970 < 30 && $0.end.secondsSince1970 > 20 })
        }
    }

    @Test func meetingsThatTouchDoNotConflict() {
        #expect(interval(0, 10).map(list([(10, 20)]).conflicts(with:)) == [])
        #expect(interval(5, 5) == nil && interval(6, 5) == nil)
    }

    private func slot(_ minutes: Int, busy: [[(String, String)]], from: String, to: String) throws -> String? {
        let hours = try #require(WorkingHours(zone: try ZoneFolder().zone(named: "Asia/Shanghai"), workdays: .china))
        let window = try #require(Interval(try UTCTime(from), try UTCTime(to)))
        let lists = try busy.map { IntervalList(try $0.compactMap { Interval(try UTCTime($0.0), try UTCTime($0.1)) }) }
        return SlotSearch.firstCommonSlot(minutes: minutes, busy: lists, in: window, hours: hours)?.start.basicText
    }

    @Test func suggestsTheFirstTimeThatSuitsAll() throws {
        let busy = [[("20261123T010000Z", "20261123T023000Z")], [("20261123T031000Z", "20261123T090000Z")]]
        #expect(try slot(30, busy: busy, from: "20261121T000000Z", to: "20261130T000000Z") == "20261123T023000Z")
        // 10:30 to 11:10 is too short for an hour, 17:00 to 18:00 is not.
        #expect(try slot(60, busy: busy, from: "20261121T000000Z", to: "20261130T000000Z") == "20261123T090000Z")
        #expect(try slot(61, busy: busy, from: "20261121T000000Z", to: "20261130T000000Z") == "20261124T010000Z")
        // On the quarter of an hour.
        #expect(try slot(15, busy: [], from: "20261123T010100Z", to: "20261130T000000Z") == "20261123T011500Z")
    }

    @Test func honoursTheTableAndTheWindow() throws {
        #expect(try slot(60, busy: [], from: "20260930T100000Z", to: "20261020T000000Z") == "20261008T010000Z")
        #expect(try slot(60, busy: [], from: "20261001T000000Z", to: "20261003T000000Z") == nil)
        #expect(try slot(0, busy: [], from: "20261123T000000Z", to: "20261130T000000Z") == nil)
        #expect(try slot(.max, busy: [], from: "20261123T000000Z", to: "20261130T000000Z") == nil)
        #expect(try slot(541, busy: [], from: "20261123T000000Z", to: "20261130T000000Z") == nil)
        #expect(try slot(540, busy: [], from: "19000101T000000Z", to: "22000101T000000Z") != nil)
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededSource: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
