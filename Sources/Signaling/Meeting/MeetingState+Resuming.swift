// A client that lost its socket, or its way to us, and comes back to the stay it already has: same sid, same connections,
// same subscriptions (livekit-wire.md, 5). It is shown the present instead of what it missed.
//
//   Reconnect ─▶ everybody ─▶ the room ─▶ who speaks, what it may have ─▶ our offer, which restarts ICE
//   SyncState ◀─ what the client holds; its next offer restarts ICE on what it sends

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

/// Somebody who went lately, for clients that were away when it was said.
struct RecentDeparture: Sendable {
    let info: LiveKitParticipantInfo
    let at: Duration
}

extension MeetingState {
    /// The stay to which a client may come back; nil when it has ended or is somebody else's.
    func stay(of identity: String, sid: String) -> ParticipantID? {
        guard !hasEnded, let id = identities[identity], let participant = participants[id], participant.sid == sid,
            // Who is only shown here has no client here.
            participant.origin == nil
        else { return nil }
        return id
    }

    /// Gives a stay a new socket. The caller has asked `stay(of:sid:)`.
    mutating func resume(_ id: ParticipantID, session: SessionID) {
        guard let participant = participants[id] else { return }
        adopt(session, by: id)
        note(.resumed, participant.sid, "")
        if let failure = participant.resumeFailure {
            participants[id]?.resumeFailure = nil
            if failure == .afterMessages { sendSnapshot(to: id, heardUntil: participant.lastMessageAt) }
            return dropSocket(of: id)
        }
        sendSnapshot(to: id, heardUntil: participant.lastMessageAt)
        restartNegotiation(with: id)
        refreshToken(of: id)
    }

    private mutating func adopt(_ session: SessionID, by id: ParticipantID) {
        if let earlier = participants[id]?.session {
            // From here on nothing that comes from it, its end least of all, finds a participant.
            sessions[earlier] = nil
            emit(.close(earlier, code: CloseCode.goingAway, reason: "resumed elsewhere"))
        }
        sessions[session] = id
        participants[id]?.session = session
        participants[id]?.signalLostAt = nil
        participants[id]?.lastMessageAt = now.uptime
        participants[id]?.toldQualities = [:]
        // Who comes back because a connection was lost gets the whole time to bring it up again.
        if case .lost? = participants[id]?.publisher.connection?.stage {
            participants[id]?.publisher.connection?.stage = .lost(since: now.uptime)
        }
        if case .lost? = participants[id]?.subscriber?.connection?.stage {
            participants[id]?.subscriber?.connection?.stage = .lost(since: now.uptime)
        }
    }

    // MARK: The present

    /// - Parameter heardUntil: when the client was last known to be there.
    private mutating func sendSnapshot(to id: ParticipantID, heardUntil: Duration) {
        let response = LiveKitReconnectResponse.with {
            $0.iceServers = iceServers
            $0.serverInfo = serverInfo
            $0.lastMessageSeq = lastDataSequence(of: id)
        }
        send(.reconnect(response), to: id)
        if participants[id]?.standing.isWaiting == true {
            if let info = info(of: id) { send(.update(.with { $0.participants = [info] }), to: id) }
            send(.roomUpdate(.with { $0.room = room(for: id) }), to: id)
        } else {
            sendEverybody(to: id, departedSince: heardUntil - MeetingTimes.resumeOverlap)
            send(.roomUpdate(.with { $0.room = room }), to: id)
            sendSpeakers(to: id)
            sendPermissions(to: id)
        }
        // The request may have come without the confirmation having arrived.
        for pending in participants[id]?.publisher.pending ?? [] { confirm(pending.cid, pending.info, to: id) }
        let owed = participants[id]?.owed ?? []
        participants[id]?.owed = []
        for message in owed { send(message, to: id) }
    }

    /// Complete: a client takes whoever is missing for gone, or keeps whoever is not named as gone (livekit-wire.md, 8, 13).
    mutating func sendEverybody(to id: ParticipantID, departedSince start: Duration) {
        let visible = roster.filter { $0 == id || participants[$0]?.rights.isHidden == false }
        for other in visible where other != id { participants[other]?.isAnnounced = true }
        let present = visible.compactMap { info(of: $0) }
        let identities = Set(present.map(\.identity))
        // Who is here again under a new sid must not be taken away by the end of the old one.
        let departed = recentDepartures.filter { $0.at >= start && !identities.contains($0.info.identity) }
        send(.update(.with { $0.participants = departed.map(\.info) + present }), to: id)
    }

    /// Who fell silent meanwhile is named too: some clients keep everybody who is not.
    mutating func sendSpeakers(to id: ParticipantID) {
        let silent = roster.filter { speakers[$0] == nil && participants[$0]?.publisher.tracks.isEmpty == false }
        send(.speakersChanged(speakersChanged(stopped: silent)), to: id)
    }

    private mutating func sendPermissions(to id: ParticipantID) {
        guard let participant = participants[id] else { return }
        for sid in trackOrder {
            guard let track = tracks[sid], track.isAnnounced, track.publisher != id else { continue }
            let isRestricted = participants[track.publisher]?.audience != nil
            guard isRestricted || participant.deniedTracks.contains(sid) else { continue }
            tellPermission(admits(id, to: sid), of: id, to: sid)
        }
    }

    // MARK: What the client holds

    /// The client's own view after a resume. What we know better it is told; what only it knows ends the stay, because
    /// a track without its relay's half can only be published anew.
    mutating func synchronize(_ state: LiveKitSyncState, by id: ParticipantID) {
        guard let participant = participants[id] else { return }
        let known = Set(participant.publisher.tracks + participant.publisher.pending.map(\.info.sid))
        for sid in state.publishTracks.map(\.track.sid) where !known.contains(sid) {
            guard participant.withdrawnTracks.contains(sid) else { return remove(id, .stateMismatch) }
            send(.trackUnpublished(.with { $0.trackSid = sid }), to: id)
        }
        // Only the native SDKs leave this list empty, so a track that is not in it may still be off.
        let disabled = LiveKitUpdateTrackSettings.with {
            $0.trackSids = state.trackSidsDisabled
            $0.disabled = true
        }
        updateSettings(disabled, by: id)
        // What ended meanwhile is no news to a client that has just been told.
        let wishes = LiveKitUpdateSubscription.with {
            $0.trackSids = state.subscription.trackSids.filter { tracks[$0] != nil }
            $0.participantTracks = state.subscription.participantTracks.map { listed in
                .with { $0.trackSids = listed.trackSids.filter { tracks[$0] != nil } }
            }
            $0.subscribe = state.subscription.subscribe
        }
        updateSubscription(wishes, by: id)
        // A client that counts no packets would take one that comes again for another.
        let received = state.datachannelReceiveStates.map { ($0.publisherSid, $0.lastSeq) }
        if !received.isEmpty { replayData(to: id, after: Dictionary(received) { first, _ in first }) }
    }

    // MARK: Away

    /// Also for those whom its last words do not reach any more, and who do not know it yet.
    mutating func remember(departed info: LiveKitParticipantInfo) {
        recentDepartures.append(RecentDeparture(info: info, at: now.uptime))
        if recentDepartures.count > Limits.recentDepartures { recentDepartures.removeFirst() }
    }

    /// Keeps for a client without a socket what the snapshot will not tell it.
    mutating func keep(_ message: LiveKitSignalResponse.OneOf_Message, for id: ParticipantID) {
        guard message.isMissingInSnapshot, let count = participants[id]?.owed.count, count < Limits.owedMessages else {
            return
        }
        participants[id]?.owed.append(message)
    }

    /// Ends the socket and keeps the stay, if its media lives.
    mutating func dropSocket(of id: ParticipantID) {
        guard let session = participants[id]?.session else { return }
        emit(.close(session, code: CloseCode.goingAway, reason: "resume"))
        socketClosed(session)
    }
}

extension LiveKitSignalResponse.OneOf_Message {
    /// Said once and to be seen nowhere else. Everything that is not here is in the snapshot, is asked for again, or
    /// answers a request that the client has given up with its socket. Of tracks taken from their publisher SyncState
    /// tells us whether the client knows.
    fileprivate var isMissingInSnapshot: Bool {
        switch self {
        case .mute, .trackSubscribed, .subscriptionResponse: true
        default: false
        }
    }
}
