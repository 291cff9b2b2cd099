// Keyframe requests: wishes from subscribers, the packet core and the caller meet in each source's budget, which says
// when the source is asked.

extension RelayCore {
    /// For a subscription that has just begun or begun again, if it can receive anything.
    func wantKeyframe(for id: SubscriptionID, _ now: MediaTime) {
        guard let subscription = subscriptions[id], subscription.isForwarding, !subscription.isPaused,
            transports[subscription.parameters.transport]?.isConnected == true,
            let publication = publications[subscription.parameters.publication]
        else { return }
        wantKeyframe(of: publication.currentStream, now)
    }

    /// The packet core found a forward waiting. Who is not connected yet asks when that has happened: asking now would
    /// cost the publisher two keyframes for one newcomer.
    func keyframeWanted(by stream: ObjectName, _ now: MediaTime) {
        guard let id = streams[stream]?.publication, let publication = publications[id] else { return }
        let isAwaited = publication.subscriptions.contains { subscription in
            guard let subscription = subscriptions[subscription], !subscription.isPaused else { return false }
            return transports[subscription.parameters.transport]?.isConnected == true
        }
        if isAwaited { wantKeyframe(of: stream, now) }
    }

    func wantKeyframe(of stream: ObjectName, _ now: MediaTime) {
        guard let id = streams[stream]?.publication, let publication = publications[id],
            publication.parameters.kind == .video, !publication.isMuted,
            let mayAsk = streams[stream]?.budget.want(now)
        else { return }
        if mayAsk { askForKeyframe(of: stream, publication, id) }
        scheduleKeyframe(of: stream)
    }

    func repeatKeyframeRequest(of stream: ObjectName, _ now: MediaTime) {
        guard let id = streams[stream]?.publication, let publication = publications[id],
            let mayAsk = streams[stream]?.budget.fire(now)
        else { return }
        if mayAsk { askForKeyframe(of: stream, publication, id) }
        scheduleKeyframe(of: stream)
    }

    func keyframeArrived(_ stream: ObjectName) { cancelKeyframe(of: stream) }

    func cancelKeyframe(of stream: ObjectName) {
        streams[stream]?.budget.satisfy()
        timers.cancel(.keyframe(stream))
    }

    private func scheduleKeyframe(of stream: ObjectName) {
        guard let deadline = streams[stream]?.budget.deadline else { return }
        timers.set(.keyframe(stream), deadline)
    }

    private func askForKeyframe(of stream: ObjectName, _ publication: Publication, _ id: PublicationID) {
        if publication.isMirror {
            guard let mirror = mirrors[id], let encoding = publication.streams.firstIndex(of: stream) else { return }
            tell(id.worker, .keyframe(id, ticket: mirror.ticket, encoding: encoding))
            return
        }
        guard let transport = publication.transport else {
            outbox.post(.keyframeWanted(id), to: publication.parameters.owner)
            return
        }
        // A source that has not spoken yet begins with a keyframe by itself.
        guard let entry = transports[transport], entry.isConnected,
            let ssrc = packets.statistics(ofStream: stream)?.ssrc, ssrc != 0
        else { return }
        feedback.keyframeRequestsOut &+= 1
        send(
            [.pictureLossIndication(PictureLossIndication(senderSSRC: entry.reporterSSRC, mediaSSRC: ssrc))],
            on: transport)
    }
}
