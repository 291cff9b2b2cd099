// The process's clocks as a meeting is told them.

import Foundation

struct MeetingClock: Sendable {
    private let start = ContinuousClock.now

    var now: Moment {
        Moment(
            uptime: ContinuousClock.now - start, unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }
}
