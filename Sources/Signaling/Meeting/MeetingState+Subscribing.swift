// Who receives what. A subscription is wanted (by the client's choice, or automatically), then negotiated as a section of
// the connection that the client receives on, and opened at the relay when both sides agree. One round of negotiation at a
// time; changes gather meanwhile.
//
//   v0   wanted ─▶ section in our offer ─▶ the client's answer ─▶ openSubscription
//   v1   wanted ─▶ media sections requirement ─▶ the client's offer ─▶ section in our answer ─▶ openSubscription
//                                                 └ any other offer of the client will do as well

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

extension MeetingState {
    // MARK: The connection of its own (v0)

    mutating func openSubscriber(for id: ParticipantID, _ participant: Participant) -> Subscriber {
        let transport = media.identifiers.transport(on: participant.place.worker)
        let ice = random.credentials()
        subscriberTransports[transport] = id
        command(.openTransport(transport, owner: owner, role: .server, local: ice))
        openDataChannels(on: transport)
        let local = localDescription(ice, for: participant)
        return Subscriber(
            connection: Connection(
                transport: transport, negotiation: SubscriberNegotiation(local: local, capabilities: .all)))
    }

    // MARK: What is wanted

    /// A track was announced: everybody who may and wants to gets it.
    mutating func offerToAll(_ sid: String) {
        for id in roster { considerSubscription(of: id, to: sid) }
    }

    mutating func subscribeToAll(_ id: ParticipantID) {
        for sid in trackOrder { considerSubscription(of: id, to: sid) }
        scheduleNegotiation(with: id)
    }

    /// The same before the client is connected: what it may not have, it hears of later.
    mutating func prepareSubscriptions(of id: ParticipantID) {
        for sid in trackOrder where admits(id, to: sid) { considerSubscription(of: id, to: sid) }
    }

    /// Ends a subscription; if there were more tracks than places for automatic ones, the next takes the place.
    mutating func replaceSubscription(of id: ParticipantID, to sid: String, _ kind: MediaKind) {
        let wasFull = automaticCount(of: id, kind) >= automaticLimit(kind)
        closeSubscription(of: id, to: sid)
        guard wasFull, participants[id]?.settings.autoSubscribe == true else { return }
        for next in trackOrder where tracks[next]?.kind == kind && next != sid {
            guard participants[id]?.subscriber?.subscriptions[next] == nil, admits(id, to: next) else { continue }
            guard automaticCount(of: id, kind) < automaticLimit(kind) else { return }
            considerSubscription(of: id, to: next)
        }
    }

    private func automaticLimit(_ kind: MediaKind) -> Int {
        kind == .audio ? configuration.autoSubscribedAudio : configuration.autoSubscribedVideo
    }

    private func automaticCount(of id: ParticipantID, _ kind: MediaKind) -> Int {
        participants[id]?.subscriber?.subscriptions.values.count { $0.isAutomatic && $0.kind == kind } ?? 0
    }

    func admits(_ id: ParticipantID, to sid: String) -> Bool {
        guard let subscriber = participants[id], let track = tracks[sid] else { return false }
        guard let audience = participants[track.publisher]?.audience else { return true }
        return audience.admits(identity: subscriber.identity, sid: subscriber.sid, to: sid)
    }

    /// Starts a subscription if it is possible, allowed, wanted and not there yet.
    private mutating func considerSubscription(of id: ParticipantID, to sid: String) {
        guard let participant = participants[id], participant.rights.canSubscribe,
            let subscriber = participant.subscriber, let track = tracks[sid],
            track.isAnnounced, track.publisher != id, subscriber.subscriptions[sid] == nil
        else { return }
        let choice = subscriber.choices[sid]
        guard choice ?? participant.settings.autoSubscribe else { return }
        guard admits(id, to: sid) else { return tellPermission(false, of: id, to: sid) }
        let isAutomatic = choice == nil
        if isAutomatic, automaticCount(of: id, track.kind) >= automaticLimit(track.kind) { return }
        guard subscriber.subscriptions.count < Limits.subscriptionsPerParticipant else { return }
        addSection(for: track, to: id, isAutomatic: isAutomatic)
    }

    private mutating func addSection(for track: Track, to id: ParticipantID, isAutomatic: Bool) {
        guard var participant = participants[id], let publisher = participants[track.publisher] else { return }
        func newSSRC() -> UInt32 {
            let ssrc = random.ssrc(notIn: participant.subscriber?.ssrcs ?? [])
            participant.subscriber?.ssrcs.insert(ssrc)
            return ssrc
        }
        let ssrc = newSSRC()
        let retransmissionSSRC = track.kind == .video ? newSSRC() : nil
        let offered = SubscribedTrack(
            kind: track.kind, streamID: "\(publisher.sid)|\(track.sid)", trackID: track.sid, ssrc: ssrc,
            retransmissionSSRC: retransmissionSSRC, canonicalName: publisher.sid, formats: track.parameters.formats)
        do {
            try participant.add(offered)
            participant.subscriber?.subscriptions[track.sid] = Subscription(
                ssrc: ssrc, retransmissionSSRC: retransmissionSSRC, kind: track.kind, isAutomatic: isAutomatic)
            participants[id] = participant
            scheduleNegotiation(with: id)
        } catch {
            note(.failure, participant.sid, "subscriber offer: \(error)")
        }
    }

    // MARK: The end of a subscription

    mutating func closeSubscription(of id: ParticipantID, to sid: String) {
        guard let subscription = participants[id]?.subscriber?.subscriptions.removeValue(forKey: sid) else { return }
        participants[id]?.subscriber?.ssrcs.remove(subscription.ssrc)
        if let rtx = subscription.retransmissionSSRC { participants[id]?.subscriber?.ssrcs.remove(rtx) }
        stop(subscription, to: sid, of: id)
    }

    /// The client or the worker cannot do it. It stays on the list, so that nothing tries again.
    mutating func refuse(_ sid: String, for id: ParticipantID) {
        guard let subscription = participants[id]?.subscriber?.subscriptions[sid], subscription.stage != .refused else {
            return
        }
        participants[id]?.subscriber?.subscriptions[sid]?.stage = .refused
        stop(subscription, to: sid, of: id)
        respondSubscription(sid, .seCodecUnsupported, to: id)
    }

    /// The relay has closed it already.
    mutating func forgetSubscription(of id: ParticipantID, to sid: String) {
        if case .open(let name)? = participants[id]?.subscriber?.subscriptions[sid]?.stage { subscriptions[name] = nil }
        participants[id]?.subscriber?.subscriptions[sid]?.stage = .negotiating
        closeSubscription(of: id, to: sid)
    }

    private mutating func stop(_ subscription: Subscription, to sid: String, of id: ParticipantID) {
        if case .open(let name) = subscription.stage {
            subscriptions[name] = nil
            command(.closeSubscription(name))
        }
        guard subscription.stage != .refused else { return }
        participants[id]?.remove(trackID: sid)
        scheduleNegotiation(with: id)
    }

    private mutating func respondSubscription(_ sid: String, _ error: LiveKitSubscriptionError, to id: ParticipantID) {
        let response = LiveKitSubscriptionResponse.with {
            $0.trackSid = sid
            $0.err = error
        }
        send(.subscriptionResponse(response), to: id)
    }

    // MARK: Negotiation

    var earliestNegotiation: Duration? {
        negotiationsDue.values.min()
    }

    private mutating func scheduleNegotiation(with id: ParticipantID) {
        guard participants[id]?.subscriber != nil, negotiationsDue[id] == nil else { return }
        negotiationsDue[id] = now.uptime + MeetingTimes.offerDelay
    }

    mutating func negotiateDue() {
        let due = negotiationsDue.filter { $0.value <= now.uptime }.keys
        for id in due.sorted() { negotiate(with: id) }
    }

    /// After a resume nobody knows what of the last round arrived, so a new one begins. It restarts ICE: in v0 by our offer
    /// (RFC 8445, 9), in v1 by the client's, which it makes unasked. Media goes on over the old credentials meanwhile.
    mutating func restartNegotiation(with id: ParticipantID) {
        participants[id]?.subscriber?.awaited = nil
        if let transport = participants[id]?.subscriber?.connection?.transport {
            let ice = random.credentials()
            command(.restartICE(transport, local: ice))
            participants[id]?.subscriber?.connection?.negotiation.restartICE(with: ice)
            negotiate(with: id)
        } else if participants[id]?.subscriber != nil {
            negotiationsDue[id] = now.uptime + MeetingTimes.offerAfterResume
        }
    }

    /// Puts the collected changes before the client. Does nothing while something is awaited from it; that brings the
    /// next round.
    mutating func negotiate(with id: ParticipantID) {
        negotiationsDue[id] = nil
        guard let participant = participants[id], participant.needsNegotiation else { return }
        if participant.subscriber?.connection != nil { sendOffer(to: id) } else { requestOffer(of: id) }
    }

    private mutating func sendOffer(to id: ParticipantID) {
        guard var subscriber = participants[id]?.subscriber, let offer = subscriber.connection?.negotiation.makeOffer()
        else { return }
        subscriber.lastOfferID &+= 1
        subscriber.awaited = .init(step: .answer(to: subscriber.lastOfferID), since: now.uptime)
        subscriber.midToTrackID = offer.midToTrackID
        participants[id]?.subscriber = subscriber
        let description = LiveKitSessionDescription.with {
            $0.type = "offer"
            $0.sdp = offer.sdp
            $0.id = subscriber.lastOfferID
            $0.midToTrackID = offer.midToTrackID
        }
        send(.offer(description), to: id)
    }

    /// v1: asks for an offer, with as many more sections as it takes. With none the client still offers.
    private mutating func requestOffer(of id: ParticipantID) {
        guard let negotiation = participants[id]?.publisher.connection?.negotiation else { return }
        let missing = negotiation.missingSections
        participants[id]?.subscriber?.awaited = .init(
            step: .offer(negotiation.receivingSections + missing, mayHaveCrossed: true), since: now.uptime)
        let requirement = LiveKitMediaSectionsRequirement.with {
            $0.numAudios = UInt32(clamping: missing.audio)
            $0.numVideos = UInt32(clamping: missing.video)
        }
        send(.mediaSectionsRequirement(requirement), to: id)
    }

    /// v0: the client's answer to our offer.
    mutating func receiveAnswer(_ answer: LiveKitSessionDescription, from id: ParticipantID) {
        guard var connection = participants[id]?.subscriber?.connection,
            case .answer(let offerID)? = participants[id]?.subscriber?.awaited?.step
        else { return }
        // One SDK always answers with 0; another echoes the offer's id, and an old one means an old offer.
        guard answer.id == 0 || answer.id == offerID else { return }
        let result: SubscriberAnswer
        do {
            result = try connection.negotiation.apply(answer: answer.sdp)
        } catch {
            note(.failure, participants[id]?.sid ?? "", "subscriber answer: \(error)")
            return remove(id, .malformedDescription)
        }
        let agreed = TransportAgreement(remote: result.remote, headerExtensions: result.headerExtensions)
        if connection.agreed != agreed { command(agreed, connection.transport) }
        connection.agreed = agreed
        participants[id]?.subscriber?.connection = connection
        participants[id]?.subscriber?.awaited = nil
        for section in result.sections { open(section, for: id) }
        if connection.negotiation.needsOffer { scheduleNegotiation(with: id) }
    }

    /// v1: our answer to an offer of the client's put tracks into its sections.
    mutating func subscriptionsAnswered(_ answer: PublisherAnswer, of id: ParticipantID) {
        for section in answer.subscribed { open(section, for: id) }
        for track in answer.refused
        where participants[id]?.subscriber?.subscriptions[track.trackID]?.ssrc == track.ssrc {
            refuse(track.trackID, for: id)
        }
        guard let subscriber = participants[id]?.subscriber,
            let negotiation = participants[id]?.publisher.connection?.negotiation
        else { return }
        if case .offer(let sections, let mayHaveCrossed)? = subscriber.awaited?.step {
            let isWhatWeAskedFor = negotiation.receivingSections.covers(sections)
            if !isWhatWeAskedFor, mayHaveCrossed {
                participants[id]?.subscriber?.awaited?.step = .offer(sections, mayHaveCrossed: false)
                return
            }
            participants[id]?.subscriber?.awaited = nil
            // A client that adds no sections is not asked again and again.
            guard isWhatWeAskedFor else { return }
        }
        if negotiation.needsOffer { scheduleNegotiation(with: id) }
    }

    /// Extensions first: packets may flow as soon as the other side is known.
    mutating func command(_ agreed: TransportAgreement, _ transport: TransportID) {
        command(.setHeaderExtensions(transport, agreed.headerExtensions))
        command(.setRemote(transport, agreed.remote))
    }

    private mutating func open(_ section: SubscribedSection, for id: ParticipantID) {
        let sid = section.trackID
        guard let subscriber = participants[id]?.subscriber, let subscription = subscriber.subscriptions[sid],
            subscription.ssrc == section.ssrc, subscription.stage == .negotiating, let track = tracks[sid],
            let publisher = participants[track.publisher], let transport = participants[id]?.primaryTransport
        else { return }
        guard !section.formats.isEmpty else { return refuse(sid, for: id) }
        guard section.isReceiving else { return }
        let name = media.identifiers.subscription(on: transport.worker)
        participants[id]?.subscriber?.subscriptions[sid]?.stage = .open(name)
        subscriptions[name] = (id, sid)
        let parameters = SubscriptionParameters(
            publication: track.publication, transport: transport, mid: section.mid,
            ssrc: subscription.ssrc, retransmissionSSRC: subscription.retransmissionSSRC, formats: section.formats,
            canonicalName: publisher.sid)
        command(.openSubscription(name, parameters))
        // The worker asks for a keyframe when the first picture could leave: asked for now, before the connection stands,
        // it would be wasted, and the one that counts would wait for the keyframe budget.
        if subscriber.disabled.contains(sid) { command(.setPaused(name, true)) }
        if !track.isSubscriberKnown {
            // Bots wait for this before they send anything, so it must not wait for media.
            tracks[sid]?.isSubscriberKnown = true
            send(.trackSubscribed(.with { $0.trackSid = sid }), to: track.publisher)
        }
    }

    // MARK: Wishes of subscribers

    mutating func updateSubscription(_ update: LiveKitUpdateSubscription, by id: ParticipantID) {
        let sids = (update.trackSids + update.participantTracks.flatMap(\.trackSids)).prefix(Limits.tracksPerRequest)
        for sid in sids {
            guard let track = tracks[sid], track.publisher != id else {
                if update.subscribe { respondSubscription(String(sid.prefix(64)), .seTrackNotfound, to: id) }
                continue
            }
            guard participants[id]?.rights.canSubscribe == true else {
                if update.subscribe { tellPermission(false, of: id, to: sid) }
                continue
            }
            participants[id]?.subscriber?.choices[sid] = update.subscribe
            if update.subscribe {
                choose(sid, by: id)
            } else {
                replaceSubscription(of: id, to: sid, track.kind)
            }
        }
    }

    private mutating func choose(_ sid: String, by id: ParticipantID) {
        if participants[id]?.subscriber?.subscriptions[sid]?.stage == .refused { closeSubscription(of: id, to: sid) }
        if participants[id]?.subscriber?.subscriptions[sid] != nil {
            participants[id]?.subscriber?.subscriptions[sid]?.isAutomatic = false
        } else {
            considerSubscription(of: id, to: sid)
        }
    }

    /// A tile that is not shown costs nothing: its stream is paused at once (livekit-wire.md, 8, 27).
    mutating func updateSettings(_ settings: LiveKitUpdateTrackSettings, by id: ParticipantID) {
        for sid in settings.trackSids.prefix(Limits.tracksPerRequest) {
            guard let track = tracks[sid], let subscriber = participants[id]?.subscriber,
                subscriber.disabled.contains(sid) != settings.disabled
            else { continue }
            if settings.disabled {
                participants[id]?.subscriber?.disabled.insert(sid)
            } else {
                participants[id]?.subscriber?.disabled.remove(sid)
            }
            guard case .open(let name)? = subscriber.subscriptions[sid]?.stage else { continue }
            command(.setPaused(name, settings.disabled))
            if !settings.disabled, track.kind == .video { command(.requestKeyframe(track.publication)) }
        }
    }

    // MARK: Wishes of publishers

    /// A publisher says who may have its tracks; the default is everybody.
    mutating func setAudience(_ permission: LiveKitSubscriptionPermission, by id: ParticipantID) {
        guard let publisher = participants[id]?.publisher else { return }
        var audience: Audience?
        if !permission.allParticipants {
            var listed = Audience()
            for entry in permission.trackPermissions.prefix(Limits.permissionEntries) {
                let tracks = Audience.Entry(
                    allTracks: entry.allTracks, tracks: Set(entry.trackSids.prefix(Limits.publishedTracks)))
                if !entry.participantIdentity.isEmpty { listed.identities[entry.participantIdentity] = tracks }
                if !entry.participantSid.isEmpty { listed.sids[entry.participantSid] = tracks }
            }
            audience = listed
        }
        guard participants[id]?.audience != audience else { return }
        let pairs = publisher.tracks.flatMap { sid in roster.filter { $0 != id }.map { (sid, $0) } }
        let before = pairs.map { admits($0.1, to: $0.0) }
        participants[id]?.audience = audience
        for ((sid, other), wasAdmitted) in zip(pairs, before) {
            let isAdmitted = admits(other, to: sid)
            guard isAdmitted != wasAdmitted else { continue }
            tellPermission(isAdmitted, of: other, to: sid)
            if isAdmitted {
                considerSubscription(of: other, to: sid)
            } else {
                closeSubscription(of: other, to: sid)
            }
        }
    }

    mutating func tellPermission(_ isAllowed: Bool, of id: ParticipantID, to sid: String) {
        // Who is away is told how things are then.
        guard let track = tracks[sid], let publisher = participants[track.publisher], participants[id]?.session != nil,
            participants[id]?.standing.isWaiting == false
        else { return }
        if isAllowed {
            participants[id]?.deniedTracks.remove(sid)
        } else {
            participants[id]?.deniedTracks.insert(sid)
        }
        let update = LiveKitSubscriptionPermissionUpdate.with {
            $0.participantSid = publisher.sid
            $0.trackSid = sid
            $0.allowed = isAllowed
        }
        send(.subscriptionPermissionUpdate(update), to: id)
    }
}
