// A thread for one worker: started, named, perhaps bound to one core, and awaited when it ends.

internal import CRelay
import Glibc
import Synchronization

/// Runs `body` once on a thread of its own.
final class WorkerThread: Sendable {
    private enum State {
        case running([CheckedContinuation<Void, Never>])
        case ended
    }

    private let state = Mutex(State.running([]))

    /// - Parameters:
    ///   - name: at most 15 bytes are shown by the system's tools.
    ///   - core: which core to stay on; nil leaves it to the scheduler.
    init(name: String, core: Int?, body: @escaping @Sendable () -> Void) throws(RelayError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        let start = Unmanaged.passRetained(
            Start(name: name, core: core, body: body, thread: self))
        var thread = pthread_t()
        let result = pthread_create(&thread, &attributes, { argument in startThread(argument) }, start.toOpaque())
        guard result == 0 else {
            start.release()
            throw .thread(errno: result)
        }
    }

    /// Returns when `body` has returned.
    func join() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                guard case .running(let waiting) = state else { return true }
                state = .running(waiting + [continuation])
                return false
            }
            if hasEnded { continuation.resume() }
        }
    }

    fileprivate func ended() {
        let waiting: [CheckedContinuation<Void, Never>] = state.withLock { state in
            defer { state = .ended }
            guard case .running(let waiting) = state else { return [] }
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// What a new thread is told through the one pointer it gets.
private final class Start {
    let name: String
    let core: Int?
    let body: @Sendable () -> Void
    let thread: WorkerThread

    init(name: String, core: Int?, body: @escaping @Sendable () -> Void, thread: WorkerThread) {
        self.name = name
        self.core = core
        self.body = body
        self.thread = thread
    }

    func run() {
        cr_thread_configure(name, core.map(CInt.init(clamping:)) ?? -1)
        body()
        thread.ended()
    }
}

private func startThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run() }
    return nil
}
