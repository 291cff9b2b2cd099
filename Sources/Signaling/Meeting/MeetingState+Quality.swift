// How good everybody's connection is: to himself, and to those who receive something of his (livekit-wire.md, 4.6).

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

extension MeetingState {
    mutating func receive(_ reports: [TransportHealth]) {
        for health in reports {
            guard let id = publisherTransports[health.transport] ?? subscriberTransports[health.transport] else {
                continue
            }
            participants[id]?.health[health.transport] = health
            let heard = now.uptime - .microseconds(Int64(clamping: health.silence.microseconds))
            let before = participants[id]?.mediaHeardAt ?? heard
            participants[id]?.mediaHeardAt = max(before, heard)
        }
    }

    /// Called when time passes.
    mutating func tellQualities() {
        guard nextQualities <= now.uptime else { return }
        nextQualities = now.uptime + MeetingTimes.quality
        let judged = participants.values.compactMap { participant in judge(participant).map { (participant.id, $0) } }
        let qualities = Dictionary(uniqueKeysWithValues: judged)
        for id in roster { tellQualities(qualities, to: id) }
    }

    /// Only what is not what was told last.
    private mutating func tellQualities(
        _ qualities: [ParticipantID: LiveKitConnectionQualityInfo], to id: ParticipantID
    ) {
        guard let recipient = participants[id], recipient.session != nil else { return }
        let sources = Set(
            (recipient.subscriber?.subscriptions.keys).map { $0.compactMap { tracks[$0]?.publisher } } ?? [])
        var told: [ParticipantID: LiveKitConnectionQuality] = [:]
        var news: [LiveKitConnectionQualityInfo] = []
        for source in sources.union([id]).sorted() {
            guard let info = qualities[source] else { continue }
            told[source] = info.quality
            if recipient.toldQualities[source] != info.quality { news.append(info) }
        }
        participants[id]?.toldQualities = told
        if !news.isEmpty { send(.connectionQuality(.with { $0.updates = news }), to: id) }
    }

    /// Nil before the first report, and for who has no connection here.
    private func judge(_ participant: Participant) -> LiveKitConnectionQualityInfo? {
        guard participant.isActive, participant.origin == nil else { return nil }
        let isLost =
            participant.primaryStage?.isConnected != true
            || participant.mediaHeardAt.map { now.uptime - $0 >= MeetingTimes.mediaSilence } ?? false
        let score = participant.health.values.map { ConnectionScore($0) }.min { $0.value < $1.value }
        guard isLost || score != nil else { return nil }
        return .with {
            $0.participantSid = participant.sid
            $0.quality = isLost ? .lost : score?.quality ?? .lost
            $0.score = isLost ? 1 : score?.value ?? 1
        }
    }
}
