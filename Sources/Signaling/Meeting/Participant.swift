// One person (or bot) in a meeting: what others are shown of it, what it may do, and its two connections.

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

struct Participant: Sendable {
    let id: ParticipantID
    let rights: Rights
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

    var sid: String { info.sid }
    var identity: String { info.identity }
    var isActive: Bool { info.state == .active }

    /// The state of the connection on which the client's own waiting for "connected" depends.
    var primaryStage: ConnectionStage? { subscriber?.stage ?? publisher.connection?.stage }
}

/// What a client asked for when it connected.
struct JoinSettings: Sendable, Equatable {
    var autoSubscribe = true
}

/// The connection on which a client sends. It is opened by the client's first offer.
struct Publisher: Sendable {
    struct Connection: Sendable {
        let transport: TransportID
        var negotiation: PublisherNegotiation
        var stage = ConnectionStage.connecting
        var agreed: TransportAgreement?
    }
    var connection: Connection?
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

    var kind: MediaKind { info.type == .audio ? .audio : .video }
}

/// The connection on which a client receives. We offer.
struct Subscriber: Sendable {
    let transport: TransportID
    var negotiation: SubscriberNegotiation
    var stage = ConnectionStage.connecting
    var agreed: TransportAgreement?
    /// Offers that the client has not answered yet: none or one.
    var offerInFlight: (id: UInt32, sentAt: Duration)?
    var lastOfferID: UInt32 = 0
    /// When collected changes are offered; nil when there are none.
    var offerDue: Duration?
    /// Of the newest offer; clients want it complete with every description.
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
        /// In our offer, or waiting for the next one.
        case negotiating
        case open(SubscriptionID)
        /// The client cannot decode it; its section stays empty.
        case refused
    }
    /// The section that carries it.
    let mid: String
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
