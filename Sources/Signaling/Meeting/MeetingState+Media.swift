// What the relay reports: connections that come up or fail, streams that end, and who speaks.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

extension MeetingState {
    mutating func receive(_ events: [Event]) {
        for event in events { receive(event) }
    }

    private mutating func receive(_ event: Event) {
        switch event {
        case .transport(let transport, let state): transportChanged(transport, state)
        case .publicationClosed(let publication):
            // Ours are forgotten before they are closed; one that is still known was refused by the worker.
            if let track = publications[publication] { withdraw(track, reason: "publication-refused") }
        case .subscriptionClosed(let subscription):
            if let (subscriber, track) = subscriptions[subscription] {
                if tracks[track].map({ publications[$0.publication] == nil }) ?? false {
                    // A guest's track ended; its own meeting is about to say so.
                    return forgetSubscription(of: subscriber, to: track)
                }
                note(.failure, participants[subscriber]?.sid ?? "", "subscription-refused")
                refuse(track, for: subscriber)
            }
        case .subscriptionUnsupported(let subscription):
            if let (subscriber, track) = subscriptions[subscription] { refuse(track, for: subscriber) }
        case .audioActivity(let levels): receive(levels)
        case .transportHealth(let reports): receive(reports)
        case .data(let transport, let message): receiveData(message, on: transport)
        case .dataOverflow(let transport):
            if let id = publisherTransports[transport] ?? subscriberTransports[transport] {
                remove(id, .dataOverflow)
            }
        case .transportClosed, .publicationStarted, .subscriptionStarted, .keyframeWanted, .packet: break
        }
    }

    private mutating func transportChanged(_ transport: TransportID, _ state: TransportState) {
        let isPublisher = publisherTransports[transport] != nil
        guard let id = publisherTransports[transport] ?? subscriberTransports[transport] else { return }
        switch state {
        case .iceConnected: break
        case .connected:
            setStage(.connected, of: id, isPublisher: isPublisher)
            becomeActive(id)
        case .disconnected, .closedByPeer:
            // A client closes its connection some milliseconds before its Leave arrives (livekit-wire.md, 8, 22), so
            // this alone ends nothing.
            setStage(.lost(since: now.uptime), of: id, isPublisher: isPublisher)
            let participant = participants[id]
            if participant?.session == nil, participant?.primaryStage?.isConnected != true {
                remove(id, .signalClosed)
            }
        case .failed(let failure):
            remove(id, .transportFailed(failure))
        }
    }

    private mutating func setStage(_ stage: ConnectionStage, of id: ParticipantID, isPublisher: Bool) {
        if isPublisher {
            participants[id]?.publisher.connection?.stage = stage
        } else {
            participants[id]?.subscriber?.connection?.stage = stage
        }
    }

    /// The connection that the client waits for stands: it is shown to others and gets their tracks.
    private mutating func becomeActive(_ id: ParticipantID) {
        guard let participant = participants[id], !participant.isActive, participant.primaryStage?.isConnected == true
        else { return }
        participants[id]?.info.state = .active
        changed(id, .presence)
        report(.participantJoined, info(of: id))
        subscribeToAll(id)
        replayData(to: id)
    }

    // MARK: Speakers

    private mutating func receive(_ levels: [AudioActivity]) {
        for activity in levels {
            guard let track = publications[activity.publication] else { continue }
            tracks[track]?.activity = activity
        }
        updateSpeakers()
    }

    /// Tells everybody the full list of who speaks, and who stopped: some clients take the list as a change of theirs,
    /// some as a replacement, and this is right for both (livekit-wire.md, 4.6).
    mutating func updateSpeakers() {
        var active: [ParticipantID: Float] = [:]
        for track in tracks.values {
            guard let activity = track.activity, activity.isActive, !track.info.muted,
                participants[track.publisher]?.rights.isHidden == false
            else { continue }
            // A level that is not a number aborts a client.
            let level = activity.level.isFinite ? min(max(activity.level, 0), 1) : 0
            active[track.publisher] = max(active[track.publisher] ?? 0, level)
        }
        for participant in participants.values
        where participant.simulatesSpeechUntil != nil && !participant.rights.isHidden {
            active[participant.id] = Self.simulatedLevel
        }
        let stopped = speakers.keys.filter { active[$0] == nil }
        let isSame =
            stopped.isEmpty
            && active.allSatisfy { id, level in
                speakers[id].map { abs($0 - level) < Self.levelStep } ?? false
            }
        guard !isSame else { return }
        speakers = active
        broadcast(.speakersChanged(speakersChanged(stopped: stopped.sorted())))
    }

    /// Everybody who speaks, loudest first, and these who do not.
    func speakersChanged(stopped: [ParticipantID]) -> LiveKitSpeakersChanged {
        let talking = speakers.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return .with {
            $0.speakers =
                talking.compactMap { id, level in speaker(id, level, isActive: true) }
                + stopped.compactMap { speaker($0, 0, isActive: false) }
        }
    }

    /// Smaller changes of loudness are not worth a message to everybody.
    private static let levelStep: Float = 0.05

    private func speaker(_ id: ParticipantID, _ level: Float, isActive: Bool) -> LiveKitSpeakerInfo? {
        participants[id].map { participant in
            .with {
                $0.sid = participant.sid
                $0.level = level
                $0.active = isActive
            }
        }
    }
}
