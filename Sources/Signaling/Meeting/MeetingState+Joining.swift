// Who comes in, who takes whose place, and everything that has to be undone when somebody goes.

import Foundation
import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

/// A client whose token and query have been checked.
struct Newcomer: Sendable {
    var claims: AccessClaims
    var settings: JoinSettings
    var client: LiveKitClientInfo
    /// Its own, over the token's; empty unless the token lets a participant change them.
    var attributes: [String: String] = [:]
    /// The same.
    var metadata = ""
    /// v1: what it wants to publish, and its first offer.
    var tracks: [LiveKitAddTrackRequest] = []
    var offer: LiveKitSessionDescription?
    /// Of its token; nil gets no other.
    var terms: TokenTerms?
}

/// Why a participant's stay ends.
struct Departure: Sendable, Equatable {
    var reason: LiveKitDisconnectReason
    /// What the client shall do about it; nil when it asked to leave or is beyond reach.
    var action: LiveKitLeaveRequest.Action?
    /// Nil: the socket ends without a word.
    var closeCode: UInt16?
    /// Others see somebody with the same identity at once, so they are not told of an end.
    var isReplaced = false
    /// The client hears of it only when its media has ended.
    var endsMediaFirst = false
    /// For the log and the counters.
    var word: String

    static let clientInitiated = Departure(
        reason: .clientInitiated, action: nil, closeCode: CloseCode.normal, word: "client-initiated")
    static let signalClosed = Departure(
        reason: .signalClose, action: nil, closeCode: CloseCode.goingAway, word: "signal-close")
    static let silent = Departure(
        reason: .connectionTimeout, action: nil, closeCode: CloseCode.goingAway, word: "connection-timeout")
    static let duplicate = Departure(
        reason: .duplicateIdentity, action: .disconnect, closeCode: CloseCode.normal, isReplaced: true,
        word: "duplicate-identity")
    static let mediaLost = Departure(
        reason: .connectionTimeout, action: .reconnect, closeCode: CloseCode.goingAway, word: "media-lost")
    static let neverActive = Departure(
        reason: .joinFailure, action: .reconnect, closeCode: CloseCode.goingAway, word: "never-connected")
    static let unanswered = Departure(
        reason: .mediaFailure, action: .reconnect, closeCode: CloseCode.goingAway, word: "negotiation-timeout")
    static let malformedDescription = Departure(
        reason: .mediaFailure, action: .reconnect, closeCode: CloseCode.goingAway, word: "malformed-description")
    /// It takes up data more slowly than it comes, so that some was lost: only a new start makes it whole.
    static let dataOverflow = Departure(
        reason: .mediaFailure, action: .reconnect, closeCode: CloseCode.goingAway, word: "data-overflow")
    static let stateMismatch = Departure(
        reason: .stateMismatch, action: .reconnect, closeCode: CloseCode.goingAway, word: "state-mismatch")
    static let forwardEnded = Departure(
        reason: .clientInitiated, action: nil, closeCode: CloseCode.normal, word: "forward-ended")
    static let serverShutdown = Departure(
        reason: .serverShutdown, action: .reconnect, closeCode: CloseCode.goingAway, word: "server-shutdown")

    static func transportFailed(_ failure: TransportFailure) -> Departure {
        // Without room on the worker an immediate new attempt would only meet the same.
        Departure(
            reason: .mediaFailure, action: failure == .capacity ? .disconnect : .reconnect,
            closeCode: failure == .capacity ? CloseCode.normal : CloseCode.goingAway, word: failure.rawValue)
    }
}

extension MeetingState {
    /// What `join` would refuse.
    func refusal(for newcomer: Newcomer) -> SignalRefusal? {
        // Somebody who takes his own place needs no new one.
        guard identities[newcomer.claims.identity] == nil else { return nil }
        if let refusal = entranceRefusal(newcomer.claims) { return SignalRefusal(refusal) }
        if waitReason(newcomer.claims) != nil {
            return waiting.count < Limits.waitingPerMeeting ? nil : .meetingFull
        }
        return attendance < settings.maximumParticipants ? nil : .meetingFull
    }

    /// Lets a client in; its first message is Join. The caller has asked `refusal(for:)`.
    /// - Parameter place: nil: where the meeting began.
    mutating func join(_ newcomer: Newcomer, session: SessionID, place: MediaPlace? = nil) {
        if let hutong = newcomer.claims.hutong { govern(hutong.meeting) }
        let earlierStanding = identities[newcomer.claims.identity].flatMap { participants[$0]?.standing }
        var isReplacement = false
        if let earlier = identities[newcomer.claims.identity] {
            isReplacement = participants[earlier]?.isAnnounced == true
            remove(earlier, .duplicate)
        }

        let id = nextParticipantID()
        let granted = Rights(newcomer.claims.video)
        let standing = standing(of: newcomer.claims, after: earlierStanding)
        let rights = rights(of: standing, granted: granted)
        var participant = Participant(
            id: id, place: place ?? media.home, granted: granted, rights: rights, standing: standing,
            claims: newcomer.claims, terms: newcomer.terms,
            settings: newcomer.settings, joinedAt: now, info: participantInfo(newcomer, rights), session: session,
            lastMessageAt: now.uptime)
        participant.info.attributes = attributes(of: participant)
        let others = standing.isWaiting ? [] : roster.filter { participants[$0]?.rights.isHidden == false }

        switch newcomer.settings.version {
        // Who waits has the connection on which it will receive, and nothing on it.
        case .v0: if granted.canSubscribe { participant.subscriber = openSubscriber(for: id, participant) }
        case .v1:
            participant.publisher.connection = openPublisher(for: id, participant)
            if granted.canSubscribe { participant.subscriber = Subscriber() }
        }
        participants[id] = participant
        roster.append(id)
        sessions[session] = id
        identities[participant.identity] = id
        emptySince = nil

        send(.join(joinResponse(for: id, others: others)), to: id)
        note(.joined(newcomer.settings.version), participant.sid, "\(newcomer.client.sdk)")
        // The newcomer knows them now, so each must later be told of their end, and their tracks may be offered.
        for other in others { participants[other]?.isAnnounced = true }
        // v0: the data channels' section, without which the client does not connect.
        negotiate(with: id)
        if isReplacement {
            // Others still list the earlier one: they learn the new sid now, and must hear of this one's end.
            participants[id]?.isAnnounced = true
            changed(id, .presence)
        }
        roomChanged()
        if standing.isWaiting { tellHostsOfWaiting() } else { entered(id) }
        for request in newcomer.tracks { addTrack(request, by: id) }
        if let offer = newcomer.offer {
            // What is there already goes with the first answer, and a round of negotiation is saved.
            prepareSubscriptions(of: id)
            receiveOffer(offer, from: id)
        }
        refreshToken(of: id)
    }

    /// The socket is gone. Without a Leave before it the participant stays for a while if its media does, so that a
    /// client that comes back finds its place, and others see no departure.
    mutating func socketClosed(_ session: SessionID) {
        // A late close of a socket that was replaced must not touch anybody.
        guard let id = sessions.removeValue(forKey: session) else { return }
        participants[id]?.session = nil
        participants[id]?.signalLostAt = now.uptime
        if participants[id]?.primaryStage?.isConnected != true { remove(id, .signalClosed) }
    }

    /// Ends everybody's stay because the server stops.
    mutating func shutDown() {
        disperse(.serverShutdown)
    }

    mutating func end() {
        guard !hasEnded else { return }
        hasEnded = true
        report(.roomFinished)
        emit(.ended)
    }

    /// Ends a stay: its socket, its tracks, its subscriptions, its connections and its names.
    mutating func remove(_ id: ParticipantID, _ departure: Departure) {
        guard let participant = participants[id] else { return }
        if !departure.endsMediaFirst { sayGoodbye(to: participant, departure) }
        // None of them may take the place of another that goes with it.
        for track in participant.publisher.tracks { tracks[track]?.isAnnounced = false }
        for track in participant.publisher.tracks { removeTrack(track) }
        for track in participant.subscriber.map({ Array($0.subscriptions.keys) }) ?? [] {
            closeSubscription(of: id, to: track)
        }
        if let transport = participant.publisher.connection?.transport {
            publisherTransports[transport] = nil
            command(.closeTransport(transport))
        }
        if let transport = participant.subscriber?.connection?.transport {
            subscriberTransports[transport] = nil
            command(.closeTransport(transport))
        }
        if departure.endsMediaFirst { sayGoodbye(to: participant, departure) }
        announceDeparture(id, departure)
        speakers[id] = nil
        endCalls(to: id)
        endForwards(of: id)
        if let origin = participant.origin { emit(.forward(.dropped(origin.sid, from: origin.meeting))) }
        participants[id] = nil
        negotiationsDue[id] = nil
        roster.removeAll { $0 == id }
        if identities[participant.identity] == id { identities[participant.identity] = nil }
        note(.left, participant.sid, departure.word)
        report(
            participant.isActive ? .participantLeft : .participantConnectionAborted,
            participant.lastInfo(departure.reason))
        roomChanged()
        if participants.isEmpty { emptySince = now.uptime }
        if !departure.isReplaced { follow(participant) }
    }

    private mutating func sayGoodbye(to participant: Participant, _ departure: Departure) {
        guard let session = participant.session else { return }
        if let action = departure.action {
            let leave = LiveKitLeaveRequest.with {
                $0.action = action
                $0.reason = departure.reason
            }
            send(.leave(leave), to: participant.id)
        }
        if let code = departure.closeCode {
            emit(.close(session, code: code, reason: departure.word))
        } else {
            emit(.abort(session))
        }
        sessions[session] = nil
    }

    // MARK: What a newcomer is told

    private mutating func participantInfo(_ newcomer: Newcomer, _ rights: Rights) -> LiveKitParticipantInfo {
        let claims = newcomer.claims
        let sid = random.sid("PA_")
        return .with {
            $0.sid = sid
            $0.identity = claims.identity
            $0.name = claims.name
            $0.metadata = newcomer.metadata.isEmpty ? claims.metadata : newcomer.metadata
            $0.attributes = ReservedAttribute.without(
                claims.attributes.merging(newcomer.attributes) { _, own in own })
            $0.state = .joined
            $0.joinedAt = now.unixSeconds
            $0.joinedAtMs = now.unixMilliseconds
            $0.version = 1
            $0.permission = rights.permission
            $0.kind = LiveKitParticipantInfo.Kind(claim: claims.kind)
            $0.kindDetails = claims.kindDetails.compactMap { LiveKitParticipantInfo.KindDetail(claim: $0) }
            $0.clientProtocol = newcomer.client.clientProtocol
            $0.capabilities = Array(newcomer.client.capabilities.prefix(Limits.capabilities))
            $0.region = configuration.region
        }
    }

    private mutating func joinResponse(for id: ParticipantID, others: [ParticipantID]) -> LiveKitJoinResponse {
        let trailer = random.bytes(ServerIdentity.injectedFrameTrailerBytes)
        let rights = participants[id]?.rights
        let subscriberConnection = participants[id]?.subscriber?.connection
        return .with {
            $0.room = room(for: id)
            if let info = info(of: id) { $0.participant = info }
            $0.otherParticipants = others.compactMap { info(of: $0) }
            $0.serverVersion = ServerIdentity.version
            $0.serverInfo = serverInfo
            $0.serverRegion = configuration.region
            $0.iceServers = iceServers
            $0.subscriberPrimary = subscriberConnection != nil
            $0.pingInterval = MeetingTimes.pingInterval
            $0.pingTimeout = MeetingTimes.pingTimeout
            $0.sifTrailer = Data(trailer)
            $0.enabledPublishCodecs = ServerIdentity.publishCodecs.map { mime in .with { $0.mime = mime } }
            $0.fastPublish = rights?.canPublish ?? false
        }
    }

    var serverInfo: LiveKitServerInfo {
        .with {
            $0.edition = .standard
            $0.version = ServerIdentity.version
            $0.protocol = ServerIdentity.protocolNumber
            $0.region = configuration.region
            $0.nodeID = configuration.nodeIdentifier
            $0.debugInfo = ServerIdentity.product
        }
    }

    var iceServers: [LiveKitICEServer] {
        configuration.iceServers.map { server in
            .with {
                $0.urls = server.urls
                $0.username = server.username
                $0.credential = server.credential
            }
        }
    }
}
