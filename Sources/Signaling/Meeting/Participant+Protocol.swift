// Between what a token says and what the protocol's messages say.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

extension Rights {
    var permission: LiveKitParticipantPermission {
        .with {
            $0.canPublish = canPublish
            $0.canSubscribe = canSubscribe
            $0.canPublishData = canPublishData
            $0.canPublishSources = LiveKitTrackSource.allCases.filter { source in
                sources.map { source.claim.map($0.contains) ?? false } ?? false
            }
            $0.canUpdateMetadata = canUpdateOwnMetadata
            $0.hidden = isHidden
            $0.recorder = isRecorder
            $0.agent = isAgent
            $0.canSubscribeMetrics = canSubscribeMetrics
            $0.canManageAgentSession = canManageAgentSession
        }
    }

    /// As the server API says them, every flag.
    init(_ permission: LiveKitParticipantPermission) {
        let listed = permission.canPublishSources
        let known = Set(listed.compactMap(\.claim))
        // A list that names only unknown sources allows none.
        canPublish = permission.canPublish && (listed.isEmpty || !known.isEmpty)
        canSubscribe = permission.canSubscribe
        canPublishData = permission.canPublishData
        sources = known.isEmpty ? nil : known
        canUpdateOwnMetadata = permission.canUpdateMetadata
        isHidden = permission.hidden
        isRecorder = permission.recorder
        isAgent = permission.agent
        canSubscribeMetrics = permission.canSubscribeMetrics
        canManageAgentSession = permission.canManageAgentSession
    }

    func mayPublish(_ source: LiveKitTrackSource) -> Bool {
        guard canPublish else { return false }
        guard let sources else { return true }
        return source.claim.map(sources.contains) ?? false
    }
}

extension LiveKitTrackSource {
    /// The name in `canPublishSources`; an unknown source has none and is never on a list.
    var claim: String? {
        switch self {
        case .camera: "camera"
        case .microphone: "microphone"
        case .screenShare: "screen_share"
        case .screenShareAudio: "screen_share_audio"
        case .unknown, .UNRECOGNIZED: nil
        }
    }

    /// Which tracks play in step when the client names no stream.
    var defaultStream: String {
        switch self {
        case .camera, .microphone: "camera"
        case .screenShare, .screenShareAudio: "screen"
        case .unknown, .UNRECOGNIZED: ""
        }
    }
}

extension LiveKitParticipantInfo.Kind {
    /// The token's `kind`; what is unknown or absent is an ordinary participant.
    init(claim: String) {
        switch claim {
        case "ingress": self = .ingress
        case "egress": self = .egress
        case "sip": self = .sip
        case "agent": self = .agent
        case "connector": self = .connector
        case "bridge": self = .bridge
        default: self = .standard
        }
    }
}

extension LiveKitParticipantInfo.KindDetail {
    /// One of the token's `kindDetails`; nil for one that is unknown.
    init?(claim: String) {
        switch claim.lowercased() {
        case "cloud_agent": self = .cloudAgent
        case "forwarded": self = .forwarded
        case "connector_whatsapp": self = .connectorWhatsapp
        case "connector_twilio": self = .connectorTwilio
        case "bridge_rtsp": self = .bridgeRtsp
        case "simulation": self = .simulation
        default: return nil
        }
    }
}

extension Codec {
    /// As TrackInfo names it.
    var mimeType: String {
        switch self {
        case .opus: "audio/opus"
        case .red: "audio/red"
        case .vp8: "video/VP8"
        case .vp9: "video/VP9"
        case .h264: "video/H264"
        case .av1: "video/AV1"
        }
    }

    /// As AddTrackRequest's `simulcast_codecs` names it: `vp8`, in any case, or with its kind before it.
    init?(requested: String) {
        let name = requested.lowercased()
        self.init(rawValue: name.split(separator: "/").last.map(String.init) ?? name)
    }
}
