// Plays a scenario against a server and judges it. An actor on the one event loop on which also sockets are read and
// media is sent, so that everything of the client costs one core and nothing is locked.

import AsyncHTTPClient
import CLoad
import Foundation
import Histogram
import MediaRelay
import NIOCore
import NIOHTTP1

/// A server as the driver sees it.
struct Target: Sendable {
    enum Kind: String, Sendable { case hutong, janus }

    var kind = Kind.hutong
    var address: SignalAddress
    var token: AccessToken
    /// Nil: it cannot be looked at, since it runs elsewhere.
    var process: Int32?
    var cores: Cores
}

actor LoadDriver {
    nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    /// Owns the hot loop's objects.
    private final class Load {
        let pointer: OpaquePointer
        init() throws {
            guard let pointer = cl_create(UInt64.random(in: 0...UInt64.max)) else { throw LoadError("out of memory") }
            self.pointer = pointer
        }
        deinit { cl_destroy(pointer) }
    }

    private let scenario: Scenario
    private let size: Scenario.Size
    private let plan: ScenarioPlan
    private let media: MediaKind
    private let target: Target
    private let http: HTTPClient
    private let progress = ProgressBar()
    private let load: Load
    private var world: LoadWorld?
    private var participants: [Participant] = []
    private var awaitingMedia: Set<Int> = []
    private var turns: RepeatedTask?
    private var delayBuffer = [UInt32](repeating: 0, count: 65_536)

    private var delays = LoadDriver.makeHistogram()
    private var joins = LoadDriver.makeHistogram()
    private var firstMedia = LoadDriver.makeHistogram()
    private var isMeasuring = false
    private var report: LoadReport
    private var started: UInt64 = 0
    private var sendtos: [Double] = []

    /// A turn each 2 ms: half a packet for each listener of a webinar, 3 % of the core for 300 empty looks.
    private static let turn = TimeAmount.milliseconds(2)
    /// Joining at a time while a run is prepared: a server is not to be judged by a storm that nobody asked for.
    private static let joinsAtATime = 12
    /// Seconds without anybody new before joining is given up.
    private static let joinPatience = 20.0
    /// Between the last join and the first figure: keyframes are through and queues are empty.
    private static let settleSeconds = 1.0
    /// A share of the core above which we are what is measured.
    private static let clientLimit = 0.9
    /// A share of the server's core that others may use before the server is judged by their doings.
    private static let othersLimit = 0.1
    private static let look = Duration.milliseconds(5)

    /// - Parameter loss: share of what comes that is thrown away.
    init(
        scenario: Scenario, size: Scenario.Size, media: MediaKind, loss: Double, target: Target,
        eventLoop: any EventLoop, http: HTTPClient
    ) throws {
        self.scenario = scenario
        self.size = size
        plan = scenario.plan(size)
        self.media = media
        self.target = target
        self.eventLoop = eventLoop
        self.http = http
        load = try Load()
        cl_set_loss(load.pointer, loss)
        report = LoadReport(
            figures: Figures(
                scenario: scenario.rawValue, participants: size.participants, durationSeconds: 0,
                server: .init(), client: .init(drops: 0, cpuShare: 0), reasons: []))
    }

    /// Up to ten minutes in microseconds.
    private static func makeHistogram() -> Histogram<UInt32> {
        Histogram<UInt32>(highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)
    }

    // MARK: The run

    func run() async throws -> LoadReport {
        try await waitUntilReady()
        let idleMemory = figuresOfServer?.residentBytes
        try prepare()
        defer { end() }
        started = cl_now_ns()
        let residents = plan.participants.indices.filter { !plan.participants[$0].isNewcomer }
        // Who publishes first: whoever comes later then gets everything with the first answer.
        let publishers = residents.filter { !plan.participants[$0].publishes.isEmpty }
        let listeners = residents.filter { plan.participants[$0].publishes.isEmpty }
        await join(publishers, of: residents.count)
        await join(listeners, of: residents.count)
        await chooseTracks(residents)
        await wait(Self.settleSeconds) { self.progress.show("settling", $0) }
        sendtos = Interruption.isAskedFor ? [] : target.cores.timeSendto()
        await measure()
        await waitForJoins()
        if !Interruption.isAskedFor { sendtos += target.cores.timeSendto() }
        finish(idleMemory: idleMemory)
        progress.clear()
        return report
    }

    private func waitUntilReady() async throws {
        let deadline = cl_monotonic_us() + 15_000_000
        while cl_monotonic_us() < deadline, !Interruption.isAskedFor {
            if await isReady { return }
            if let process = target.process, ProcessFigures.read(process) == nil { break }
            try? await Task.sleep(for: .milliseconds(50))
        }
        throw LoadError("no server answers at \(target.address.httpURL); is it running, and is the address right?")
    }

    private var isReady: Bool {
        get async {
            switch target.kind {
            case .hutong: await get("/readyz") != nil
            // It begins to listen when all its parts are there.
            case .janus: ServerProcess.isListening(target.address.port)
            }
        }
    }

    private func get(_ path: String) async -> String? {
        guard let response = try? await http.get(url: target.address.httpURL + path).get(), response.status == .ok,
            let body = response.body
        else { return nil }
        return String(buffer: body)
    }

    private func prepare() throws {
        let world = LoadWorld(
            load: load.pointer, identity: try ClientConnection.Identity(), eventLoop: eventLoop,
            address: target.address, token: target.token, room: "load-\(scenario.rawValue)"
        ) { [self] index, socket, event in
            assumeIsolated { $0.participants[index].handle(event, socket: socket) }
        }
        if media == .real {
            for shape in plan.shapes { world.loops[shape] = try EncodedLoop(shape).add(to: load.pointer) }
        }
        self.world = world
        participants = plan.participants.enumerated().map { index, plan in
            switch target.kind {
            case .hutong: LiveKitParticipant(index: index, plan: plan, world: world)
            case .janus: JanusParticipant(index: index, plan: plan, world: world)
            }
        }
        turns = eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.turn) { [self] _ in
            assumeIsolated { $0.takeTurn() }
        }
    }

    private func end() {
        for participant in participants { participant.leave() }
        turns?.cancel()
        turns = nil
    }

    private func takeTurn() {
        cl_turn(load.pointer)
        var count = 0
        if let datagrams = cl_datagrams(load.pointer, &count), count > 0 {
            let byEndpoint = Dictionary(
                participants.lazy.filter { $0.endpoint != UInt32.max }.map { ($0.endpoint, $0) },
                uniquingKeysWith: { first, _ in first })
            for datagram in UnsafeBufferPointer(start: datagrams, count: count) {
                byEndpoint[datagram.endpoint]?
                    .receive(Array(UnsafeBufferPointer(start: datagram.bytes, count: datagram.length)))
            }
        }
        let now = cl_monotonic_us()
        for participant in participants where participant.deadline <= now { participant.handleTimeout() }
        let taken = cl_take_delays(load.pointer, &delayBuffer, delayBuffer.count)
        if isMeasuring { for delay in delayBuffer[..<taken] { delays.record(UInt64(delay)) } }
        for index in awaitingMedia where participants[index].noticeFirstMedia() {
            awaitingMedia.remove(index)
            if let milliseconds = participants[index].firstMediaMilliseconds {
                firstMedia.record(UInt64(milliseconds * 1_000))
            }
        }
    }

    /// Until it is over, or somebody pressed Ctrl-C.
    private func wait(_ seconds: Double, _ tell: (Double) -> Void) async {
        let start = cl_monotonic_us()
        while !Interruption.isAskedFor {
            let elapsed = Double(cl_monotonic_us() - start) / 1e6
            tell(elapsed / seconds)
            if elapsed >= seconds { return }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: Joining

    private var joinedCount: Int { participants.count { $0.stage == .connected } }

    private func startJoin(_ index: Int) {
        if participants[index].expectsMedia { awaitingMedia.insert(index) }
        participants[index].join()
    }

    private func join(_ indices: [Int], of total: Int) async {
        var waiting = indices[...]
        var pending: [Int] = []
        var lastProgress = cl_monotonic_us()
        while !Interruption.isAskedFor, !(waiting.isEmpty && pending.isEmpty) {
            let before = pending.count
            pending.removeAll { isOver($0) }
            if pending.count < before { lastProgress = cl_monotonic_us() }
            while pending.count < Self.joinsAtATime, let next = waiting.popFirst() {
                startJoin(next)
                pending.append(next)
            }
            if Double(cl_monotonic_us() - lastProgress) / 1e6 > Self.joinPatience { return }
            progress.show("joining", Double(joinedCount) / Double(max(total, 1)), "\(joinedCount) of \(total)")
            try? await Task.sleep(for: Self.look)
        }
    }

    /// Joined, with its tracks announced, or failed.
    private func isOver(_ index: Int) -> Bool {
        switch participants[index].stage {
        case .idle, .joining: return false
        case .left, .failed:
            awaitingMedia.remove(index)
            return true
        case .connected:
            if let milliseconds = participants[index].joinMilliseconds { note(join: index, milliseconds) }
            return plan.participants[index].publishes.allSatisfy {
                world?.sids[TrackReference(participant: index, shape: $0)] != nil
            }
        }
    }

    private var noted: Set<[Double]> = []

    private func note(join index: Int, _ milliseconds: Double) {
        let began = Double(participants[index].joinStarted &- started) / 1e6
        guard noted.insert([Double(index), began]).inserted else { return }
        joins.record(UInt64(milliseconds * 1_000))
        report.joins.append((began, milliseconds))
    }

    private func choose(_ index: Int) {
        if case .chosen(let tracks) = plan.participants[index].receives { participants[index].choose(tracks) }
    }

    private func chooseTracks(_ indices: [Int]) async {
        let choosing = indices.filter {
            if case .chosen = plan.participants[$0].receives { participants[$0].stage == .connected } else { false }
        }
        for (count, index) in choosing.enumerated() {
            guard !Interruption.isAskedFor else { return }
            choose(index)
            progress.show("choosing tracks", Double(count) / Double(choosing.count))
            try? await Task.sleep(for: Self.look)
        }
        // Everybody's first picture, or as long as a join may take.
        let start = cl_monotonic_us()
        while !Interruption.isAskedFor, !awaitingMedia.isEmpty,
            Double(cl_monotonic_us() - start) / 1e6 < Self.joinPatience
        {
            progress.show(
                "first media", 1 - Double(awaitingMedia.count) / Double(max(indices.count, 1)),
                "\(awaitingMedia.count) to come")
            try? await Task.sleep(for: Self.look)
        }
    }

    // MARK: Measuring

    private struct Snapshot {
        var microseconds: UInt64
        var groups: [cl_counts]
        var forwards: Double?
        var server: ProcessFigures?
        /// Of the server's core, whoever used it.
        var coreBusy: Double?
        var clientCPU: Double
        var drops: UInt64

        var received: UInt64 { groups.reduce(0) { $0 + $1.packets_received } }
        var expected: UInt64 { groups.reduce(0) { $0 + $1.packets_expected } }
    }

    private var figuresOfServer: ProcessFigures? { target.process.flatMap(ProcessFigures.read) }
    private var first: Snapshot?
    private var last: Snapshot?

    private func snapshot() async -> Snapshot {
        let metrics = target.kind == .hutong ? await get("/metrics") : nil
        let forwards = metrics.flatMap { MetricsReader.sum("hutong_forwards_total", in: $0) }
        let groups = (0..<CL_GROUPS).map { group in
            var counts = cl_counts()
            cl_read_counts(load.pointer, group, &counts)
            return counts
        }
        return Snapshot(
            microseconds: cl_monotonic_us(), groups: groups, forwards: forwards, server: figuresOfServer,
            coreBusy: target.cores.serverBusySeconds, clientCPU: ProcessFigures.ownCPUSeconds,
            drops: cl_kernel_drops(load.pointer))
    }

    private func measure() async {
        guard !Interruption.isAskedFor else { return }
        let start = await snapshot()
        first = start
        last = start
        isMeasuring = true
        var previous = start
        var events = plan.events[...]
        var newcomers = participants.indices.filter { plan.participants[$0].isNewcomer }[...]
        var newcomerGap = Double.infinity
        var newcomerDue = Double.infinity
        var churnGap = Double.infinity
        var churnDue = Double.infinity
        var joining: [Int] = []
        var churnable = churnableParticipants[...]
        while true {
            let elapsed = Double(cl_monotonic_us() - start.microseconds) / 1e6
            if elapsed >= size.duration || Interruption.isAskedFor { break }
            while let event = events.first, event.at <= elapsed {
                events.removeFirst()
                switch event.event {
                case .newcomersJoin(let seconds):
                    newcomerGap = seconds / Double(max(newcomers.count, 1))
                    newcomerDue = elapsed
                case .publish(let track): await publish(track)
                case .churn(let every):
                    churnGap = every
                    churnDue = elapsed + every
                }
            }
            while newcomerDue <= elapsed, let next = newcomers.popFirst() {
                newcomerDue += newcomerGap
                startJoin(next)
                joining.append(next)
            }
            while churnDue <= elapsed {
                churnDue += churnGap
                if churnable.isEmpty { churnable = churnableParticipants[...] }
                guard let next = churnable.popFirst() else { break }
                participants[next].leave()
                startJoin(next)
                joining.append(next)
            }
            joining.removeAll { index in
                guard isOver(index) else { return false }
                choose(index)
                return true
            }
            if Double(cl_monotonic_us() - previous.microseconds) / 1e6 >= 1 {
                let now = await snapshot()
                take(sample: now, after: previous, since: start)
                previous = now
            }
            progress.show(
                scenario.rawValue, elapsed / size.duration,
                "\(Int(elapsed)) of \(Int(size.duration)) s, \(joinedCount) there, "
                    + "loss \(LoadReport.number((report.samples.last?.lossRatio ?? 0) * 100, 2)) %")
            try? await Task.sleep(for: Self.look)
        }
        let end = await snapshot()
        isMeasuring = false
        last = end
        take(sample: end, after: previous, since: start)
    }

    /// Who began to join shortly before the end is no failure.
    private func waitForJoins() async {
        let start = cl_monotonic_us()
        while !Interruption.isAskedFor, Double(cl_monotonic_us() - start) / 1e6 < Self.joinPatience,
            !participants.indices.allSatisfy({ participants[$0].stage != .joining })
        {
            progress.show("last joins", Double(joinedCount) / Double(max(participants.count, 1)))
            try? await Task.sleep(for: Self.look)
        }
        for index in participants.indices where participants[index].stage == .connected { _ = isOver(index) }
    }

    /// Those whom nobody needs: who publishes a voice, the large picture or a screen stays.
    private var churnableParticipants: [Int] {
        participants.indices.filter {
            $0 > 1 && plan.participants[$0].publishes == [.thumbnail] && participants[$0].stage == .connected
        }
    }

    private func publish(_ track: TrackReference) async {
        guard participants.indices.contains(track.participant) else { return }
        participants[track.participant].publish(track.shape)
        let start = cl_monotonic_us()
        while world?.sids[track] == nil, Double(cl_monotonic_us() - start) / 1e6 < 5, !Interruption.isAskedFor {
            try? await Task.sleep(for: Self.look)
        }
        for participant in participants
        where participant.index != track.participant && participant.stage == .connected {
            participant.choose([track])
        }
    }

    private func take(sample now: Snapshot, after before: Snapshot, since start: Snapshot) {
        let seconds = Double(now.microseconds - before.microseconds) / 1e6
        // The rest of a last second that is a few milliseconds long says nothing.
        guard seconds > 0.2 else { return }
        report.samples.append(
            Sample(
                seconds: Double(now.microseconds - start.microseconds) / 1e6,
                lossRatio: Self.loss(now.expected - before.expected, now.received - before.received) ?? 0,
                serverCPU: Self.share(now.server, before.server, seconds),
                clientCPU: (now.clientCPU - before.clientCPU) / seconds,
                packetsPerSecond: Double(now.received - before.received) / seconds, participants: joinedCount))
    }

    private static func share(_ now: ProcessFigures?, _ before: ProcessFigures?, _ seconds: Double) -> Double? {
        guard let now, let before, seconds > 0 else { return nil }
        return (now.cpuSeconds - before.cpuSeconds) / seconds
    }

    /// Nil of nothing. Late packets of the time before may make more come than were due: that is no loss.
    private static func loss(_ expected: UInt64, _ received: UInt64) -> Double? {
        guard expected > 0 else { return nil }
        return expected > received ? Double(expected - received) / Double(expected) : 0
    }

    // MARK: Judging

    private func finish(idleMemory: UInt64?) {
        var figures = report.figures
        figures.details.server = target.kind.rawValue
        let failures = participants.compactMap { participant -> String? in
            if case .failed(let reason) = participant.stage { reason } else { nil }
        }
        figures.details.joined = joinedCount
        figures.details.failedJoins = participants.count { $0.stage == .joining } + failures.count
        figures.details.failure = failures.first
        figures.details.expectedForwardsPerSecond = plan.forwardsPerSecond
        figures.details.serverCore = target.cores.server
        figures.details.clientCore = target.cores.client
        figures.details.sendtoNanoseconds = sendtos.median
        figures.join = Percentiles(microseconds: joins)
        figures.firstMedia = Percentiles(microseconds: firstMedia)
        figures.delay = Percentiles(microseconds: delays)
        if joinedCount == 0 { figures.reasons.append("nobody was there: \(failures.first ?? "no answer in time")") }
        if let first, let last, last.microseconds > first.microseconds {
            judge(first, last, idleMemory, &figures)
        } else {
            figures.reasons.append("ended by Ctrl-C before anything was measured")
        }
        report.figures = figures
        report.delayDistribution = delays.percentiles(ticksPerHalfDistance: 5).map {
            ($0.percentile, Double($0.value) / 1_000)
        }
    }

    private func judge(_ first: Snapshot, _ last: Snapshot, _ idleMemory: UInt64?, _ figures: inout Figures) {
        let seconds = Double(last.microseconds - first.microseconds) / 1e6
        let received = last.received - first.received
        let expected = last.expected - first.expected
        figures.durationSeconds = (seconds * 1_000).rounded() / 1_000
        figures.lossRatio = Self.loss(expected, received)
        // A server that does not show its metrics is judged by what arrived.
        let forwards = both(last.forwards, first.forwards).map { $0 - $1 } ?? Double(received)
        figures.forwardsPerSecond = forwards / seconds
        if let now = last.server, let before = first.server {
            let cpu = now.cpuSeconds - before.cpuSeconds
            figures.server.cpuShare = cpu / seconds
            figures.server.rssBytes = now.residentBytes
            if let idleMemory, joinedCount > 0 {
                figures.server.rssBytesPerParticipant =
                    (Double(now.residentBytes) - Double(idleMemory)) / Double(joinedCount)
            }
            if forwards > 0 {
                figures.server.cpuSecondsPerMillionForwards = cpu / forwards * 1e6
                figures.server.sendtoRatio = sendtos.median.map { cpu / forwards * 1e9 / $0 }
            }
        }
        if let now = last.coreBusy, let before = first.coreBusy, let cpu = figures.server.cpuShare {
            let others = max((now - before) / seconds - cpu, 0)
            figures.details.othersShareOfServerCore = others
            // Under SCHED_FIFO they get only what the server leaves.
            if others > Self.othersLimit, !target.cores.isRealtime {
                figures.reasons.append(
                    "other programs used \(Int((others * 100).rounded())) % of the server's core; stop them, or use "
                        + "--realtime")
            }
        }
        figures.client.cpuShare = (last.clientCPU - first.clientCPU) / seconds
        figures.client.drops = last.drops - first.drops
        if scenario == .storm, let now = last.groups.first, let before = first.groups.first {
            figures.details.runningLossRatio = Self.loss(
                now.packets_expected - before.packets_expected, now.packets_received - before.packets_received)
        }
        func total(_ field: KeyPath<cl_counts, UInt64>) -> UInt64 {
            last.groups.reduce(0) { $0 + $1[keyPath: field] }
        }
        figures.details.streams = last.groups.reduce(0) { $0 + Int($1.streams) }
        figures.details.silentStreams = last.groups.reduce(0) { $0 + Int($1.streams) - Int($1.streams_started) }
        figures.details.packetsReceived = received
        figures.details.packetsLost = expected > received ? expected - received : 0
        figures.details.decrypted = total(\.decrypted)
        figures.details.authenticationFailures = total(\.authentication_failures)
        figures.details.keyframeRequests = total(\.plis)
        figures.details.nacks = total(\.nacks)
        figures.details.resent = total(\.resent)
        figures.details.thrownAway = total(\.thrown_away)
        figures.details.nacksSent = total(\.nacks_sent)
        figures.details.repaired = total(\.repaired)
        figures.details.unrepaired = total(\.unrepaired)
        let leftOut = zip(last.groups, first.groups).reduce(0) { $0 + $1.0.frames_left_out - $1.1.frames_left_out }
        figures.details.framesLeftOut = leftOut
        if leftOut > 0 {
            figures.reasons.append(
                "the client was too late for \(leftOut) frames that it should have sent: others use its core")
        }
        if figures.client.drops > 0 {
            figures.reasons.append(
                "the client's sockets dropped \(figures.client.drops) packets: it was too slow, not the server")
        }
        if figures.client.cpuShare > Self.clientLimit {
            figures.reasons.append(
                "the client used \(Int((figures.client.cpuShare * 100).rounded())) % of its core: it was the limit, "
                    + "not the server")
        }
    }
}

/// Both or none.
private func both<A, B>(_ a: A?, _ b: B?) -> (A, B)? {
    guard let a, let b else { return nil }
    return (a, b)
}
