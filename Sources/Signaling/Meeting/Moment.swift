// The time as a meeting is told it: a clock that only goes forward for every decision, and the wall clock for what
// clients are shown. The state reads neither itself.

struct Moment: Sendable, Equatable {
    /// Since some fixed start of the process; never goes back.
    var uptime: Duration
    /// Milliseconds since 1970.
    var unixMilliseconds: Int64

    var unixSeconds: Int64 { unixMilliseconds / 1000 }

    static let zero = Moment(uptime: .zero, unixMilliseconds: 0)
}
