// One packet loop with its control: an actor whose executor is the loop's own thread. This is the shell around
// `RelayCore`: it has the thread, the clock and the socket, and no decisions.
//
// A turn:  wait and receive (C) → packet events → commands → actor jobs → timers → send (C) → deliver events

actor RelayWorker {
    nonisolated let index: WorkerIndex
    nonisolated let port: UInt16
    private nonisolated let executor: PacketLoopExecutor
    private nonisolated let inbox: CommandInbox

    private let loop: PacketLoop
    private let core: RelayCore
    private let deliver: @Sendable ([EventBatch], [ReleasedName]) -> Void
    private var now: MediaTime

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Binds the sockets. The thread begins with `run`.
    ///
    /// - Parameter deliver: called on the worker's thread, once a turn at most; it must not wait.
    init(
        index: WorkerIndex, address: SocketAddress, configuration: RelayConfiguration, certificate: DTLSCertificate,
        wallClock: UInt64, deliver: @escaping @Sendable ([EventBatch], [ReleasedName]) -> Void
    ) throws(RelayError) {
        let loop: PacketLoop
        do {
            loop = try PacketLoop(
                bind: address, acceptsTCP: configuration.acceptsTCP,
                receiveBufferBytes: configuration.receiveBufferBytes, sendBufferBytes: configuration.sendBufferBytes)
        } catch {
            throw RelayError(error, address: address)
        }
        let now = PacketLoop.now
        guard
            let core = RelayCore(
                worker: index, capacity: configuration.capacity, certificate: certificate,
                wallClockOrigin: wallClock &- now.microseconds, random: SystemRandomNumberGenerator())
        else { throw .memory }
        self.index = index
        self.port = loop.port
        self.executor = PacketLoopExecutor(waker: loop.waker)
        self.inbox = CommandInbox(waker: loop.waker)
        self.loop = loop
        self.core = core
        self.deliver = deliver
        self.now = now
    }

    // MARK: Any thread

    /// In order, without waiting. After `stop` nobody reads them.
    nonisolated func post(_ commands: [Command]) { inbox.post(commands) }

    /// The thread says goodbye to every peer and ends.
    nonisolated func stop() { executor.stop() }

    /// The body of the worker's thread.
    nonisolated func run() {
        executor.adoptCurrentThread()
        while !executor.isStopped {
            assumeIsolated { $0.beginTurn() }
            executor.runJobs()
            assumeIsolated { $0.endTurn() }
        }
        assumeIsolated { $0.finish() }
        executor.end()
    }

    // MARK: The worker's thread

    func statistics() -> WorkerStatistics {
        var statistics = core.statistics()
        statistics.port = port
        statistics.loop = loop.statistics()
        return statistics
    }

    private func beginTurn() {
        now = loop.turn(core.packets, until: core.nextDeadline)
        core.handlePacketEvents(now)
        for command in inbox.take() { core.perform(command, now) }
    }

    private func endTurn() {
        core.runTimers(now)
        // Commands and timers may have made the packet core say something.
        core.handlePacketEvents(now)
        flush()
    }

    /// Commands that were posted before the stop are still obeyed: a goodbye may be among them.
    private func finish() {
        for command in inbox.take() { core.perform(command, now) }
        core.closeAll(now)
        flush()
    }

    private func flush() {
        loop.flush(core.packets)
        let batches = core.takeEvents()
        let names = core.takeReleasedNames()
        if !batches.isEmpty || !names.isEmpty { deliver(batches, names) }
    }
}
