// A call: people are rung when an instant meeting begins, and each of them takes it, does not, is busy, or is not there
// (A8). The meeting itself does not wait for them.

public import Directory
public import Scheduling

public struct Ringing: Hashable, Sendable {
    public enum State: String, Sendable, CaseIterable {
        case ringing, accepted, declined
        /// In another meeting: was not rung, and is told afterwards.
        case busy
        case missed
        /// The caller gave up first.
        case cancelled
    }

    /// Seconds that it rings.
    public static let length = 60

    public let meeting: BookingID
    public let start: UTCTime
    public private(set) var states: [AccountID: State]

    /// - Parameters:
    ///   - people: of the effect `ring`.
    ///   - busy: who is inside some meeting.
    public init(_ meeting: BookingID, _ people: some Sequence<AccountID>, busy: Set<AccountID>, at now: UTCTime) {
        self.meeting = meeting
        start = now
        states = Dictionary(people.map { ($0, busy.contains($0) ? .busy : .ringing) }) { first, _ in first }
    }

    /// When what still rings is missed; nil when nothing rings.
    public var deadline: UTCTime? {
        states.values.contains(.ringing) ? start.advanced(by: Self.length) : nil
    }

    /// Somebody takes it or not, on the first of his devices that says so. An answer after the ring has ended changes
    /// nothing: he may enter all the same.
    /// - Returns: whether it rang until now, so that his other devices fall silent.
    public mutating func answer(_ account: AccountID, accepts: Bool, at now: UTCTime) -> Bool {
        end(at: now)
        guard states[account] == .ringing else { return false }
        states[account] = accepts ? .accepted : .declined
        return true
    }

    /// He came in some other way.
    public mutating func entered(_ account: AccountID) {
        if let state = states[account], state != .cancelled { states[account] = .accepted }
    }

    /// The caller leaves before anybody answers, or the meeting ends.
    public mutating func cancel() { replaceRinging(by: .cancelled) }

    /// What time does.
    public mutating func end(at now: UTCTime) {
        if now >= start.advanced(by: Self.length) { replaceRinging(by: .missed) }
    }

    /// Who is told afterwards, in neutral words: there was a call.
    public var missed: [AccountID] {
        states.filter { [.missed, .busy, .cancelled].contains($0.value) }.keys.sorted()
    }

    private mutating func replaceRinging(by state: State) {
        states = states.mapValues { $0 == .ringing ? state : $0 }
    }
}
