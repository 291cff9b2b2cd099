// A meeting as a value: messages, events and moments go in, effects come out, and nothing else happens. No clock, no
// socket, no log, no randomness but what is handed in. The Meeting actor is the shell that carries the effects out.
//
//   +Joining       newcomer, duplicate identity, leaving
//   +Signals       what a client's message means
//   +Publishing    AddTrack, the publisher's offers, mute, unpublish
//   +Subscribing   who gets what, our offers, the client's answers
//   +Updates       what everybody is told, collected so that a storm of joins stays cheap
//   +Data          packets of the data channels: who may send, who gets them
//   +Rights        what a participant may do, and what happens when that changes
//   +Governance    hosts and other roles, and what they mean for rights
//   +Controls      what hosts ask for
//   +Muting        tracks closed by rule
//   +Waiting       the waiting room
//   +Notices       what people are told in private
//   +Closing       the end of a governed meeting, and of one member's part in it
//   +Administration  what the server API asks for
//   +RemoteCalls   its calls of methods at participants
//   +Forwarding    participants shown in more than one meeting
//   +Media         the relay's events, speakers
//   +Resuming      a client that comes back to its place
//   +Tokens        the token it comes back with
//   +Scenarios     failures on request
//   +Quality       how good everybody's connection is
//   +Timers        time-outs
//   +Events        what other servers are told

import Foundation
import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

struct MeetingState: Sendable {
    let name: String
    let sid: String
    /// Marks the relay's events for this meeting.
    let owner: OwnerTag
    let configuration: MeetingConfiguration
    var settings: RoomSettings
    let createdAt: Moment

    /// What a transport's descriptions say about our side, apart from its credentials.
    struct MediaSide: Sendable {
        /// The packet loop of the first participants, until the relay says that others shall go elsewhere.
        let worker: WorkerIndex
        let fingerprint: Fingerprint
        /// Of that worker.
        let candidates: [ICECandidate]
        let identifiers: IdentifierPool

        var home: MediaPlace { MediaPlace(worker: worker, candidates: candidates) }
    }
    let media: MediaSide
    var random: RandomNames

    /// The moment of the current transaction.
    var now: Moment
    /// The effects of the current transaction.
    private var effects: [Effect] = []

    var participants: [ParticipantID: Participant] = [:]
    /// In the order of joining.
    var roster: [ParticipantID] = []
    var tracks: [String: Track] = [:]
    /// Sids in the order of publishing.
    var trackOrder: [String] = []
    /// How many ever joined.
    private(set) var lastJoined: UInt64 = 0

    // Names → what they name.
    var sessions: [SessionID: ParticipantID] = [:]
    var identities: [String: ParticipantID] = [:]
    var publisherTransports: [TransportID: ParticipantID] = [:]
    var subscriberTransports: [TransportID: ParticipantID] = [:]
    var publications: [PublicationID: String] = [:]
    var subscriptions: [SubscriptionID: (subscriber: ParticipantID, track: String)] = [:]

    /// When collected changes are put before a client. Apart from the participants: this is asked at every message, and
    /// reading 300 of them for it costs an eighth of a webinar.
    var negotiationsDue: [ParticipantID: Duration] = [:]
    var updates = PendingUpdates()
    /// In the order of going, of the last `MeetingTimes.longestAbsence`.
    var recentDepartures: [RecentDeparture] = []
    var speakers: [ParticipantID: Float] = [:]
    /// How many reliable packets were routed.
    var lastDataOrder: UInt64 = 0
    /// Of the server API's newest packets, oldest first.
    var recentNonces: [Data] = []
    /// In which other meetings a participant is shown as well.
    var forwards: [ParticipantID: Set<String>] = [:]
    /// Methods called at participants and not answered yet.
    var calls: [RemoteCallID: RemoteCall] = [:]
    /// Nil: nobody hosts it.
    var governance: Governance?
    /// Everybody is being sent away.
    var isDispersing = false
    /// Since when nobody is here.
    var emptySince: Duration?
    var hasEnded = false
    var nextSweep: Duration
    var nextQualities: Duration
    /// Identities that asked to be told of TCP candidates alone; at most `Limits.tcpOnlyIdentities`.
    var tcpOnly: Set<String> = []
    /// The number of the newest event.
    var lastEvent: UInt64 = 0

    init(
        name: String, owner: OwnerTag, configuration: MeetingConfiguration, settings: RoomSettings? = nil,
        media: MediaSide, random: RandomNames, now: Moment
    ) {
        var random = random
        self.name = name
        self.owner = owner
        self.configuration = configuration
        self.settings = settings ?? RoomSettings(configuration)
        self.media = media
        self.sid = random.sid("RM_")
        self.random = random
        self.createdAt = now
        self.now = now
        self.emptySince = now.uptime
        self.nextSweep = now.uptime + MeetingTimes.sweep
        self.nextQualities = now.uptime + MeetingTimes.quality
        report(.roomStarted)
    }

    // MARK: Transactions

    /// Runs one transaction at a moment and returns its effects.
    mutating func transaction(at moment: Moment, _ body: (inout Self) -> Void) -> [Effect] {
        // A clock that seems to go back (it must not) stands still for us.
        now = Moment(uptime: max(now.uptime, moment.uptime), unixMilliseconds: moment.unixMilliseconds)
        body(&self)
        return takeEffects()
    }

    mutating func takeEffects() -> [Effect] {
        defer { effects.removeAll() }
        return effects
    }

    /// Effects keep their order; neighbouring commands travel together.
    mutating func emit(_ effect: Effect) {
        effects.append(effect)
    }

    mutating func command(_ command: Command) {
        if case .relay(var commands) = effects.last {
            effects.removeLast()
            commands.append(command)
            effects.append(.relay(commands))
        } else {
            effects.append(.relay([command]))
        }
    }

    mutating func send(_ message: LiveKitSignalResponse.OneOf_Message, to id: ParticipantID) {
        guard let session = participants[id]?.session else { return keep(message, for: id) }
        emit(.send(.with { $0.message = message }, to: [session]))
    }

    /// To everybody, or everybody but one.
    mutating func broadcast(_ message: LiveKitSignalResponse.OneOf_Message, except: ParticipantID? = nil) {
        let mayWait = governance != nil
        let recipients = roster.compactMap { id -> SessionID? in
            // Who waits is told nothing of what everybody is told.
            if id == except || (mayWait && participants[id]?.standing.isWaiting == true) { return nil }
            return participants[id]?.session
        }
        guard !recipients.isEmpty else { return }
        emit(.send(.with { $0.message = message }, to: recipients))
    }

    mutating func note(_ kind: MeetingNote.Kind, _ participant: String, _ reason: String) {
        emit(.note(MeetingNote(kind: kind, participant: participant, reason: reason)))
    }

    mutating func nextParticipantID() -> ParticipantID {
        lastJoined &+= 1
        return ParticipantID(rawValue: lastJoined)
    }

    // MARK: What clients are shown

    /// A participant with its published tracks.
    func info(of id: ParticipantID) -> LiveKitParticipantInfo? {
        guard let participant = participants[id] else { return nil }
        var info = participant.info
        info.tracks = participant.publisher.tracks.compactMap { tracks[$0]?.info }
        return info
    }

    var room: LiveKitRoom {
        .with {
            $0.sid = sid
            $0.name = name
            $0.emptyTimeout = UInt32(clamping: settings.emptyTimeout.components.seconds)
            $0.departureTimeout = UInt32(clamping: settings.departureTimeout.components.seconds)
            $0.maxParticipants = UInt32(clamping: settings.maximumParticipants)
            $0.metadata = settings.metadata
            $0.activeRecording = participants.values.contains { $0.rights.isRecorder }
            $0.creationTime = createdAt.unixSeconds
            $0.creationTimeMs = createdAt.unixMilliseconds
            $0.numParticipants = UInt32(clamping: visibleParticipants)
            $0.numPublishers = UInt32(clamping: visiblePublishers)
        }
    }

    private var visibleParticipants: Int {
        participants.values.count { !$0.rights.isHidden }
    }

    private var visiblePublishers: Int {
        participants.values.count { !$0.rights.isHidden && !$0.publisher.tracks.isEmpty }
    }
}
