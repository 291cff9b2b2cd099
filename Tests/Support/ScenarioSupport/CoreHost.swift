// A relay core on the virtual network: its packet core receives and sends through the C side's in-memory shell.

internal import CRelay
public import MediaRelay

/// One core behind one address. What to do with its events is for `VirtualServer` and `VirtualClient`.
open class CoreHost: VirtualHost {
    public var address: SocketAddress
    public var uplink = LinkConditions()
    public var downlink = LinkConditions()
    package let core: RelayCore
    package let identifiers = IdentifierPool(workers: 1)
    package static let worker = WorkerIndex(rawValue: 0)

    package init(address: SocketAddress, seed: UInt64, capacity: WorkerCapacity = WorkerCapacity()) {
        guard
            let core = RelayCore(
                worker: Self.worker, capacity: capacity, wallClockOrigin: Self.wallClockOrigin,
                random: SeededRandom(seed: seed))
        else { preconditionFailure("no memory for a relay core") }
        self.address = address
        self.core = core
    }

    /// 2026-01-01, in microseconds of Unix time.
    private static let wallClockOrigin: UInt64 = 1_767_225_600_000_000

    open var nextDeadline: MediaTime { core.nextDeadline }

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
        core.runTimers(now)
        core.handlePacketEvents(now)
        deliver(now)
    }

    public func perform(_ command: Command, _ now: MediaTime) {
        core.perform(command, now)
        core.handlePacketEvents(now)
        deliver(now)
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
            identifiers.release(core.takeReleasedNames(), on: Self.worker)
            if batches.isEmpty { return }
            for event in batches.flatMap(\.events) { handle(event, now) }
        }
    }
}
