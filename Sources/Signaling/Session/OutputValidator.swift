// The last look at a message before it is written to any socket. Some messages do not merely confuse a client, they
// abort its whole process (livekit-wire.md, 2.8): better one message too few than every bot of a host gone. In tests
// this must never find anything; in production the message is dropped and counted.

import Foundation
import LiveKitProtocol

enum OutputValidator {
    /// - Returns: what is wrong with the message, or nil.
    static func fault(in response: LiveKitSignalResponse) -> String? {
        switch response.message {
        case nil: "empty message"
        case .join(let join): fault(in: join)
        case .answer(let description): fault(in: description, type: "answer")
        case .offer(let description): fault(in: description, type: "offer")
        case .trickle(let trickle): fault(in: trickle)
        case .update(let update): first(update.participants, fault(in:))
        case .trackPublished(let published):
            published.hasTrack ? fault(in: published.track) : "track_published without a track"
        case .roomUpdate(let update): update.hasRoom ? nil : "room_update without a room"
        case .speakersChanged(let changed): first(changed.speakers, fault(in:))
        case .connectionQuality(let quality):
            first(quality.updates) { $0.participantSid.hasPrefix("PA_") ? nil : "quality of a wrong participant sid" }
        case .trackSubscribed(let subscribed): faultInTrack(sid: subscribed.trackSid)
        case .trackUnpublished(let unpublished): faultInTrack(sid: unpublished.trackSid)
        case .mute(let mute): faultInTrack(sid: mute.sid)
        case .subscriptionPermissionUpdate(let update):
            update.participantSid.hasPrefix("PA_") ? faultInTrack(sid: update.trackSid) : "wrong participant sid"
        case .reconnect(let reconnect): reconnect.hasServerInfo ? nil : "reconnect without server_info"
        default: nil
        }
    }

    private static func first<Element>(_ elements: [Element], _ check: (Element) -> String?) -> String? {
        for element in elements {
            if let fault = check(element) { return fault }
        }
        return nil
    }

    private static func fault(in join: LiveKitJoinResponse) -> String? {
        guard join.hasRoom, join.room.sid.hasPrefix("RM_") else { return "join without a room" }
        guard join.hasParticipant else { return "join without a participant" }
        // 0 aborts the Python process, or never lets it connect.
        guard join.pingInterval >= 1, join.pingTimeout >= 1 else { return "join without ping times" }
        guard !join.serverVersion.isEmpty, join.hasServerInfo, !join.serverInfo.version.isEmpty else {
            return "join without a server version"
        }
        guard !join.enabledPublishCodecs.isEmpty else { return "join without publish codecs" }
        return fault(in: join.participant) ?? first(join.otherParticipants, fault(in:))
    }

    private static func fault(in participant: LiveKitParticipantInfo) -> String? {
        guard participant.sid.hasPrefix("PA_") else { return "wrong participant sid" }
        guard !participant.identity.isEmpty else { return "participant without identity" }
        return first(participant.tracks, fault(in:))
    }

    private static func fault(in track: LiveKitTrackInfo) -> String? {
        guard track.type == .audio || track.type == .video else { return "track type unknown to clients" }
        return faultInTrack(sid: track.sid)
    }

    private static func faultInTrack(sid: String) -> String? {
        sid.hasPrefix("TR_") ? nil : "wrong track sid"
    }

    private static func fault(in speaker: LiveKitSpeakerInfo) -> String? {
        guard speaker.sid.hasPrefix("PA_") else { return "speaker with a wrong participant sid" }
        // NaN panics in a sort.
        guard (0...1).contains(speaker.level) else { return "speaker level out of range" }
        return nil
    }

    private static func fault(in description: LiveKitSessionDescription, type: String) -> String? {
        guard description.type == type else { return "description type is not \(type)" }
        guard description.sdp.hasPrefix("v=0\r\n"), description.sdp.hasSuffix("\r\n") else {
            return "\(type) is no session description"
        }
        guard description.midToTrackID.values.allSatisfy({ $0.hasPrefix("TR_") }) else {
            return "\(type) maps a mid to a wrong track sid"
        }
        return nil
    }

    /// The JSON of RTCIceCandidateInit with the three members that native clients insist on.
    private struct CandidateInit: Decodable {
        var candidate: String
        var sdpMid: String
        var sdpMLineIndex: Int
    }

    private static func fault(in trickle: LiveKitTrickleRequest) -> String? {
        let json = Data(trickle.candidateInit.utf8)
        guard let candidate = try? JSONDecoder().decode(CandidateInit.self, from: json), !candidate.candidate.isEmpty,
            candidate.sdpMLineIndex >= 0
        else { return "trickle is not strict" }
        return nil
    }
}
