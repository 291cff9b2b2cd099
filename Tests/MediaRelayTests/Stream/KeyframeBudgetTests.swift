import Testing

@testable import MediaRelay

@Suite struct KeyframeBudgetTests {
    private func time(_ milliseconds: UInt64) -> MediaTime {
        MediaTime(microseconds: 5_000_000) + .milliseconds(milliseconds)
    }

    @Test func theFirstWishIsGrantedAndTheRestWait() {
        var budget = KeyframeBudget()
        #expect(budget.want(time(0)) == true)
        for millisecond in 1..<100 as Range<UInt64> { #expect(budget.want(time(millisecond)) == false) }
        #expect(budget.deadline == time(500))
    }

    @Test func aNewWishAfterTheKeyframeWaitsForTheInterval() {
        var budget = KeyframeBudget()
        _ = budget.want(time(0))
        budget.satisfy()
        #expect(budget.deadline == .never)
        #expect(budget.want(time(100)) == false)
        #expect(budget.deadline == time(500))
        #expect(budget.fire(time(499)) == false)
        #expect(budget.fire(time(500)) == true)
        budget.satisfy()
        #expect(budget.want(time(1_001)) == true)
    }

    @Test func requestsAreRepeatedWithGrowingPauses() {
        var budget = KeyframeBudget()
        _ = budget.want(time(0))
        var asked: [UInt64] = []
        for millisecond in 1...20_000 as ClosedRange<UInt64> where budget.fire(time(millisecond)) {
            asked.append(millisecond)
        }
        #expect(asked == [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500])
    }

    /// Whatever comes in: never two requests within the interval (S-17).
    @Test func noStormBreaksTheInterval() {
        var budget = KeyframeBudget()
        var last: MediaTime?
        var count = 0
        for step in 0..<6_000 as Range<UInt64> {
            let now = time(step * 5)
            let asked = step % 3 == 0 ? budget.want(now) : budget.fire(now)
            if asked {
                if let last { #expect(now.since(last) >= KeyframeBudget.interval) }
                last = now
                count += 1
            }
            if step % 7 == 0 { budget.satisfy() }
        }
        #expect((50...60).contains(count), "\(count) in 30 s")
    }
}
