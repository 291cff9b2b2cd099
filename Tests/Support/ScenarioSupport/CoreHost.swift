// A relay core on the virtual network: its packet core receives and sends through the C side's in-memory shell. Several
// of them can be the workers of one server: what they say to each other and hand over takes no time.

internal import CRelay
public import MediaRelay

/// One core behind one address. What to do with its events is for `VirtualServer` and `VirtualClient`.
open class CoreHost: VirtualHost {
    public var address: SocketAddress
    public var uplink = LinkConditions()
    public var downlink = LinkConditions()
    package let core: RelayCore
    package let identifiers: IdentifierPool
    package let index: WorkerIndex
    /// The only one, or the first.
    package static let worker = WorkerIndex(rawValue: 0)
    private var peers: [WorkerIndex: CoreHost] = [:]
    /// From the peers.
    private var messages: [PeerMessage] = []
    private var isHanded = false

    /// - Parameter workers: how many there will be.
    package init(
        address: SocketAddress, seed: UInt64, capacity: WorkerCapacity = WorkerCapacity(), workers: Int = 1
    ) {
        guard
            let core = RelayCore(
                worker: Self.worker, capacity: capacity, wallClockOrigin: Self.wallClockOrigin,
                random: SeededRandom(seed: seed))
        else { preconditionFailure("no memory for a relay core") }
        self.address = address
        self.core = core
        index = Self.worker
        identifiers = IdentifierPool(workers: workers)
    }

    /// Another worker of the same server.
    package init(
        address: SocketAddress, seed: UInt64, capacity: WorkerCapacity = WorkerCapacity(), beside first: CoreHost
    ) {
        index = WorkerIndex(rawValue: UInt8(first.peers.count + 1))
        guard
            let core = RelayCore(
                worker: index, beside: first.core, capacity: capacity, random: SeededRandom(seed: seed))
        else { preconditionFailure("no memory for a relay core") }
        self.address = address
        self.core = core
        identifiers = first.identifiers
        for peer in Array(first.peers.values) + [first] { connect(peer) }
    }

    private func connect(_ peer: CoreHost) {
        guard let there = PacketLink(), let back = PacketLink() else { preconditionFailure("no memory for a link") }
        core.connect(to: peer.index, outbound: there, inbound: back)
        peer.core.connect(to: index, outbound: back, inbound: there)
        peers[peer.index] = peer
        peer.peers[index] = self
    }

    /// All workers of the server, by their index.
    public var workers: [CoreHost] { ([self] + peers.values).sorted { $0.index < $1.index } }

    /// 2026-01-01, in microseconds of Unix time.
    private static let wallClockOrigin: UInt64 = 1_767_225_600_000_000

    open var nextDeadline: MediaTime { messages.isEmpty && !isHanded ? core.nextDeadline : MediaTime(microseconds: 0) }

    open func handle(_ event: Event, _ now: MediaTime) {}

    public func receive(_ datagram: [UInt8], from source: SocketAddress, _ now: MediaTime) {
        var from = cr_address()
        withUnsafeMutableBytes(of: &from.ip) { $0.copyBytes(from: source.ip) }
        from.port = source.port
        from.kind = UInt16(source.kind == .tcp ? CR_TCP.rawValue : CR_UDP.rawValue)
        cr_memory_receive(core.packets.shard, now.microseconds, &from, datagram, datagram.count)
        core.handlePacketEvents(now)
        deliver(now)
    }

    open func run(_ now: MediaTime) {
        if isHanded { cr_memory_take(core.packets.shard, now.microseconds) }
        isHanded = false
        let messages = self.messages
        self.messages = []
        for message in messages { core.receive(message, now) }
        core.handlePacketEvents(now)
        core.runTimers(now)
        core.handlePacketEvents(now)
        deliver(now)
    }

    public func perform(_ command: Command, _ now: MediaTime) {
        core.perform(command, now)
        core.handlePacketEvents(now)
        deliver(now)
    }

    /// To the worker it is for, as `Relay.post` does it.
    public func post(_ command: Command, _ now: MediaTime) {
        for (worker, part) in command.byWorker { (peers[worker] ?? self).perform(part, now) }
    }

    public func statistics() -> WorkerStatistics { core.statistics() }

    public func takeOutgoing() -> [(to: SocketAddress, datagram: [UInt8])] {
        var outgoing: [(to: SocketAddress, datagram: [UInt8])] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            var to = cr_address()
            let length = cr_memory_send(core.packets.shard, &to, &buffer, buffer.count)
            if length == 0 { return outgoing }
            guard length <= buffer.count,
                let address = SocketAddress(
                    ip: withUnsafeBytes(of: to.ip) { Array($0) }, port: to.port,
                    kind: UInt32(to.kind) == CR_TCP.rawValue ? .tcp : .udp)
            else { continue }
            outgoing.append((address, Array(buffer[..<length])))
        }
    }

    private func deliver(_ now: MediaTime) {
        while true {
            let batches = core.takeEvents()
            identifiers.release(core.takeReleasedNames(), on: index)
            for message in core.takePeerMessages() { peers[message.to]?.messages.append(message) }
            if cr_memory_publish(core.packets.shard) { for peer in peers.values { peer.isHanded = true } }
            if batches.isEmpty { return }
            for event in batches.flatMap(\.events) { handle(event, now) }
        }
    }
}
