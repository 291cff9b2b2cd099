// A participant's rights while it is here. They come with its token and may be changed at any moment by the server API:
// what they no longer allow ends at once, what they newly allow begins, and everybody hears of it.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

extension MeetingState {
    mutating func setRights(_ rights: Rights, of id: ParticipantID) {
        guard let before = participants[id]?.rights, before != rights else { return }
        if rights.isHidden, !before.isHidden { disappear(id) }
        participants[id]?.rights = rights
        participants[id]?.info.permission = rights.permission
        if before.isHidden, !rights.isHidden {
            updates.newTracks += participants[id]?.publisher.tracks ?? []
            roomChanged()
        }
        withdrawForbiddenTracks(of: id)
        if before.canSubscribe, !rights.canSubscribe { endSubscriptions(of: id) }
        if !before.canSubscribe, rights.canSubscribe { beginSubscriptions(of: id) }
        updateSpeakers()
        changed(id, .track)
    }

    /// For everybody else it leaves, and its tracks with it.
    private mutating func disappear(_ id: ParticipantID) {
        for sid in participants[id]?.publisher.tracks ?? [] {
            guard let kind = tracks[sid]?.kind else { continue }
            tracks[sid]?.isAnnounced = false
            updates.newTracks.removeAll { $0 == sid }
            for other in roster where participants[other]?.subscriber?.subscriptions[sid] != nil {
                replaceSubscription(of: other, to: sid, kind)
            }
        }
        updates.changed.removeAll { $0 == id }
        // At once, and not to itself: who comes later, or sees it come back, must not hear of this.
        if let info = lastWords(about: id, .unknownReason) {
            broadcast(.update(.with { $0.participants = [info] }), except: id)
            remember(departed: info)
        }
        participants[id]?.isAnnounced = false
        // Above the version in those last words.
        participants[id]?.info.version &+= 1
        roomChanged()
    }

    private mutating func withdrawForbiddenTracks(of id: ParticipantID) {
        guard let participant = participants[id] else { return }
        let forbidden = participant.publisher.tracks.filter { sid in
            tracks[sid].map { !participant.rights.mayPublish($0.info.source) } ?? false
        }
        let pending = participant.publisher.pending.filter { !participant.rights.mayPublish($0.info.source) }
        participants[id]?.publisher.pending.removeAll { !participant.rights.mayPublish($0.info.source) }
        for sid in forbidden + pending.map(\.info.sid) { tellWithdrawn(sid, to: id) }
        for sid in forbidden { unpublish(sid) }
    }

    /// The connection stays: data comes to the client on it.
    private mutating func endSubscriptions(of id: ParticipantID) {
        for sid in trackOrder where participants[id]?.subscriber?.subscriptions[sid] != nil {
            closeSubscription(of: id, to: sid)
            tellPermission(false, of: id, to: sid)
        }
    }

    private mutating func beginSubscriptions(of id: ParticipantID) {
        if let participant = participants[id], participant.subscriber == nil {
            let subscriber =
                participant.settings.version == .v1 ? Subscriber() : openSubscriber(for: id, participant)
            participants[id]?.subscriber = subscriber
            negotiate(with: id)
        }
        for sid in trackOrder where tracks[sid]?.isAnnounced == true && tracks[sid]?.publisher != id {
            if admits(id, to: sid) { tellPermission(true, of: id, to: sid) }
        }
        if participants[id]?.isActive == true { subscribeToAll(id) }
    }
}
