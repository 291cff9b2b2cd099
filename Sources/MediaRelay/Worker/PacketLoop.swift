// The owner of one C packet loop: a UDP socket, the TCP connections beside it, and the wait for them. Its turn belongs
// to the worker's thread; only the wake may come from elsewhere, which is why it has a handle of its own.

internal import CRelay
import Glibc

/// The sockets and their wait. Used by one thread at a time.
final class PacketLoop {
    private let handle: PacketLoopHandle

    /// Binds the sockets. Throws what the operating system said (`errno`).
    init(
        bind address: SocketAddress, acceptsTCP: Bool, receiveBufferBytes: UInt32, sendBufferBytes: UInt32
    ) throws(SocketError) {
        var config = cr_loop_config(
            bind: cr_address(address), receive_buffer_bytes: receiveBufferBytes, send_buffer_bytes: sendBufferBytes)
        var attempts = 0
        while true {
            var error: CInt = 0
            guard let loop = cr_loop_create(&config, &error) else { throw SocketError(number: error, kind: .udp) }
            let handle = PacketLoopHandle(loop)
            error = acceptsTCP ? cr_loop_listen(loop, UInt64.random(in: .min ... .max)) : 0
            guard error != 0 else {
                self.handle = handle
                return
            }
            attempts += 1
            // "Any port" is one that is free for both; the kernel looked only for UDP.
            guard error == EADDRINUSE, address.port == 0, attempts < Limits.anyPortAttempts else {
                throw SocketError(number: error, kind: .tcp)
            }
        }
    }

    struct SocketError: Error {
        var number: CInt
        /// Which of the two sockets.
        var kind: SocketAddress.Kind
    }

    var port: UInt16 { cr_loop_port(handle.loop) }

    var waker: PacketLoopWaker { PacketLoopWaker(handle) }

    static var now: MediaTime { MediaTime(microseconds: cr_loop_now()) }

    /// Waits for datagrams, a wake or `deadline`.
    func wait(_ core: PacketCore, until deadline: MediaTime) {
        cr_loop_wait(handle.loop, core.shard, deadline.microseconds)
    }

    /// Receives and forwards for about a millisecond. The time at which it began.
    func work(_ core: PacketCore) -> MediaTime {
        MediaTime(microseconds: cr_loop_work(handle.loop, core.shard))
    }

    /// Sends everything queued.
    func flush(_ core: PacketCore) { cr_loop_flush(handle.loop, core.shard) }

    func statistics() -> LoopStatistics {
        var statistics = cr_loop_statistics()
        cr_loop_read_statistics(handle.loop, &statistics)
        var result = LoopStatistics(
            turns: statistics.turns, wakes: statistics.wakes, receiveCalls: statistics.receive_calls,
            sendCalls: statistics.send_calls, busyMicroseconds: statistics.busy_total_us,
            kernelDrops: statistics.kernel_drops,
            busyHistogram: withUnsafeBytes(of: statistics.busy_buckets) { Array($0.bindMemory(to: UInt64.self)) },
            tcp: Self.tcp(statistics))
        result.sentTogether = JoinedDatagrams(
            messages: statistics.segmented_messages, datagrams: statistics.segmented_datagrams)
        result.receivedTogether = JoinedDatagrams(
            messages: statistics.coalesced_messages, datagrams: statistics.coalesced_datagrams)
        result.segmentationRefusals = statistics.segmented_refusals
        return result
    }

    private static func tcp(_ statistics: cr_loop_statistics) -> TCPStatistics {
        var result = TCPStatistics()
        result.connections = Int(statistics.tcp_connections)
        result.queuedPackets = Int(statistics.tcp_queued_packets)
        result.accepted = statistics.tcp_accepted
        let ends = withUnsafeBytes(of: statistics.tcp_ends) { Array($0.bindMemory(to: UInt64.self)) }
        result.ends = ends.enumerated().map { index, count in
            let reason = cr_tcp_end(UInt32(index))
            return ReasonCount(reason: cr_tcp_end_name(reason).map { String(cString: $0) } ?? "", count: count)
        }
        return result
    }
}

/// Ends the wait of a loop, from any thread.
struct PacketLoopWaker: Sendable {
    private let handle: PacketLoopHandle

    fileprivate init(_ handle: PacketLoopHandle) { self.handle = handle }

    /// For links, which wake it in C.
    var loop: OpaquePointer { handle.loop }

    /// One system call when the loop sleeps, none otherwise.
    func wake() { cr_loop_wake(handle.loop) }
}

/// Keeps the C loop alive for both of the above.
///
/// `@unchecked Sendable` is sound: the pointer never changes; of the two types that can reach it, `PacketLoop` is not
/// Sendable, so its calls stay where it is, and `PacketLoopWaker` makes the one call that crelay.h allows from any
/// thread. The loop is destroyed with the last reference, when nobody can call either.
private final class PacketLoopHandle: @unchecked Sendable {
    let loop: OpaquePointer

    init(_ loop: OpaquePointer) { self.loop = loop }

    deinit { cr_loop_destroy(loop) }
}
