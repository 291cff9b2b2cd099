// RTCP in: what the other side of a transport says about what we send it and what it sends us. Every number in it is a
// stranger's claim; it is looked up on that transport only.

extension RelayCore {
    func receive(feedback bytes: [UInt8], on id: TransportID, arrival: MediaTime, _ now: MediaTime) {
        guard transports[id]?.isConnected == true else { return }
        let compound = RTCPCompound(parsing: bytes)
        if compound.malformed { feedback.malformedIn &+= 1 }
        for packet in compound.packets {
            switch packet {
            case .senderReport(let report):
                feedback.reportsIn &+= 1
                receive(report, on: id, arrival: arrival)
                receive(report.reports, on: id, arrival: arrival)
            case .receiverReport(let report):
                feedback.reportsIn &+= 1
                receive(report.reports, on: id, arrival: arrival)
            case .nack(let nack): receive(nack, on: id, now)
            case .pictureLossIndication(let indication):
                feedback.keyframeRequestsIn &+= 1
                keyframeRequested(ssrc: indication.mediaSSRC, on: id, now)
            case .fullIntraRequest(let request):
                for entry in request.entries {
                    feedback.keyframeRequestsIn &+= 1
                    keyframeRequested(ssrc: entry.ssrc, on: id, now)
                }
            case .transportFeedback: feedback.transportFeedbackIn &+= 1
            case .goodbye: feedback.goodbyesIn &+= 1
            // A stream's end is known from signaling and from DTLS, its name from signaling; bandwidth is not
            // estimated yet.
            case .sourceDescription, .remb: break
            case .unknown: feedback.unknownIn &+= 1
            }
        }
    }

    private func receive(_ report: SenderReport, on id: TransportID, arrival: MediaTime) {
        guard let stream = stream(ssrc: report.ssrc, on: id) else { return }
        streams[stream]?.senderReport = ReceivedSenderReport(
            ntp: report.ntp, rtpTimestamp: report.rtpTimestamp, arrival: arrival)
        transports[id]?.clock.observe(ours: wallClock(arrival), theirs: report.ntp.unixMicroseconds)
        reportToMirrors(of: stream)
    }

    private func receive(_ blocks: [ReportBlock], on id: TransportID, arrival: MediaTime) {
        let wallClock = NTPTime(unixMicroseconds: wallClock(arrival))
        for block in blocks {
            guard let subscription = transports[id]?.subscriptionsBySSRC[block.ssrc] else { continue }
            let measured = NTPTime.roundTrip(
                now: wallClock, lastSenderReport: block.lastSenderReport, delay: block.delaySinceLastSenderReport)
            if let measured { transports[id]?.observe(roundTrip: measured) }
            if let publication = subscriptions[subscription]?.parameters.publication,
                let kind = publications[publication]?.parameters.kind
            {
                // What was lost before it came here is not this client's loss.
                let stream = packets.statistics(ofForward: subscription.name)?.stream
                let lostBefore = stream.flatMap { streams[$0]?.fractionLost } ?? 0
                transports[id]?.health.observe(
                    fractionLost: block.fractionLost, ofWhich: lostBefore, kind, .toClient)
            }
        }
    }

    private func receive(_ nack: GenericNACK, on id: TransportID, _ now: MediaTime) {
        guard let entry = transports[id], entry.subscriptionsBySSRC[nack.mediaSSRC] != nil else { return }
        let sequences = Array(nack.sequences.prefix(Limits.sequencesPerNack))
        feedback.nacksIn &+= UInt64(sequences.count)
        packets.retransmit(sequences, ofSSRC: nack.mediaSSRC, on: id.name, now, roundTrip: entry.roundTrip)
    }

    private func keyframeRequested(ssrc: UInt32, on id: TransportID, _ now: MediaTime) {
        guard let subscription = transports[id]?.subscriptionsBySSRC[ssrc] else { return }
        wantKeyframe(for: subscription, now)
    }

    /// A transport has a handful of streams, and their SSRCs may have been learned by the packet core.
    private func stream(ssrc: UInt32, on id: TransportID) -> ObjectName? {
        for publication in transports[id]?.publications ?? [] {
            for stream in publications[publication]?.streams ?? []
            where packets.statistics(ofStream: stream)?.ssrc == ssrc {
                return stream
            }
        }
        return nil
    }
}
