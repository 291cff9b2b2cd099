// The owner of one C packet loop: a UDP socket and the wait for it. Its turn belongs to the worker's thread; only the
// wake may come from elsewhere, which is why it has a handle of its own.

internal import CRelay

/// The socket and its wait. Used by one thread at a time.
final class PacketLoop {
    private let handle: PacketLoopHandle

    /// Binds the socket. Throws what the operating system said (`errno`).
    init(bind address: SocketAddress, receiveBufferBytes: UInt32, sendBufferBytes: UInt32) throws(SocketError) {
        var config = cr_loop_config(
            bind: cr_address(address), receive_buffer_bytes: receiveBufferBytes, send_buffer_bytes: sendBufferBytes)
        var error: CInt = 0
        guard let loop = cr_loop_create(&config, &error) else { throw SocketError(number: error) }
        handle = PacketLoopHandle(loop)
    }

    struct SocketError: Error {
        var number: CInt
    }

    var port: UInt16 { cr_loop_port(handle.loop) }

    var waker: PacketLoopWaker { PacketLoopWaker(handle) }

    static var now: MediaTime { MediaTime(microseconds: cr_loop_now()) }

    /// Waits for datagrams, a wake or `deadline`, then receives and forwards for about a millisecond. The time at which
    /// the turn began.
    func turn(_ core: PacketCore, until deadline: MediaTime) -> MediaTime {
        MediaTime(microseconds: cr_loop_turn(handle.loop, core.shard, deadline.microseconds))
    }

    /// Sends everything queued.
    func flush(_ core: PacketCore) { cr_loop_flush(handle.loop, core.shard) }

    func statistics() -> LoopStatistics {
        var statistics = cr_loop_statistics()
        cr_loop_read_statistics(handle.loop, &statistics)
        return LoopStatistics(
            turns: statistics.turns, wakes: statistics.wakes, receiveCalls: statistics.receive_calls,
            sendCalls: statistics.send_calls, busyMicroseconds: statistics.busy_total_us,
            kernelDrops: statistics.kernel_drops,
            busyHistogram: withUnsafeBytes(of: statistics.busy_buckets) { Array($0.bindMemory(to: UInt64.self)) })
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
