// Every meeting of this process by name: opens one for its first participant, forgets it when it ended, and brings the
// relay's events to the meeting they belong to.

import LiveKitProtocol
public import Logging
public import MediaRelay

public actor MeetingDirectory {
    private let configuration: MeetingConfiguration
    private let plane: any MediaPlane
    private let keys: AccessKeys
    private let events: (any EventSink)?
    private let logger: Logger
    private let clock = MeetingClock()
    private var meetings: [String: Meeting] = [:]
    private var owners: [OwnerTag: Meeting] = [:]
    private var lastOwner: UInt64 = 0
    private var isShuttingDown = false

    nonisolated let counters = MeetingCounters()
    nonisolated let revocations: Revocations

    /// - Parameters:
    ///   - keys: sign the tokens that clients come back with.
    ///   - events: is told what happens in every meeting.
    public init(
        configuration: MeetingConfiguration, plane: any MediaPlane, keys: AccessKeys,
        revocations: Revocations = Revocations(), events: (any EventSink)? = nil, logger: Logger
    ) {
        self.configuration = configuration
        self.plane = plane
        self.keys = keys
        self.revocations = revocations
        self.events = events
        self.logger = logger
    }

    /// Brings batches of the relay to their meetings, in order. Called by the one reader of the relay's events.
    public func deliver(_ batches: [EventBatch]) async {
        for batch in batches { await owners[batch.owner]?.receive(batch.events) }
    }

    public func statistics() async -> MeetingStatistics {
        var statistics = counters.current
        for meeting in meetings.values {
            let gauges = await meeting.gauges
            statistics.meetings += gauges.meetings
            statistics.participants += gauges.participants
            statistics.publications += gauges.publications
            statistics.subscriptions += gauges.subscriptions
        }
        return statistics
    }

    /// Tells everybody to come back later and takes no more joins.
    public func shutdown() async {
        isShuttingDown = true
        for meeting in meetings.values { await meeting.shutDown() }
    }

    // MARK: The server API

    /// The meetings of these names that there are; all when there are none.
    func rooms(named names: [String]) async -> [LiveKitRoom] {
        let wanted = names.isEmpty ? Array(meetings.keys) : Array(Set(names))
        var rooms: [LiveKitRoom] = []
        for name in wanted.sorted() {
            if let room = try? await administer(name, { $0.room }) { rooms.append(room) }
        }
        return rooms
    }

    /// Opens a meeting, or finds the one that is there.
    func open(_ name: String, with wishes: RoomConfiguration) async throws(AdministrationError) -> LiveKitRoom {
        while true {
            guard !isShuttingDown else { throw .shuttingDown }
            let meeting = meetings[name] ?? open(name, wishes)
            do {
                return try await meeting.administer { $0.room }
            } catch {
                forget(name, meeting.owner)
            }
        }
    }

    func administer<Answer: Sendable>(
        _ name: String, _ body: @Sendable (inout MeetingState) throws(AdministrationError) -> Answer
    ) async throws(AdministrationError) -> Answer {
        guard let meeting = meetings[name] else { throw .noSuchRoom }
        return try await meeting.administer(body)
    }

    func call(_ request: LiveKitPerformRpcRequest) async throws(AdministrationError) -> RemoteCallOutcome {
        guard let meeting = meetings[request.room] else { throw .noSuchRoom }
        return try await meeting.call(request)
    }

    /// Sends a participant to another meeting, which is opened if need be.
    func move(_ identity: String, from name: String, to destination: String) async throws(AdministrationError) {
        _ = try await administer(name) { state throws(AdministrationError) in try state.info(of: identity) }
        _ = try await open(destination, with: RoomConfiguration())
        try await administer(destination) { state throws(AdministrationError) in try state.expect(identity) }
        try await administer(name) { state throws(AdministrationError) in try state.move(identity, to: destination) }
    }

    /// Shows a participant in another meeting as well, which is opened if need be.
    func forward(_ identity: String, from name: String, to destination: String) async throws(AdministrationError) {
        guard let source = meetings[name] else { throw .noSuchRoom }
        let forwarded = try await source.administer { state throws(AdministrationError) in
            try state.forward(identity, to: destination)
        }
        let sid = forwarded.info.sid
        do throws(AdministrationError) {
            guard !isShuttingDown else { throw .shuttingDown }
            // On one packet loop where there is a choice: it saves the way between two.
            let target = meetings[destination] ?? open(destination, nil, on: source.worker)
            try await target.administer { state throws(AdministrationError) in try state.show(forwarded, from: name) }
        } catch {
            try? await source.administer { $0.stopForwarding(sid, to: destination) }
            throw error
        }
        // What changed before the guest was there.
        let now = try? await source.administer { state in
            state.identities[identity].flatMap { state.snapshot(of: $0) }
        }
        if let now = now ?? nil, now.info.sid == sid {
            await deliver(.changed(now, in: destination), from: name)
        } else {
            await deliver(.ended(sid, in: destination), from: name)
        }
    }

    private func deliver(_ message: ForwardMessage, from name: String) async {
        switch message {
        case .changed(let forwarded, let other): try? await meetings[other]?.administer { $0.update(forwarded) }
        case .ended(let sid, let other): try? await meetings[other]?.administer { $0.conclude(sid) }
        case .dropped(let sid, let other): try? await meetings[other]?.administer { $0.stopForwarding(sid, to: name) }
        }
    }

    /// Ends what a person's tokens for a meeting are worth, from now on and across restarts; to be called before the
    /// removal itself, so that nobody slips in between.
    /// - Parameter notAfter: seconds since 1970; tokens made then or earlier are dead. Nil: those made until now.
    func revoke(identity: String, meeting name: String, notAfter: Int64? = nil) async {
        let validity = await meetings[name]?.tokenValidity(of: identity)
        await revocations.add(
            Revocation(
                meeting: name, identity: identity, validity: validity, notAfter: notAfter, now: clock.now.unixSeconds))
    }

    // MARK: Hosts

    /// Ends everything that a member does with tokens of lower epochs, and what those tokens are worth: in force at every
    /// door before the first stay ends. All meetings at the same time, so that a busy one holds up no other.
    /// - Returns: how many stays ended.
    @discardableResult
    public func cutOff(_ member: String, below epoch: Int64) async -> Int {
        revocations.raise(member, to: epoch)
        let running = Array(meetings.values)
        let stays = await withTaskGroup(of: Int.self) { group in
            for meeting in running {
                group.addTask { (try? await meeting.administer { $0.cutOff(member, below: epoch) }) ?? 0 }
            }
            return await group.reduce(0, +)
        }
        // Last: a disk may be slow.
        await revocations.save()
        return stays
    }

    func control(
        _ name: String, _ control: HostControl, by actor: ControlActor
    ) async throws(ControlRefusal) -> Bool {
        let result: Result<Bool, ControlRefusal>
        do throws(AdministrationError) {
            result = try await administer(name) { state in
                Result { () throws(ControlRefusal) in try state.perform(control, by: actor) }
            }
        } catch {
            throw .ended
        }
        return try result.get()
    }

    func view(_ name: String, for actor: ControlActor) async throws(ControlRefusal) -> MeetingView {
        let result: Result<MeetingView, ControlRefusal>
        do throws(AdministrationError) {
            result = try await administer(name) { state in
                Result { () throws(ControlRefusal) in try state.view(for: actor) }
            }
        } catch {
            throw .ended
        }
        return try result.get()
    }

    // MARK: Joining

    /// Makes every check that `join` would make.
    func refusal(for newcomer: Newcomer, meeting name: String) async -> SignalRefusal? {
        if isShuttingDown { return .shuttingDown }
        guard let meeting = meetings[name] else { return mayOpen(newcomer) ? nil : .noSuchRoom }
        return await meeting.refusal(for: newcomer)
    }

    func join(_ newcomer: Newcomer, meeting name: String, outbox: Outbox) async throws(SignalRefusal)
        -> (Meeting, SessionID)
    {
        while true {
            guard !isShuttingDown else { throw .shuttingDown }
            guard meetings[name] != nil || mayOpen(newcomer) else { throw .noSuchRoom }
            let meeting = meetings[name] ?? open(name, newcomer.claims.roomConfiguration)
            switch await meeting.join(newcomer, outbox: outbox) {
            case .joined(let session): return (meeting, session)
            case .refused(let refusal): throw refusal
            case .ended: forget(name, meeting.owner)
            }
        }
    }

    /// Nil: the client has no place to come back to.
    func resume(identity: String, sid: String, meeting name: String, outbox: Outbox) async -> (Meeting, SessionID)? {
        guard !isShuttingDown, let meeting = meetings[name],
            let session = await meeting.resume(identity: identity, sid: sid, outbox: outbox)
        else {
            counters.count { $0.resumesRefused &+= 1 }
            return nil
        }
        return (meeting, session)
    }

    private func mayOpen(_ newcomer: Newcomer) -> Bool {
        configuration.opensOnJoin || newcomer.claims.video.roomCreate == true
    }

    private func open(_ name: String, _ wishes: RoomConfiguration?, on worker: WorkerIndex? = nil) -> Meeting {
        lastOwner &+= 1
        let owner = OwnerTag(rawValue: lastOwner)
        let meeting = Meeting(
            name: name, owner: owner, configuration: configuration, settings: RoomSettings(configuration, wishes),
            worker: worker, plane: plane, keys: keys, clock: clock, counters: counters,
            revocations: revocations, events: events, logger: logger,
            onForward: { [weak self] message in Task { await self?.deliver(message, from: name) } },
            onEnd: { [weak self] in Task { await self?.forget(name, owner) } })
        meetings[name] = meeting
        owners[owner] = meeting
        return meeting
    }

    private func forget(_ name: String, _ owner: OwnerTag) {
        if meetings[name]?.owner == owner { meetings[name] = nil }
        owners[owner] = nil
    }
}
