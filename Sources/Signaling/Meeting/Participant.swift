// One person (or bot) in a meeting: what others are shown of it, what it may do, and its connections: two in v0, one to
// send and one to receive; a single one for both in v1. The difference is here, and in how a round of negotiation begins
// (MeetingState+Subscribing).

import LiveKitProtocol
import MediaRelay

/// Where a connection stands, as far as the meeting cares.
enum ConnectionStage: Sendable, Equatable {
    case connecting
    case connected
    /// Consent was lost, or the client said goodbye to this connection.
    case lost(since: Duration)

    var isConnected: Bool { self == .connected }
}

/// What the newest description of the client says about its end of a connection.
struct TransportAgreement: Sendable, Equatable {
    var remote: RemoteTransportParameters
    var headerExtensions: [HeaderExtension: UInt8]
}

/// One peer connection with a client.
struct Connection<Negotiation: Sendable>: Sendable {
    let transport: TransportID
    var negotiation: Negotiation
    var stage = ConnectionStage.connecting
    var agreed: TransportAgreement?
}

/// Where a participant's connections are.
struct MediaPlace: Sendable {
    let worker: WorkerIndex
    /// Where clients of this worker send to.
    let candidates: [ICECandidate]
}

struct Participant: Sendable {
    let id: ParticipantID
    let place: MediaPlace
    /// What its token and back ends gave, of which the meeting's rules leave `rights`.
    var granted: Rights
    var rights: Rights
    var standing = Standing()
    /// As they were at the door; what has changed since is in `rights` and `info`.
    let claims: AccessClaims
    /// Of the token it came with; nil gets no other.
    let terms: TokenTerms?
    let settings: JoinSettings
    let joinedAt: Moment
    /// What others are told, always current except for `tracks`, which `MeetingState.info(of:)` fills in.
    var info: LiveKitParticipantInfo
    /// Nil between the loss of the socket and the end of the participant's stay.
    var session: SessionID?
    var lastMessageAt: Duration
    var signalLostAt: Duration?
    /// Whether others have heard of it, so that they must hear of its end.
    var isAnnounced = false
    var publisher = Publisher()
    /// Nil when it may not subscribe.
    var subscriber: Subscriber?
    /// Who may subscribe to its tracks; nil is everybody.
    var audience: Audience?
    var data = DataHistory()
    /// Tracks of others that it was last told it may not have.
    var deniedTracks: Set<String> = []
    /// Own tracks that we ended: a client that was away may not know it. The newest, oldest first.
    var withdrawnTracks: [String] = []
    /// What it is told when it comes back, beside the present.
    var owed: [LiveKitSignalResponse.OneOf_Message] = []
    /// Of its connections, the newest report of each.
    var health: [TransportID: TransportHealth] = [:]
    /// When its media last showed that it lives.
    var mediaHeardAt: Duration?
    /// How good others' connections, and its own, were when it was last told.
    var toldQualities: [ParticipantID: LiveKitConnectionQuality] = [:]
    var newestToken: (claims: AccessClaims, givenAt: Duration)?
    /// It asked for a failure of its next resume.
    var resumeFailure: ResumeFailure?
    /// It asked to be shown as a speaker.
    var simulatesSpeechUntil: Duration?
    /// Of a guest that another meeting forwards; it has no socket and no connection of its own.
    var origin: ForwardOrigin?

    var sid: String { info.sid }
    var identity: String { info.identity }
    var isActive: Bool { info.state == .active }

    /// The last that is said about it.
    func lastInfo(_ reason: LiveKitDisconnectReason) -> LiveKitParticipantInfo {
        var last = info
        last.version &+= 1
        last.state = .disconnected
        last.isPublisher = false
        last.disconnectReason = reason
        return last
    }

    /// The state of the connection on which the client's own waiting for "connected" depends.
    var primaryStage: ConnectionStage? { subscriber?.connection?.stage ?? publisher.connection?.stage }
    /// That connection's transport: everything for the client goes there, media and data.
    var primaryTransport: TransportID? { subscriber?.connection?.transport ?? publisher.connection?.transport }
}

/// What the client receives, on whichever connection it does.
extension Participant {
    mutating func add(_ track: SubscribedTrack) throws(SDPError) {
        if subscriber?.connection != nil {
            _ = try subscriber?.connection?.negotiation.add(track)
        } else {
            try publisher.connection?.negotiation.add(track)
        }
    }

    mutating func remove(trackID: String) {
        subscriber?.connection?.negotiation.remove(trackID: trackID)
        publisher.connection?.negotiation.remove(trackID: trackID)
    }

    /// Something changed that the client can be told now.
    var needsNegotiation: Bool {
        guard let subscriber, subscriber.awaited == nil, session != nil else { return false }
        if let connection = subscriber.connection { return connection.negotiation.needsOffer }
        // Clients take part in such exchanges only when they are connected.
        return isActive && publisher.connection?.negotiation.needsOffer == true
    }
}

/// What a client asked for when it connected.
struct JoinSettings: Sendable, Equatable {
    /// v0: two peer connections, v1: one.
    var version = SignalRequest.Version.v0
    var autoSubscribe = true
}

/// What a client sends.
struct Publisher: Sendable {
    /// On which the client offers. v0: opened by its first offer; v1: there from the start, and the only one.
    var connection: Connection<PublisherNegotiation>?
    /// Announced by AddTrack, not yet seen in an offer; oldest first.
    var pending: [PendingTrack] = []
    /// Sections that send, for which no AddTrack came yet: a browser may send the offer at the same moment.
    var unclaimed: [PublishedSection] = []
    /// Sids in the order of publishing.
    var tracks: [String] = []
}

struct PendingTrack: Sendable {
    let cid: String
    var info: LiveKitTrackInfo
    let preferences: SectionPreferences
    /// Muted, though its client does not know it yet.
    var isClosedByRule = false

    var kind: MediaKind { info.type == .audio ? .audio : .video }
}

/// What a client receives.
struct Subscriber: Sendable {
    /// What we asked the client for. While it is awaited, changes are gathered for the next round.
    struct Awaited: Sendable, Equatable {
        enum Step: Sendable, Equatable {
            /// v0: the answer to our offer of this number.
            case answer(to: UInt32)
            /// v1: an offer with so many sections to receive in. One without them may have been on its way already.
            case offer(SectionCount, mayHaveCrossed: Bool)
        }
        var step: Step
        let since: Duration
    }

    /// v0: the connection it receives on; we offer. Nil in v1: our answers on the publisher's connection carry its tracks.
    var connection: Connection<SubscriberNegotiation>?
    var awaited: Awaited?
    var lastOfferID: UInt32 = 0
    /// Of our newest description; clients want it complete with every one.
    var midToTrackID: [String: String] = [:]
    /// What the client asked for itself, by track sid; it overrides auto-subscribe.
    var choices: [String: Bool] = [:]
    /// Tracks that the client does not show at the moment.
    var disabled: Set<String> = []
    /// By track sid.
    var subscriptions: [String: Subscription] = [:]
    /// All in use on this transport.
    var ssrcs: Set<UInt32> = []
}

struct Subscription: Sendable {
    enum Stage: Sendable, Equatable {
        /// In our description, or waiting for the next one.
        case negotiating
        case open(SubscriptionID)
        /// The client cannot decode it; its section stays empty.
        case refused
    }
    let ssrc: UInt32
    let retransmissionSSRC: UInt32?
    let kind: MediaKind
    var isAutomatic: Bool
    var stage = Stage.negotiating
}

/// A publisher's list of who may subscribe to which of its tracks.
struct Audience: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var allTracks: Bool
        var tracks: Set<String>
    }
    /// By identity.
    var identities: [String: Entry] = [:]
    /// By participant sid.
    var sids: [String: Entry] = [:]

    func admits(identity: String, sid: String, to track: String) -> Bool {
        [identities[identity], sids[sid]].contains { entry in
            entry.map { $0.allTracks || $0.tracks.contains(track) } ?? false
        }
    }
}
