// Subscriptions of a worker: one forward of the packet core each, where the formats fit.

extension RelayCore {
    func open(_ id: SubscriptionID, _ parameters: SubscriptionParameters, _ now: MediaTime) {
        guard subscriptions[id] == nil else {
            refusedCommands &+= 1
            return
        }
        let owner = transports[parameters.transport]?.owner ?? publications[parameters.publication]?.parameters.owner
        guard let entry = transports[parameters.transport], canHave(parameters.publication),
            entry.subscriptions.count < Limits.subscriptionsPerTransport,
            entry.subscriptionsBySSRC[parameters.ssrc] == nil
        else {
            refuse(id, owner)
            return
        }
        subscriptions[id] = Subscription(parameters: parameters, owner: entry.owner)
        transports[parameters.transport]?.subscriptions.insert(id)
        transports[parameters.transport]?.subscriptionsBySSRC[parameters.ssrc] = id
        if publications[parameters.publication] != nil {
            publications[parameters.publication]?.subscriptions.insert(id)
            refreshForward(of: id, now)
        } else {
            awaitMirror(of: parameters.publication, for: id)
        }
    }

    /// Here, or on a worker that we reach.
    private func canHave(_ id: PublicationID) -> Bool {
        isMirror(id) ? links[id.worker] != nil : publications[id] != nil
    }

    func setPaused(_ id: SubscriptionID, _ isPaused: Bool, _ now: MediaTime) {
        guard let subscription = subscriptions[id] else {
            refusedCommands &+= 1
            return
        }
        guard subscription.isPaused != isPaused else { return }
        subscriptions[id]?.isPaused = isPaused
        guard subscription.hasForward else { return }
        packets.setPaused(id.name, isPaused)
        if !isPaused { wantKeyframe(for: id, now) }
    }

    func close(_ id: SubscriptionID) {
        guard let subscription = subscriptions.removeValue(forKey: id) else {
            refusedCommands &+= 1
            return
        }
        if subscription.hasForward { packets.closeForward(id.name) }
        let parameters = subscription.parameters
        publications[parameters.publication]?.subscriptions.remove(id)
        leaveMirror(of: parameters.publication, id)
        transports[parameters.transport]?.subscriptions.remove(id)
        transports[parameters.transport]?.subscriptionsBySSRC[parameters.ssrc] = nil
        outbox.post(.subscriptionClosed(id), to: subscription.owner)
        release(.subscription(id))
    }

    /// The first packet was queued to the subscriber.
    func started(_ id: SubscriptionID) {
        guard let subscription = subscriptions[id], !subscription.hasStarted else { return }
        subscriptions[id]?.hasStarted = true
        outbox.post(.subscriptionStarted(id), to: subscription.owner)
    }

    /// Opens the forward, or brings it in line with a publication that changed: it lives on, with its numbers, and gets
    /// the new source and payload types.
    func refreshForward(of id: SubscriptionID, _ now: MediaTime) {
        guard let subscription = subscriptions[id],
            let publication = publications[subscription.parameters.publication]
        else { return }
        let parameters = subscription.parameters
        let map = PayloadMap(publication: publication.parameters.formats, subscriber: parameters.formats)
        let payloads = Array(map.pairs.prefix(Limits.formats))
        subscriptions[id]?.payloads = payloads
        if payloads.isEmpty { outbox.post(.subscriptionUnsupported(id), to: subscription.owner) }
        if subscription.hasForward {
            if payloads != subscription.payloads { _ = packets.setPayloads(payloads, of: id.name) }
            packets.setSource(publication.currentStream, of: id.name)
            wantKeyframe(for: id, now)
            return
        }
        guard !payloads.isEmpty else { return }
        let forward = PacketForward(
            stream: publication.currentStream, transport: parameters.transport.name, ssrc: parameters.ssrc,
            retransmissionSSRC: parameters.retransmissionSSRC, mid: parameters.mid, payloads: payloads,
            historyPackets: Publication.cachePackets(publication.parameters.kind))
        guard packets.openForward(id.name, forward) == .done else {
            refusedCommands &+= 1
            close(id)
            return
        }
        subscriptions[id]?.hasForward = true
        if subscription.isPaused { packets.setPaused(id.name, true) }
        wantKeyframe(for: id, now)
    }

    private func refuse(_ id: SubscriptionID, _ owner: OwnerTag?) {
        refusedCommands &+= 1
        if let owner { outbox.post(.subscriptionClosed(id), to: owner) }
        release(.subscription(id))
    }
}
