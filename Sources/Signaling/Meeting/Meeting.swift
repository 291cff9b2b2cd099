// The shell around one MeetingState: gives it the time, carries out its effects, wakes it at its deadlines. Everything
// that decides something is in the state.

import LiveKitProtocol
import Logging
import MediaRelay
import SwiftProtobuf

actor Meeting {
    private var state: MeetingState
    private var outboxes: [SessionID: Outbox] = [:]
    private var lastSession: UInt64 = 0
    private var calls: [RemoteCallID: CheckedContinuation<RemoteCallOutcome, Never>] = [:]
    private let plane: any MediaPlane
    private let keys: AccessKeys
    private let clock: MeetingClock
    private let counters: MeetingCounters
    private let revocations: Revocations
    private let events: (any EventSink)?
    private var logger: Logger
    private let onEnd: @Sendable () -> Void
    private let onForward: @Sendable (ForwardMessage) -> Void
    private var alarm: (deadline: Duration, task: Task<Void, Never>)?

    nonisolated let owner: OwnerTag
    /// The packet loop of its first connections.
    nonisolated let worker: WorkerIndex

    /// - Parameters:
    ///   - worker: nil: the one that has most room.
    ///   - onForward: called with what another meeting shall hear.
    ///   - onEnd: called once, when the meeting takes no more joins.
    init(
        name: String, owner: OwnerTag, configuration: MeetingConfiguration, settings: RoomSettings,
        worker: WorkerIndex?, plane: any MediaPlane, keys: AccessKeys, clock: MeetingClock, counters: MeetingCounters,
        revocations: Revocations, events: (any EventSink)?, logger: Logger,
        onForward: @escaping @Sendable (ForwardMessage) -> Void,
        onEnd: @escaping @Sendable () -> Void
    ) {
        let worker = worker ?? plane.place()
        let media = MeetingState.MediaSide(
            worker: worker, fingerprint: plane.fingerprint, candidates: plane.candidates(of: worker),
            identifiers: plane.identifiers)
        self.state = MeetingState(
            name: name, owner: owner, configuration: configuration, settings: settings, media: media,
            random: RandomNames(), now: clock.now)
        self.owner = owner
        self.plane = plane
        self.keys = keys
        self.clock = clock
        self.counters = counters
        self.revocations = revocations
        self.events = events
        self.logger = logger
        self.logger[metadataKey: "meeting"] = "\(state.sid)"
        self.worker = worker
        self.onForward = onForward
        self.onEnd = onEnd
    }

    deinit { alarm?.task.cancel() }

    // MARK: Sessions

    enum JoinResult: Sendable {
        case joined(SessionID)
        case refused(SignalRefusal)
        /// The meeting ended a moment ago; a new one of the same name takes its place.
        case ended
    }

    /// Asks without letting anybody in.
    func refusal(for newcomer: Newcomer) -> SignalRefusal? { state.refusal(for: newcomer) }

    func join(_ newcomer: Newcomer, outbox: Outbox) -> JoinResult {
        guard !state.hasEnded else { return .ended }
        // Here a second time: whoever is removed while he joins is found either by this or by the removal.
        if revocations.refuse(newcomer.claims) { return .refused(.revoked) }
        if let refusal = state.refusal(for: newcomer) { return .refused(refusal) }
        lastSession &+= 1
        let session = SessionID(rawValue: lastSession)
        outboxes[session] = outbox
        let place = place()
        run { $0.join(newcomer, session: session, place: place) }
        return .joined(session)
    }

    /// For the connections of one more.
    private func place() -> MediaPlace {
        let worker = plane.place(near: worker, participants: state.participants.count)
        return worker == self.worker
            ? state.media.home : MediaPlace(worker: worker, candidates: plane.candidates(of: worker))
    }

    /// Nil: there is no such stay.
    func resume(identity: String, sid: String, outbox: Outbox) -> SessionID? {
        guard let id = state.stay(of: identity, sid: sid) else { return nil }
        lastSession &+= 1
        let session = SessionID(rawValue: lastSession)
        outboxes[session] = outbox
        run { $0.resume(id, session: session) }
        return session
    }

    func receive(_ request: LiveKitSignalRequest, from session: SessionID) {
        run { $0.receive(request, from: session) }
    }

    func socketClosed(_ session: SessionID) {
        outboxes[session] = nil
        run { $0.socketClosed(session) }
    }

    // MARK: The server API

    func administer<Answer: Sendable>(
        _ body: @Sendable (inout MeetingState) throws(AdministrationError) -> Answer
    ) throws(AdministrationError) -> Answer {
        var result = Result<Answer, AdministrationError>.failure(.noSuchRoom)
        if !state.hasEnded {
            run { state in result = Result { () throws(AdministrationError) in try body(&state) } }
        }
        return try result.get()
    }

    /// Returns when the participant answered, or will not.
    func call(_ request: LiveKitPerformRpcRequest) async throws(AdministrationError) -> RemoteCallOutcome {
        let id = try administer { state throws(AdministrationError) in try state.call(request) }
        // The state ends every call, and none before this turn is over.
        return await withCheckedContinuation { calls[id] = $0 }
    }

    // MARK: The rest of the world

    func receive(_ events: [Event]) {
        run { $0.receive(events) }
    }

    func shutDown() {
        run { $0.shutDown() }
    }

    /// Of the token that somebody here came in with.
    func tokenValidity(of identity: String) -> TokenValidity? {
        state.identities[identity].flatMap { state.participants[$0]?.claims.validity }
    }

    var gauges: MeetingStatistics {
        var statistics = MeetingStatistics()
        statistics.meetings = 1
        statistics.participants = state.participants.count
        statistics.publications = state.publications.count
        statistics.subscriptions = state.subscriptions.count
        return statistics
    }

    // MARK: Turns

    private func run(_ body: (inout MeetingState) -> Void) {
        let effects = state.transaction(at: clock.now) { state in
            body(&state)
            state.advance()
        }
        for effect in effects { perform(effect) }
        setAlarm()
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .send(let message, let recipients): send(message, to: recipients)
        case .close(let session, let code, let reason):
            outboxes.removeValue(forKey: session)?.end(code: code, reason: reason)
        case .abort(let session): outboxes.removeValue(forKey: session)?.abort()
        case .refreshToken(let claims, let terms, let session):
            guard let token = keys.refreshed(claims, terms, now: clock.now.unixSeconds) else { break }
            send(.with { $0.refreshToken = token }, to: [session])
        case .relay(let commands): plane.post(commands)
        case .note(let note): record(note)
        case .dropped(let reason): counters.count { $0.dataDrops[reason.rawValue, default: 0] &+= 1 }
        case .forward(let message): onForward(message)
        case .callEnded(let id, let outcome): calls.removeValue(forKey: id)?.resume(returning: outcome)
        case .revoke(let identity, let validity):
            revocations.enforce(
                Revocation(
                    meeting: state.name, identity: identity ?? RevocationList.everybody, validity: validity,
                    notAfter: nil, now: clock.now.unixSeconds))
        case .event(let event): events?.record(event)
        case .ended:
            alarm?.task.cancel()
            alarm = nil
            onEnd()
        }
    }

    /// Encodes once for each form in use; all recipients share the bytes.
    private func send(_ message: LiveKitSignalResponse, to recipients: [SessionID]) {
        var broadcast = Broadcast(message, counters: counters, logger: logger)
        for session in recipients {
            guard let outbox = outboxes[session], let frame = broadcast.frame(outbox.form) else { continue }
            switch outbox.offer(frame) {
            case .accepted: counters.count { $0.messagesOut &+= 1 }
            case .overflowed:
                counters.count { $0.overflowed &+= 1 }
                logger.info("session ended", metadata: ["reason": "reads too slowly"])
            case .ended: break
            }
        }
    }

    private func record(_ note: MeetingNote) {
        let metadata: Logger.Metadata = ["participant": "\(note.participant)", "reason": "\(note.reason)"]
        switch note.kind {
        case .joined(let version):
            counters.count { $0.joins[version.rawValue, default: 0] &+= 1 }
            logger.info(
                "participant joined",
                metadata: [
                    "participant": "\(note.participant)", "sdk": "\(note.reason)", "path": "\(version.rawValue)",
                ])
        case .left:
            counters.count {
                $0.leaves &+= 1
                $0.departures[note.reason, default: 0] &+= 1
            }
            logger.info("participant left", metadata: metadata)
        case .resumed:
            counters.count { $0.resumes &+= 1 }
            logger.info("participant resumed", metadata: ["participant": "\(note.participant)"])
        case .failure:
            logger.notice("participant failure", metadata: metadata)
        }
    }

    // MARK: Time

    private func setAlarm() {
        guard !state.hasEnded else { return }
        let deadline = state.nextDeadline
        if let alarm, alarm.deadline <= deadline { return }
        alarm?.task.cancel()
        let delay = deadline - clock.now.uptime
        alarm = (
            deadline,
            Task { [weak self] in
                if delay > .zero { try? await Task.sleep(for: delay, tolerance: .zero) }
                guard !Task.isCancelled else { return }
                await self?.alarmRang(deadline)
            }
        )
    }

    private func alarmRang(_ deadline: Duration) {
        guard alarm?.deadline == deadline else { return }
        alarm = nil
        run { _ in }
    }
}
