// How long a failed event waits.

import Testing

@testable import Signaling

struct RetryDelayTests {
    @Test func doublesUpToALimit() {
        #expect(
            (1...8).map { RetryDelay.unreachable($0, jitter: 1) } == [1, 2, 4, 8, 16, 30, 30, 30].map { .seconds($0) })
        #expect(
            (1...8).map { RetryDelay.refused($0, jitter: 1) }
                == [15, 30, 60, 120, 240, 480, 900, 900].map { .seconds($0) })
    }

    @Test func jitterTakesUpToHalf() {
        for attempt in [1, 3, 10] {
            let most = RetryDelay.unreachable(attempt, jitter: 1)
            #expect(RetryDelay.unreachable(attempt, jitter: 0) == most / 2)
            #expect(RetryDelay.unreachable(attempt, jitter: 0.5) == most * 0.75)
        }
    }

    @Test func noNumberIsTooOdd() {
        for attempt in [Int.min, -1, 0] { #expect(RetryDelay.unreachable(attempt, jitter: 1) == .seconds(1)) }
        #expect(RetryDelay.refused(.max, jitter: 7) == .seconds(900))
        #expect(RetryDelay.refused(1, jitter: -7) == .milliseconds(7500))
    }
}
