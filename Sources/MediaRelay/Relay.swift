// The façade: one worker per core, commands routed to them by name, their events in one stream. The only part of the
// module that opens sockets and starts threads.

import Glibc
import Synchronization

public final class Relay: MediaPlane {
    public let fingerprint: Fingerprint
    public let identifiers: IdentifierPool
    /// One consumer.
    public let events: RelayEvents

    private let workers: [RelayWorker]
    private let threads: [WorkerThread]
    private let mailbox: EventMailbox
    private let announced: [SocketAddress]
    private let acceptsTCP: Bool
    private let placements: Mutex<[Int]>
    private let spreadFrom: Int

    /// A packet of 1200 B in AES-CM takes 7 µs of libsrtp2, in AES-GCM 0.1 µs, beside 2 to 3 µs for all the rest.
    private static let costlyTransportWeight = 4

    /// Opens the sockets and starts the threads; media can flow when it returns.
    ///
    /// Throws what is wrong with the configuration or with the machine, in words for the operator.
    public init(_ configuration: RelayConfiguration) throws(RelayError) {
        let plan = try Plan(configuration)
        let certificate: DTLSCertificate
        do {
            certificate = try DTLSCertificate()
        } catch {
            throw .certificate("\(error)")
        }
        let mailbox = EventMailbox()
        let identifiers = IdentifierPool(workers: plan.binds.count)
        // One for all: their sender reports speak of the same publishers.
        let wallClockOrigin = Self.wallClock() &- PacketLoop.now.microseconds
        var workers: [RelayWorker] = []
        for (number, address) in plan.binds.enumerated() {
            let index = WorkerIndex(rawValue: UInt8(number))
            workers.append(
                try RelayWorker(
                    index: index, address: address, configuration: configuration, certificate: certificate,
                    wallClockOrigin: wallClockOrigin
                ) { batches, names in
                    // First the names: who reads "closed" may want the name back at once.
                    identifiers.release(names, on: index)
                    mailbox.deliver(batches)
                })
        }
        let peers = try Self.connections(workers)
        // Threads last: nothing above may leave one behind by throwing.
        var threads: [WorkerThread] = []
        do {
            for worker in workers {
                let number = Int(worker.index.rawValue)
                threads.append(
                    try WorkerThread(name: "relay-\(number)", core: configuration.pinsThreads ? number : nil) {
                        worker.run(with: peers[number])
                    })
            }
        } catch {
            for worker in workers { worker.stop() }
            throw error
        }
        fingerprint = certificate.fingerprint
        self.identifiers = identifiers
        events = RelayEvents(mailbox: mailbox)
        self.workers = workers
        self.threads = threads
        self.mailbox = mailbox
        announced = plan.announced
        acceptsTCP = configuration.acceptsTCP
        placements = Mutex(Array(repeating: 0, count: workers.count))
        spreadFrom = configuration.spreadFrom
    }

    deinit {
        for worker in workers { worker.stop() }
        mailbox.finish()
    }

    /// The port of each worker, UDP and TCP.
    public var ports: [UInt16] { workers.map(\.port) }

    // MARK: MediaPlane

    /// The worker with the fewest transports, promised ones included and costly ones counted several times; among equals
    /// the one with the fewest meetings placed so far, so that meetings created in one burst spread.
    public func place() -> WorkerIndex {
        placements.withLock { placements in
            let index = roomiest(placements)
            placements[index] += 1
            return WorkerIndex(rawValue: UInt8(index))
        }
    }

    /// A small meeting stays together: what its people send each other takes no way between threads.
    public func place(near home: WorkerIndex, participants: Int) -> WorkerIndex {
        guard participants >= spreadFrom, workers.count > 1 else { return home }
        return placements.withLock { WorkerIndex(rawValue: UInt8(roomiest($0))) }
    }

    private func roomiest(_ placements: [Int]) -> Int {
        let loads = zip(identifiers.transportsInUse(), workers).map { transports, worker in
            transports + worker.costlyTransports * (Self.costlyTransportWeight - 1)
        }
        return placements.indices.min { a, b in (loads[a], placements[a]) < (loads[b], placements[b]) } ?? 0
    }

    public func candidates(of worker: WorkerIndex) -> [ICECandidate] {
        guard Int(worker.rawValue) < workers.count else { return [] }
        let port = workers[Int(worker.rawValue)].port
        let kinds: [SocketAddress.Kind] = acceptsTCP ? [.udp, .tcp] : [.udp]
        return kinds.flatMap { kind in
            announced.enumerated().compactMap { order, address in
                SocketAddress(ip: address.ip, port: port, kind: kind).map {
                    ICECandidate.host($0, order: UInt16(clamping: order))
                }
            }
        }
    }

    public func post(_ commands: [Command]) {
        if workers.count == 1 {
            workers[0].post(commands)
            return
        }
        var routed = [[Command]](repeating: [], count: workers.count)
        var last = 0
        for command in commands {
            for (worker, command) in command.byWorker {
                let index = Int(worker.rawValue)
                guard index < routed.count else { continue }
                routed[index].append(command)
                last = index
            }
        }
        // What the last command speaks of is there before it: `dataHandled` follows the `sendData` it answers for.
        for index in workers.indices where index != last { workers[index].post(routed[index]) }
        workers[last].post(routed[last])
    }

    // MARK: Operation

    public func statistics() async -> RelayStatistics {
        var statistics = RelayStatistics()
        for worker in workers { statistics.workers.append(await worker.statistics()) }
        return statistics
    }

    /// Returns when the relay was shut down, by `shutdown` or by cancellation of the task.
    public func run() async {
        await withTaskCancellationHandler {
            for thread in threads { await thread.join() }
        } onCancel: {
            for worker in workers { worker.stop() }
        }
        mailbox.finish()
    }

    /// Says goodbye to every peer and returns when all threads have ended.
    public func shutdown() async {
        for worker in workers { worker.stop() }
        for thread in threads { await thread.join() }
        mailbox.finish()
    }

    /// Each worker's connections with all others.
    private static func connections(_ workers: [RelayWorker]) throws(RelayError) -> [[PeerConnection]] {
        var ways: [[PacketLink]] = []  // from, to; those from a worker to itself are never used
        for _ in workers {
            var row: [PacketLink] = []
            for reader in workers {
                guard let link = reader.link() else { throw .memory }
                row.append(link)
            }
            ways.append(row)
        }
        return workers.indices.map { own in
            workers.indices.filter { $0 != own }.map { other in
                workers[other].connection(outbound: ways[own][other], inbound: ways[other][own])
            }
        }
    }

    /// Microseconds since 1970.
    private static func wallClock() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000 &+ UInt64(clamping: time.tv_nsec / 1_000)
    }
}

/// A configuration that was looked through: what to bind and what to announce.
private struct Plan {
    let binds: [SocketAddress]
    let announced: [SocketAddress]

    init(_ configuration: RelayConfiguration) throws(RelayError) {
        let count = configuration.workers ?? max(1, min(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 255))
        guard (1...255).contains(count) else { throw .invalidWorkerCount(count) }
        let first = configuration.firstPort
        guard first == 0 || Int(first) + count - 1 <= Int(UInt16.max) else {
            throw .portRange(first: first, workers: count)
        }
        var binds: [SocketAddress] = []
        for number in 0..<count {
            let port = first == 0 ? 0 : first + UInt16(number)
            guard let address = SocketAddress(host: configuration.bindAddress, port: port) else {
                throw .invalidAddress(configuration.bindAddress)
            }
            binds.append(address)
        }
        self.binds = binds
        guard !configuration.announced.isEmpty else {
            guard !binds[0].isWildcard else { throw .noAddressToAnnounce }
            announced = [binds[0]]
            return
        }
        var announced: [SocketAddress] = []
        for text in configuration.announced {
            guard let address = SocketAddress(host: text, port: 0), !address.isWildcard else {
                throw .invalidAddress(text)
            }
            announced.append(address)
        }
        self.announced = announced
    }
}

extension SocketAddress {
    /// `0.0.0.0` or `::`.
    fileprivate var isWildcard: Bool { isV4 ? ip[12...].allSatisfy { $0 == 0 } : ip.allSatisfy { $0 == 0 } }
}

extension RelayError {
    /// What the operating system said when a socket was opened.
    init(_ error: PacketLoop.SocketError, address: SocketAddress) {
        self =
            switch error.number {
            case EADDRINUSE where error.kind == .tcp: .tcpPortInUse(address.port)
            case EADDRINUSE: .portInUse(address.port)
            case EADDRNOTAVAIL, EAFNOSUPPORT: .addressNotAvailable(address.host)
            case EACCES, EPERM: .permissionDenied(port: address.port)
            case ENOMEM: .memory
            case let number where error.kind == .tcp: .tcpSocket(errno: number, port: address.port)
            default: .socket(errno: error.number, port: address.port)
            }
    }
}
