// What a token allows in a meeting (`video` in the JWT), as its issuer wrote it, and what follows from what was left
// out.

/// Field names are the protocol's; a field the issuer left out is nil.
public struct VideoGrant: Sendable, Equatable, Codable {
    public var roomJoin: Bool?
    /// The meeting's name. It comes from here only, never from the query.
    public var room: String?
    /// May open and delete meetings.
    public var roomCreate: Bool?
    public var roomList: Bool?
    /// May ask the server API everything about `room`.
    public var roomAdmin: Bool?
    public var canPublish: Bool?
    public var canSubscribe: Bool?
    public var canPublishData: Bool?
    /// `camera`, `microphone`, `screen_share`, `screen_share_audio`; empty or nil means every source.
    public var canPublishSources: [String]?
    public var canUpdateOwnMetadata: Bool?
    /// Sees the meeting without being listed in it.
    public var hidden: Bool?
    public var recorder: Bool?
    public var agent: Bool?
    /// Gets the figures that other clients send about themselves.
    public var canSubscribeMetrics: Bool?
    public var canManageAgentSession: Bool?
    /// To which meeting a participant may be moved or forwarded.
    public var destinationRoom: String?

    public init() {}
}

/// A grant with the protocol's defaults filled in (livekit-wire.md, 1.3).
struct Rights: Sendable, Equatable {
    var canPublish: Bool
    var canSubscribe: Bool
    var canPublishData: Bool
    /// Nil: every source.
    var sources: Set<String>?
    var canUpdateOwnMetadata: Bool
    var isHidden: Bool
    var isRecorder: Bool
    var isAgent: Bool
    var canSubscribeMetrics: Bool
    var canManageAgentSession: Bool

    init(_ grant: VideoGrant) {
        canPublish = grant.canPublish ?? true
        canSubscribe = grant.canSubscribe ?? true
        canPublishData = grant.canPublishData ?? canPublish
        let listed = Set(grant.canPublishSources ?? [])
        sources = listed.isEmpty ? nil : listed
        canUpdateOwnMetadata = grant.canUpdateOwnMetadata ?? false
        isHidden = grant.hidden ?? false
        isRecorder = grant.recorder ?? false
        isAgent = grant.agent ?? false
        canSubscribeMetrics = grant.canSubscribeMetrics ?? false
        canManageAgentSession = grant.canManageAgentSession ?? false
    }
}

extension VideoGrant {
    /// The grant with what these rights decide; the rest stays as its issuer wrote it.
    func with(_ rights: Rights) -> VideoGrant {
        var grant = self
        grant.canPublish = rights.canPublish
        grant.canSubscribe = rights.canSubscribe
        grant.canPublishData = rights.canPublishData
        grant.canPublishSources = rights.sources?.sorted()
        grant.canUpdateOwnMetadata = rights.canUpdateOwnMetadata
        grant.hidden = rights.isHidden
        grant.recorder = rights.isRecorder
        grant.agent = rights.isAgent
        grant.canSubscribeMetrics = rights.canSubscribeMetrics
        grant.canManageAgentSession = rights.canManageAgentSession
        return grant
    }
}
