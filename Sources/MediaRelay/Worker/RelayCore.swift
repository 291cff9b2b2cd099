// One worker's control of its packets: commands, packet events and due timers go in, calls into the packet core and
// events come out. No clock, no thread, no system call: the worker's thread drives it, and so does a test with a virtual
// clock and the packet core's in-memory network.
//
//   perform(command)  ┐                         ┌ packets (C): open, point, close, send
//   receive(message)  ├─ tables below ─ actions ┤ takeEvents, takeReleasedNames
//   handlePacketEvents│                         └ takePeerMessages
//   runTimers         ┘
//
// Aspects: +Transports (ICE, DTLS, closing), +DataChannels, +Publications, +Subscriptions, +Keyframes, +Feedback (RTCP
// in), +Reports (RTCP out), +Speakers, +Statistics; with other workers +Mirrors (media) and +RemoteRoom (data).

enum RelayTimer: Hashable {
    /// ICE, DTLS and SCTP.
    case transport(TransportID)
    /// RTCP reports of a connected transport.
    case reports(TransportID)
    /// Transport-wide feedback of a connected transport.
    case feedback(TransportID)
    /// Retransmissions to ask for again.
    case missing(ObjectName)
    /// A keyframe request waits or is to be repeated.
    case keyframe(ObjectName)
    /// Which encoding of a publication delivers.
    case encodings(PublicationID)
    case speakers
}

package final class RelayCore {
    package let worker: WorkerIndex
    package let packets: PacketCore
    let certificate: DTLSCertificate
    /// Microseconds of Unix time at `MediaTime` zero: reports carry wall clock time.
    let wallClockOrigin: UInt64
    var random: any RandomNumberGenerator

    var timers = TimerQueue<RelayTimer>()
    var transports: [TransportID: TransportEntry] = [:]
    /// Which transport a STUN request is for.
    var usernameFragments: [String: TransportID] = [:]
    /// Transports in the client's role: STUN responses name nobody, so these are asked in turn.
    var clientTransports: Set<TransportID> = []
    var publications: [PublicationID: Publication] = [:]
    var subscriptions: [SubscriptionID: Subscription] = [:]
    var streams: [ObjectName: IncomingStream] = [:]
    var streamNames = NameTable()
    var speakers = SpeakerRanking()

    /// To each other worker.
    var links: [WorkerIndex: PacketLink] = [:]
    /// Of publications of other workers, which stand in `publications` once their worker has answered.
    var mirrors: [PublicationID: Mirror] = [:]
    var lastTicket: UInt32 = 0
    var peerMessages: [PeerMessage] = []
    /// Senders of other workers that wait for room at these transports.
    var questions: [DataQuestion: [TransportID]] = [:]
    var lastQuestion: UInt32 = 0

    /// Transports whose data channels have something to send or may be read again.
    var transportsWithDueData = FIFO<TransportID>()
    var dataStatistics = DataStatistics()
    var feedback = FeedbackStatistics()
    var transportFailures: [TransportFailure: UInt64] = [:]
    /// Transports with costly keys.
    var costlyTransports = 0
    var refusedStun: UInt64 = 0
    var refusedCommands: UInt64 = 0

    var outbox = EventOutbox()
    private var releasedNames: [ReleasedName] = []

    /// Nil: no memory for the packet core.
    init?(
        worker: WorkerIndex, capacity: WorkerCapacity, certificate: DTLSCertificate, wallClockOrigin: UInt64,
        random: any RandomNumberGenerator
    ) {
        var random = random
        guard let packets = PacketCore(capacity: capacity, hashSeed: random.next()) else { return nil }
        self.worker = worker
        self.packets = packets
        self.certificate = certificate
        self.wallClockOrigin = wallClockOrigin
        self.random = random
    }

    /// With a certificate of its own, for a core that is driven by hand.
    package convenience init?(
        worker: WorkerIndex, capacity: WorkerCapacity, wallClockOrigin: UInt64, random: any RandomNumberGenerator
    ) {
        guard let certificate = try? DTLSCertificate() else { return nil }
        self.init(
            worker: worker, capacity: capacity, certificate: certificate, wallClockOrigin: wallClockOrigin,
            random: random)
    }

    /// Another worker of the same server.
    package convenience init?(
        worker: WorkerIndex, beside other: RelayCore, capacity: WorkerCapacity, random: any RandomNumberGenerator
    ) {
        self.init(
            worker: worker, capacity: capacity, certificate: other.certificate,
            wallClockOrigin: other.wallClockOrigin, random: random)
    }

    package var fingerprint: Fingerprint { certificate.fingerprint }

    // MARK: Input

    package func perform(_ command: Command, _ now: MediaTime) {
        switch command {
        case .openTransport(let id, let owner, let role, let local): open(id, owner, role, local, now)
        case .setRemote(let id, let parameters): setRemote(id, parameters, now)
        case .setHeaderExtensions(let id, let identifiers): setHeaderExtensions(id, identifiers, now)
        case .closeTransport(let id): close(id, now)
        case .restartICE(let id, let local): restartICE(id, local, now)
        case .openDataChannel(let id, let parameters): openDataChannel(id, parameters, now)
        case .sendData(let recipients, let message): sendData(recipients, message, now)
        case .dataHandled(let id, let recipients): dataHandled(id, recipients)
        case .openPublication(let id, let parameters): open(id, parameters, now)
        case .updatePublication(let id, let parameters): update(id, parameters, now)
        case .setMuted(let id, let isMuted): setMuted(id, isMuted, now)
        case .requestKeyframe(let id): requestKeyframe(id, now)
        case .closePublication(let id): close(id)
        case .push(let id, let packet): push(packet, into: id, now)
        case .openSubscription(let id, let parameters): open(id, parameters, now)
        case .setPaused(let id, let isPaused): setPaused(id, isPaused, now)
        case .closeSubscription(let id): close(id)
        }
    }

    /// What the last receive left to think about. Handling it may cause more, which is handled too. What commands and
    /// timers have left to the data channels leaves here, so that messages of one turn share packets.
    package func handlePacketEvents(_ now: MediaTime) {
        while true {
            let events = packets.takeEvents()
            if events.isEmpty { break }
            for event in events { handle(event, now) }
        }
        exchangeDueData(now)
    }

    package func runTimers(_ now: MediaTime) {
        while let timer = timers.popDue(now) {
            switch timer {
            case .transport(let id): handleTimeout(of: id, now)
            case .reports(let id): sendReports(of: id, now)
            case .feedback(let id): sendTransportFeedback(of: id, now)
            case .missing(let stream): requestMissing(of: stream, now)
            case .keyframe(let stream): repeatKeyframeRequest(of: stream, now)
            case .encodings(let id): observeEncodings(of: id, now)
            case .speakers: observeSpeakers(now)
            }
        }
    }

    /// Says goodbye on every transport and gives back everything.
    package func closeAll(_ now: MediaTime) {
        for id in Array(transports.keys) { close(id, now) }
        for id in Array(publications.keys) { close(id) }
    }

    // MARK: Output

    /// When `runTimers` wants to be called.
    package var nextDeadline: MediaTime { timers.next() }

    package func takeEvents() -> [EventBatch] { outbox.take() }

    /// Names that may be given to other objects.
    package func takeReleasedNames() -> [ReleasedName] {
        defer { releasedNames.removeAll(keepingCapacity: true) }
        return releasedNames
    }

    // MARK: Common to the aspects

    func release(_ name: ReleasedName) { releasedNames.append(name) }

    /// Microseconds of Unix time.
    func wallClock(_ now: MediaTime) -> UInt64 { wallClockOrigin &+ now.microseconds }

    func transportID(_ name: ObjectName) -> TransportID { TransportID(worker: worker, name: name) }

    func subscriptionID(_ name: ObjectName) -> SubscriptionID { SubscriptionID(worker: worker, name: name) }

    private func handle(_ event: PacketEvent, _ now: MediaTime) {
        switch event {
        case .stun(let bytes, let address): receive(stun: bytes, from: address, now)
        case .dtls(let bytes, let transport): receive(handshake: bytes, on: transportID(transport), now)
        case .rtcp(let bytes, let transport, let arrival):
            receive(feedback: bytes, on: transportID(transport), arrival: arrival, now)
        case .streamStarted(let stream): started(stream, now)
        case .streamLoss(let stream): requestMissing(of: stream, now)
        case .keyframeWanted(let stream): keyframeWanted(by: stream, now)
        case .keyframe(let stream): keyframeArrived(stream)
        case .forwardStarted(let forward): started(subscriptionID(forward))
        case .forwardSwitched: break
        case .packet(let bytes, let stream): tapped(bytes, of: stream)
        }
    }
}
