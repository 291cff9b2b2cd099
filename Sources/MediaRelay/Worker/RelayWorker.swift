// One packet loop with its control: an actor whose executor is the loop's own thread. This is the shell around
// `RelayCore`: it has the thread, the clock and the socket, and no decisions.
//
// A turn:  wait (C) → commands and messages of other workers → receive and forward (C) → packet events → actor jobs → timers
//          → send (C) → messages to other workers → deliver events

import Synchronization

actor RelayWorker {
    nonisolated let index: WorkerIndex
    nonisolated let port: UInt16
    private nonisolated let costly = Atomic(0)
    private nonisolated let executor: PacketLoopExecutor
    private nonisolated let inbox: WorkerInbox
    private nonisolated let waker: PacketLoopWaker

    private let loop: PacketLoop
    private let core: RelayCore
    private let deliver: @Sendable ([EventBatch], [ReleasedName]) -> Void
    private var peers: [WorkerIndex: WorkerInbox] = [:]
    private var now: MediaTime

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Binds the sockets. The thread begins with `run`.
    ///
    /// - Parameter deliver: called on the worker's thread, once a turn at most; it must not wait.
    init(
        index: WorkerIndex, address: SocketAddress, configuration: RelayConfiguration, certificate: DTLSCertificate,
        wallClockOrigin: UInt64, deliver: @escaping @Sendable ([EventBatch], [ReleasedName]) -> Void
    ) throws(RelayError) {
        let loop: PacketLoop
        do {
            loop = try PacketLoop(
                bind: address, acceptsTCP: configuration.acceptsTCP,
                receiveBufferBytes: configuration.receiveBufferBytes, sendBufferBytes: configuration.sendBufferBytes)
        } catch {
            throw RelayError(error, address: address)
        }
        guard
            let core = RelayCore(
                worker: index, capacity: configuration.capacity, certificate: certificate,
                wallClockOrigin: wallClockOrigin, random: SystemRandomNumberGenerator())
        else { throw .memory }
        self.index = index
        self.port = loop.port
        self.executor = PacketLoopExecutor(waker: loop.waker)
        self.inbox = WorkerInbox(waker: loop.waker)
        self.waker = loop.waker
        self.loop = loop
        self.core = core
        self.deliver = deliver
        self.now = PacketLoop.now
    }

    // MARK: Any thread

    /// In order, without waiting. After `stop` nobody reads them.
    nonisolated func post(_ commands: [Command]) { inbox.post(commands) }

    /// How many of its transports have costly keys, as of its last turn.
    nonisolated var costlyTransports: Int { costly.load(ordering: .relaxed) }

    /// The way to this worker from another. Nil: no memory.
    nonisolated func link() -> PacketLink? { PacketLink(receiver: waker) }

    /// What this worker is told of another that it shall be connected with.
    nonisolated func connection(outbound: PacketLink, inbound: PacketLink) -> PeerConnection {
        PeerConnection(worker: index, inbox: inbox, outbound: outbound, inbound: inbound)
    }

    /// The thread says goodbye to every peer and ends.
    nonisolated func stop() { executor.stop() }

    /// The body of the worker's thread.
    nonisolated func run(with peers: [PeerConnection]) {
        executor.adoptCurrentThread()
        assumeIsolated { $0.connect(peers) }
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
        loop.wait(core.packets, until: core.nextDeadline)
        now = PacketLoop.now
        // Before the packets: a client sends once it has its answer, and the stream that it sends was asked for before.
        takeInputs()
        now = loop.work(core.packets)
        core.handlePacketEvents(now)
    }

    private func endTurn() {
        core.runTimers(now)
        // Commands and timers may have made the packet core say something.
        core.handlePacketEvents(now)
        flush()
    }

    /// Commands that were posted before the stop are still obeyed: a goodbye may be among them.
    private func finish() {
        takeInputs()
        core.closeAll(now)
        flush()
    }

    private func connect(_ peers: [PeerConnection]) {
        for peer in peers {
            self.peers[peer.worker] = peer.inbox
            core.connect(to: peer.worker, outbound: peer.outbound, inbound: peer.inbound)
        }
    }

    private func takeInputs() {
        for input in inbox.take() {
            switch input {
            case .command(let command): core.perform(command, now)
            case .message(let message): core.receive(message, now)
            }
        }
    }

    private func flush() {
        loop.flush(core.packets)
        costly.store(core.costlyTransports, ordering: .relaxed)
        let messages = core.takePeerMessages()
        if !messages.isEmpty {
            for (peer, messages) in Dictionary(grouping: messages, by: \.to) { peers[peer]?.post(messages) }
        }
        let batches = core.takeEvents()
        let names = core.takeReleasedNames()
        if !batches.isEmpty || !names.isEmpty { deliver(batches, names) }
    }
}
