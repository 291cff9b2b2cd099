// RTCP out: reports about what a transport sends us and what we send it, transport-wide feedback, and requests for what
// is missing.

extension RelayCore {
    /// Between reports of one transport. Five seconds would do by RFC 3550; one makes the first seconds in step (lip
    /// sync) and gives publishers their loss early, for 60 bytes per stream.
    static let reportInterval = MediaSpan.seconds(1)
    /// Between transport-wide feedback packets. libwebrtc's estimator is made for 50 to 250 ms; shorter costs packets,
    /// longer makes it slow.
    static let transportFeedbackInterval = MediaSpan.milliseconds(100)
    /// Told to clients that have no transport-wide feedback, in bit/s: above what a camera or a shared screen wants, so
    /// that it never limits a sender whose path we do not measure.
    static let generousBitrate: UInt64 = 8_000_000
    /// Who the relay itself is in RTCP.
    static let canonicalName = "relay"
    /// Blocks of one receiver report and chunks of one source description: their counter has five bits.
    static let blocksPerPacket = 31

    // MARK: Timers

    func scheduleReports(of id: TransportID, _ now: MediaTime) {
        guard let entry = transports[id] else { return }
        if timers[.reports(id)] == nil {
            // Spread, so that a meeting that began at once does not report at once.
            let first = UInt64.random(in: 0..<Self.reportInterval.microseconds, using: &random)
            timers.set(.reports(id), now + .microseconds(first))
        }
        if entry.extensions[.transportSequence] != nil {
            timers.advance(.feedback(id), to: now + Self.transportFeedbackInterval)
        }
    }

    func sendReports(of id: TransportID, _ now: MediaTime) {
        guard let entry = transports[id], entry.isConnected else { return }
        timers.set(.reports(id), now + Self.reportInterval)
        var chunks = [SourceDescription.Chunk(ssrc: entry.reporterSSRC, canonicalName: Self.canonicalName)]
        var senderReports: [RTCPPacket] = []
        for subscription in entry.subscriptions {
            guard let report = senderReport(of: subscription, now),
                let name = subscriptions[subscription]?.parameters.canonicalName
            else { continue }
            senderReports.append(.senderReport(report))
            chunks.append(SourceDescription.Chunk(ssrc: report.ssrc, canonicalName: name))
        }
        let blocks = reportBlocks(of: id, entry, now)
        reportHealth(of: id, now)
        guard !blocks.isEmpty || !senderReports.isEmpty else { return }
        // RFC 3550, 6.1: a compound begins with a report, be it an empty one.
        let receiverReports = slices(of: blocks).map {
            RTCPPacket.receiverReport(ReceiverReport(ssrc: entry.reporterSSRC, reports: $0))
        }
        let descriptions = slices(of: chunks).map { RTCPPacket.sourceDescription(SourceDescription(chunks: $0)) }
        feedback.reportsOut &+= UInt64(receiverReports.count + senderReports.count)
        var packets = receiverReports + senderReports + descriptions
        if let remb = remb(of: entry) { packets.append(.remb(remb)) }
        send(packets, on: id)
    }

    /// At least one, perhaps empty.
    private func slices<Item>(of items: [Item]) -> [[Item]] {
        guard items.count > Self.blocksPerPacket else { return [items] }
        return stride(from: 0, to: items.count, by: Self.blocksPerPacket).map {
            Array(items[$0..<min($0 + Self.blocksPerPacket, items.count)])
        }
    }

    func sendTransportFeedback(of id: TransportID, _ now: MediaTime) {
        guard let entry = transports[id], entry.isConnected else { return }
        if let ssrc = incomingSSRCs(of: entry).first { transports[id]?.feedback.mediaSSRC = ssrc }
        for arrival in packets.takeArrivals(of: id.name) {
            transports[id]?.feedback.append(sequence: arrival.sequence, arrival: arrival.time)
        }
        let reports = transports[id]?.feedback.takeFeedback() ?? []
        feedback.transportFeedbackOut &+= UInt64(reports.count)
        send(reports.map(RTCPPacket.transportFeedback), on: id)
        timers.set(.feedback(id), now + Self.transportFeedbackInterval)
    }

    /// Asks the sender for what is missing now, and comes back when it is time to ask again.
    func requestMissing(of stream: ObjectName, _ now: MediaTime) {
        guard let incoming = streams[stream], let transport = incoming.transport, let entry = transports[transport],
            let publication = publications[incoming.publication], publication.parameters.usesNack,
            // An encoding that nobody gets need not be whole.
            publication.parameters.isTapped || stream == publication.currentStream
        else { return }
        let missing = packets.missing(of: stream, now, roundTrip: entry.roundTrip)
        timers.set(.missing(stream), missing.next)
        guard !missing.sequences.isEmpty, let ssrc = packets.statistics(ofStream: stream)?.ssrc else { return }
        feedback.nacksOut &+= UInt64(missing.sequences.count)
        send(
            [
                .nack(
                    GenericNACK(senderSSRC: entry.reporterSSRC, mediaSSRC: ssrc, sequences: missing.sequences))
            ], on: transport)
    }

    func send(_ reports: [RTCPPacket], on id: TransportID) {
        for compound in RTCPPacket.encode(reports) { packets.sendRTCP(compound, on: id.name) }
    }

    // MARK: Contents

    private func reportBlocks(of transport: TransportID, _ entry: TransportEntry, _ now: MediaTime) -> [ReportBlock] {
        var blocks: [ReportBlock] = []
        for id in entry.publications {
            guard let publication = publications[id] else { continue }
            for stream in publication.streams {
                guard let statistics = packets.statistics(ofStream: stream), statistics.packets > 0,
                    let senderReport = streams[stream].map(\.senderReport)
                else { continue }
                if let block = streams[stream]?.reception.report(statistics, senderReport: senderReport, now) {
                    blocks.append(block)
                    streams[stream]?.fractionLost = block.fractionLost
                    transports[transport]?.health.observe(
                        fractionLost: block.fractionLost, publication.parameters.kind, .fromClient)
                }
            }
        }
        return blocks
    }

    private func reportHealth(of id: TransportID, _ now: MediaTime) {
        guard let losses = transports[id]?.health.take(now), let entry = transports[id] else { return }
        let silence = entry.connection.lastCheck.map { now.since($0) } ?? .zero
        let health = TransportHealth(
            transport: id, audioLoss: losses.audioLoss, videoLoss: losses.videoLoss,
            roundTrip: entry.roundTrip, silence: silence)
        outbox.post(.transportHealth([health]), to: entry.owner)
    }

    /// Nil before the first packet.
    private func senderReport(of id: SubscriptionID, _ now: MediaTime) -> SenderReport? {
        guard let subscription = subscriptions[id], subscription.isForwarding,
            let publication = publications[subscription.parameters.publication],
            let statistics = packets.statistics(ofForward: id.name), statistics.packets > 0
        else { return nil }
        let stream = statistics.stream
        let payloadType = packets.statistics(ofStream: stream)?.lastPayloadType ?? 0
        let clockRate = publication.clockRate(payloadType: payloadType)
        let timestamp =
            if let received = streams[stream]?.senderReport,
                let offset = publication.transport.flatMap({ transports[$0]?.clock.offset })
                    ?? mirrors[subscription.parameters.publication]?.clockOffset
            {
                SenderTimeline.timestamp(
                    now: wallClock(now), report: received, clockOffset: offset, clockRate: clockRate,
                    timestampOffset: statistics.timestampOffset)
            } else {
                SenderTimeline.timestamp(
                    now: now, lastPacket: statistics.lastPacket,
                    lastTimestamp: statistics.lastTimestamp, clockRate: clockRate)
            }
        return SenderReport(
            ssrc: subscription.parameters.ssrc, ntp: NTPTime(unixMicroseconds: wallClock(now)),
            rtpTimestamp: timestamp, packetCount: UInt32(truncatingIfNeeded: statistics.packets),
            octetCount: UInt32(truncatingIfNeeded: statistics.bytes), reports: [])
    }

    /// Only where the transport has no transport-wide feedback: one estimate too many confuses a sender.
    private func remb(of entry: TransportEntry) -> ReceiverEstimatedMaximumBitrate? {
        guard entry.extensions[.transportSequence] == nil else { return nil }
        let ssrcs = incomingSSRCs(of: entry, .video)
        guard !ssrcs.isEmpty else { return nil }
        return ReceiverEstimatedMaximumBitrate(
            senderSSRC: entry.reporterSSRC, bitrate: Self.generousBitrate, ssrcs: ssrcs)
    }

    /// What the transport's publications are known to send with.
    private func incomingSSRCs(of entry: TransportEntry, _ kind: MediaKind? = nil) -> [UInt32] {
        entry.publications.lazy
            .filter { kind == nil || self.publications[$0]?.parameters.kind == kind }
            .flatMap { self.publications[$0]?.streams ?? [] }
            .compactMap { self.packets.statistics(ofStream: $0)?.ssrc }.filter { $0 != 0 }
    }
}
