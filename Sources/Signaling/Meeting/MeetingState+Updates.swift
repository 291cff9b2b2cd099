// What everybody is told about everybody. Changes are collected and go out as one message for all, so that the cost of
// a storm is bounded by time and not by the square of the people: 300 joins one by one would be 90,000 messages.
//
// The first change after a quiet time goes out at once; the next waits for the interval, which grows with the meeting.

import LiveKitProtocol
import SwiftProtobuf

/// Changes that have not been told yet.
struct PendingUpdates: Sendable {
    /// Participants whose shown state changed, in the order of their first change.
    var changed: [ParticipantID] = []
    /// The last words about those who went.
    var departed: [LiveKitParticipantInfo] = []
    /// When they are to be sent; nil when nothing waits.
    var due: Duration?
    var lastSent: Duration?
    /// Tracks that become subscribable when the update is out.
    var newTracks: [String] = []
    var roomDue: Duration?
    var roomLastSent: Duration?

    /// How urgent a change is.
    enum Urgency { case track, presence }
}

extension MeetingState {
    /// A participant changed: its version grows, and others hear of it.
    mutating func changed(_ id: ParticipantID, _ urgency: PendingUpdates.Urgency) {
        guard let participant = participants[id] else { return }
        participants[id]?.info.version &+= 1
        participants[id]?.info.isPublisher = !participant.publisher.tracks.isEmpty
        forwardChange(of: id)
        if participant.rights.isHidden {
            // Nobody else may hear of it.
            if let info = info(of: id) { send(.update(.with { $0.participants = [info] }), to: id) }
            return
        }
        if !updates.changed.contains(id) { updates.changed.append(id) }
        schedule(urgency)
    }

    mutating func announceDeparture(_ id: ParticipantID, _ departure: Departure) {
        updates.changed.removeAll { $0 == id }
        guard !departure.isReplaced, let info = lastWords(about: id, departure.reason) else { return }
        updates.departed.append(info)
        remember(departed: info)
        schedule(.presence)
    }

    /// What those are told who have heard of it; nil when nobody has.
    func lastWords(about id: ParticipantID, _ reason: LiveKitDisconnectReason) -> LiveKitParticipantInfo? {
        guard let participant = participants[id], participant.isAnnounced, !participant.rights.isHidden else {
            return nil
        }
        return participant.lastInfo(reason)
    }

    private mutating func schedule(_ urgency: PendingUpdates.Urgency) {
        let earliest = updates.lastSent.map { $0 + updateInterval(urgency) } ?? now.uptime
        let due = max(now.uptime, earliest)
        updates.due = min(updates.due ?? due, due)
    }

    private func updateInterval(_ urgency: PendingUpdates.Urgency) -> Duration {
        let perSecond =
            switch urgency {
            case .track: MeetingTimes.trackUpdatesPerSecond
            case .presence: MeetingTimes.presenceUpdatesPerSecond
            }
        return max(MeetingTimes.update, .milliseconds(1000 * sessions.count / perSecond))
    }

    /// Sends what was collected, and then offers the tracks in it.
    mutating func flushUpdates() {
        guard let due = updates.due, due <= now.uptime else { return }
        updates.due = nil
        updates.lastSent = now.uptime
        let departed = updates.departed
        let present = updates.changed
        let newTracks = updates.newTracks
        updates.departed = []
        updates.changed = []
        updates.newTracks = []

        for id in present { participants[id]?.isAnnounced = true }
        let infos = departed + present.compactMap { info(of: $0) }
        if !infos.isEmpty { broadcast(.update(.with { $0.participants = infos })) }
        for track in newTracks where tracks[track] != nil {
            tracks[track]?.isAnnounced = true
            offerToAll(track)
        }
    }

    /// The room's counts changed, which may wait for a moment; what a back end says about it is told `now`.
    mutating func roomChanged(now isUrgent: Bool = false) {
        if isUrgent {
            updates.roomDue = now.uptime
            return
        }
        guard updates.roomDue == nil else { return }
        updates.roomDue = max(now.uptime, (updates.roomLastSent ?? now.uptime) + MeetingTimes.roomUpdate)
    }

    mutating func flushRoom() {
        guard let due = updates.roomDue, due <= now.uptime else { return }
        updates.roomDue = nil
        updates.roomLastSent = now.uptime
        broadcast(.roomUpdate(.with { $0.room = room }))
    }
}
