// What the metrics page says about meetings and their sessions.

import Synchronization

public struct MeetingStatistics: Sendable, Equatable {
    // Now.
    public var meetings = 0
    public var participants = 0
    public var publications = 0
    public var subscriptions = 0

    // Since the start of the process.
    /// By protocol: `v0`, `v1`.
    public var joins = Dictionary(uniqueKeysWithValues: SignalRequest.Version.allCases.map { ($0.rawValue, UInt64(0)) })
    public var leaves: UInt64 = 0
    /// Clients that came back to their place.
    public var resumes: UInt64 = 0
    /// Clients that wanted to, but had no place any more.
    public var resumesRefused: UInt64 = 0
    public var messagesIn: UInt64 = 0
    /// Each recipient of a broadcast counts.
    public var messagesOut: UInt64 = 0
    public var malformedMessages: UInt64 = 0
    /// Messages that the validator kept from clients. Anything but 0 is a defect of ours.
    public var invalidOutputs: UInt64 = 0
    /// Sessions closed because they sent too much.
    public var overBudget: UInt64 = 0
    /// Sessions closed because they read too slowly.
    public var overflowed: UInt64 = 0
    /// By HTTP status.
    public var refusals: [Int: UInt64] = [:]
    /// Data packets that went to nobody, by reason.
    public var dataDrops: [String: UInt64] = [:]
    /// Ended stays by reason.
    public var departures: [String: UInt64] = [:]
}

/// The counters among them, written from every session and meeting.
final class MeetingCounters: Sendable {
    private let statistics = Mutex(MeetingStatistics())

    func count(_ body: (inout MeetingStatistics) -> Void) {
        statistics.withLock { body(&$0) }
    }

    /// The gauges in it are 0.
    var current: MeetingStatistics { statistics.withLock { $0 } }
}
