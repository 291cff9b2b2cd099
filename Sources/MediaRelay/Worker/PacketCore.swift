// The owner of one C packet core: the only file, with its two aspects, that holds the shard's pointer. Everything that
// crosses here is a Swift value; pointers from C are read and copied before the call returns.

internal import CRelay

/// One shard. It is used by one thread at a time: whoever owns the `RelayCore` that owns this.
package final class PacketCore {
    /// For the packet loop, which receives into it, and for the in-memory network of tests.
    package let shard: OpaquePointer
    /// Which others send through: kept for as long as the shard reads them.
    private var inbound: [PacketLink] = []

    /// Nil: no memory.
    init?(capacity: WorkerCapacity, hashSeed: UInt64) {
        var config = cr_shard_config(
            max_transports: capacity.transports, max_streams: capacity.streams, max_forwards: capacity.subscriptions,
            max_packets: capacity.packets, hash_seed: hashSeed)
        guard let shard = cr_shard_create(&config) else { return nil }
        self.shard = shard
    }

    deinit { cr_shard_destroy(shard) }

    // MARK: Transports

    func openTransport(_ transport: ObjectName) -> PacketResult {
        PacketResult(cr_transport_open(shard, transport.rawValue))
    }

    @discardableResult
    func closeTransport(_ transport: ObjectName) -> PacketResult {
        PacketResult(cr_transport_close(shard, transport.rawValue))
    }

    func addAddress(_ address: SocketAddress, to transport: ObjectName) {
        var address = cr_address(address)
        _ = cr_transport_add_address(shard, transport.rawValue, &address)
    }

    func selectAddress(_ address: SocketAddress, of transport: ObjectName) {
        var address = cr_address(address)
        _ = cr_transport_select_address(shard, transport.rawValue, &address)
    }

    func clearAddresses(of transport: ObjectName) {
        _ = cr_transport_clear_addresses(shard, transport.rawValue)
    }

    func send(_ bytes: [UInt8], to address: SocketAddress) {
        var address = cr_address(address)
        _ = cr_shard_send(shard, &address, bytes, bytes.count)
    }

    func send(_ bytes: [UInt8], on transport: ObjectName) {
        _ = cr_transport_send(shard, transport.rawValue, bytes, bytes.count)
    }

    /// One compound packet.
    @discardableResult
    func sendRTCP(_ bytes: [UInt8], on transport: ObjectName) -> PacketResult {
        PacketResult(cr_transport_send_rtcp(shard, transport.rawValue, bytes, bytes.count))
    }

    /// Key followed by salt, each direction its own.
    func setKeys(_ profile: SRTPProfile, receive: [UInt8], send: [UInt8], of transport: ObjectName) -> PacketResult {
        guard receive.count == send.count else { return .invalid }
        return PacketResult(
            cr_transport_set_keys(shard, transport.rawValue, cr_srtp_profile(profile), receive, send, receive.count))
    }

    func setExtensions(_ identifiers: [HeaderExtension: UInt8], of transport: ObjectName) -> PacketResult {
        var map = cr_extension_map()
        withUnsafeMutableBytes(of: &map.ids) { ids in
            for (kind, identifier) in identifiers { ids[kind.packetCoreIndex] = identifier }
        }
        return PacketResult(cr_transport_set_extensions(shard, transport.rawValue, &map))
    }

    /// Arrivals of packets with a transport-wide sequence number since the last call, oldest first.
    func takeArrivals(of transport: ObjectName) -> [(sequence: UInt16, time: MediaTime)] {
        var arrivals: [(sequence: UInt16, time: MediaTime)] = []
        withUnsafeTemporaryAllocation(of: cr_arrival.self, capacity: Self.arrivalsPerRead) { buffer in
            guard let base = buffer.baseAddress else { return }
            while true {
                let count = cr_transport_read_arrivals(shard, transport.rawValue, base, buffer.count)
                for arrival in buffer[..<count] {
                    arrivals.append((arrival.sequence, MediaTime(microseconds: arrival.arrival_us)))
                }
                if count < buffer.count { return }
            }
        }
        return arrivals
    }

    /// Fits a kilopacket per second read every 100 ms; a busier transport takes another round.
    private static let arrivalsPerRead = 128

    // MARK: Streams

    func openStream(_ stream: ObjectName, _ configuration: PacketStream) -> PacketResult {
        guard var config = cr_stream_config(configuration) else { return .invalid }
        return PacketResult(cr_stream_open(shard, stream.rawValue, &config))
    }

    func closeStream(_ stream: ObjectName) { _ = cr_stream_close(shard, stream.rawValue) }

    func setMuted(_ stream: ObjectName, _ isMuted: Bool) { _ = cr_stream_set_muted(shard, stream.rawValue, isMuted) }

    func setTapped(_ stream: ObjectName, _ isTapped: Bool) { _ = cr_stream_set_tap(shard, stream.rawValue, isTapped) }

    func push(_ rtp: [UInt8], into stream: ObjectName, _ now: MediaTime) -> PacketResult {
        PacketResult(cr_stream_push(shard, now.microseconds, stream.rawValue, rtp, rtp.count))
    }

    /// What to ask the sender for now, and when to look again.
    func missing(
        of stream: ObjectName, _ now: MediaTime, roundTrip: MediaSpan
    ) -> (sequences: [UInt16], next: MediaTime) {
        var next = UInt64.max
        let sequences = [UInt16](unsafeUninitializedCapacity: Limits.missingPerRequest) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            count = cr_stream_missing(
                shard, stream.rawValue, now.microseconds, roundTrip.microseconds, base, buffer.count, &next)
        }
        return (sequences, MediaTime(microseconds: next))
    }

    func statistics(ofStream stream: ObjectName) -> PacketStreamStatistics? {
        var statistics = cr_stream_statistics()
        guard cr_stream_read_statistics(shard, stream.rawValue, &statistics) == CR_OK else { return nil }
        return PacketStreamStatistics(statistics)
    }

    func takeAudioWindow(of stream: ObjectName) -> AudioWindow? {
        var window = cr_audio_window()
        guard cr_stream_read_audio(shard, stream.rawValue, &window) == CR_OK else { return nil }
        return AudioWindow(
            packets: window.packets, activePackets: window.active_packets, meanActive: window.mean_active)
    }

    // MARK: Links

    func add(_ link: PacketLink) {
        inbound.append(link)
        cr_shard_add_link(shard, link.link)
    }

    /// The caller keeps the link for as long as this core lives.
    func addMirror(_ mirror: ObjectName, of stream: ObjectName, _ link: PacketLink) {
        _ = cr_stream_add_mirror(shard, stream.rawValue, link.link, mirror.rawValue)
    }

    func removeMirror(of stream: ObjectName, _ link: PacketLink) {
        _ = cr_stream_remove_mirror(shard, stream.rawValue, link.link)
    }

    // MARK: Forwards

    func openForward(_ forward: ObjectName, _ configuration: PacketForward) -> PacketResult {
        guard var config = cr_forward_config(configuration) else { return .invalid }
        return PacketResult(cr_forward_open(shard, forward.rawValue, &config))
    }

    func setPayloads(_ payloads: [PayloadMapping], of forward: ObjectName) -> PacketResult {
        let maps = payloads.map { cr_payload_map($0) }
        return PacketResult(cr_forward_set_payloads(shard, forward.rawValue, maps, maps.count))
    }

    func closeForward(_ forward: ObjectName) { _ = cr_forward_close(shard, forward.rawValue) }

    func setPaused(_ forward: ObjectName, _ isPaused: Bool) {
        _ = cr_forward_set_paused(shard, forward.rawValue, isPaused)
    }

    func setSource(_ stream: ObjectName, of forward: ObjectName) {
        _ = cr_forward_set_source(shard, forward.rawValue, stream.rawValue)
    }

    func retransmit(
        _ sequences: [UInt16], ofSSRC ssrc: UInt32, on transport: ObjectName, _ now: MediaTime, roundTrip: MediaSpan
    ) {
        _ = cr_forward_retransmit(
            shard, now.microseconds, roundTrip.microseconds, transport.rawValue, ssrc, sequences, sequences.count)
    }

    func statistics(ofForward forward: ObjectName) -> PacketForwardStatistics? {
        var statistics = cr_forward_statistics()
        guard cr_forward_read_statistics(shard, forward.rawValue, &statistics) == CR_OK else { return nil }
        return PacketForwardStatistics(statistics)
    }

    // MARK: Events and statistics

    /// What the packets left to think about, with copies of their bytes.
    func takeEvents() -> [PacketEvent] {
        var count = 0
        guard let first = cr_shard_events(shard, &count), count > 0 else { return [] }
        let events = UnsafeBufferPointer(start: first, count: count).compactMap(PacketEvent.init)
        cr_shard_release_events(shard)
        return events
    }

    func statistics() -> cr_shard_statistics {
        var statistics = cr_shard_statistics()
        cr_shard_read_statistics(shard, &statistics)
        return statistics
    }
}

/// What the packet core said to a request (`cr_result`).
enum PacketResult: Equatable {
    case done, stale, full, exists, invalid, noMemory, notReady

    init(_ result: cr_result) {
        switch result {
        case CR_OK: self = .done
        case CR_STALE: self = .stale
        case CR_FULL: self = .full
        case CR_EXISTS: self = .exists
        case CR_NO_MEMORY: self = .noMemory
        case CR_NOT_READY: self = .notReady
        default: self = .invalid
        }
    }
}
