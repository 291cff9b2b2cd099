// Who was invited and is not there, and how often they may be asked to come (B16).

public import Directory
public import Scheduling

extension BookedMeeting {
    /// Invited people who are not in the running meeting and did not decline.
    /// - Parameter contacts: of guests who came by personal links.
    public func notJoined(
        _ presence: Presence, contacts: [PersonID: OutsideContact] = [:], occurrence: OccurrenceName?,
        in directory: DirectorySnapshot
    ) -> [Invitee] {
        let there = Set(
            presence.inside.compactMap { person in
                person.account.map { Invitee.member($0) } ?? contacts[person].map { .outside($0) }
            })
        return invited(in: directory).filter {
            !there.contains($0) && answers.answer(of: $0, for: occurrence) != .declined
        }.sorted()
    }
}

/// Reminders from within one running meeting: each person once in five minutes, whoever asks.
public struct ReminderBook: Sendable, Equatable {
    /// Seconds.
    public static let pause = 300

    private var last: [Invitee: UTCTime] = [:]

    public init() {}

    /// Seconds until somebody may be reminded again, 0 for now.
    public func wait(for invitee: Invitee, at now: UTCTime) -> Int {
        // A time after now is from a clock that went back; nobody waits longer than the pause for it.
        last[invitee].map { max(0, Self.pause - Int(clamping: max(0, now.seconds(since: $0)))) } ?? 0
    }

    /// Those of them who are to be reminded now; they are remembered.
    public mutating func remind(_ people: some Sequence<Invitee>, at now: UTCTime) -> [Invitee] {
        last = last.filter { now.seconds(since: $0.value) < Int64(Self.pause) }
        var due: [Invitee] = []
        for person in people where wait(for: person, at: now) == 0 {
            last[person] = now
            due.append(person)
        }
        return due
    }
}
