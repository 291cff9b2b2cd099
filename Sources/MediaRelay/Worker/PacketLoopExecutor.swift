// The thread of one worker as a Swift executor: actor jobs run between turns of the packet loop, on the thread that owns
// the packets, so that control code needs no lock. What a turn does is the worker's affair.

import Glibc
import Synchronization

final class PacketLoopExecutor: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        /// Who runs jobs now: the loop's thread while the loop lives, later whoever drains the rest.
        var thread: pthread_t?
        var isStopped = false
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let waker: PacketLoopWaker

    init(waker: PacketLoopWaker) { self.waker = waker }

    // MARK: Any thread

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        enum Next { case nothing, wake, drain }
        let next: Next = state.withLock { state in
            state.jobs.append(job)
            if state.hasEnded { return state.thread == nil ? .drain : .nothing }
            return state.jobs.count == 1 ? .wake : .nothing
        }
        switch next {
        case .nothing: break
        case .wake: waker.wake()
        case .drain: drain()
        }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    func checkIsolated() {
        precondition(isLoopThread, "this belongs to the packet loop's thread")
    }

    func isIsolatingCurrentContext() -> Bool? { isLoopThread }

    private var isLoopThread: Bool {
        state.withLock { state in state.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    /// The loop's thread leaves its loop after the turn it is in.
    func stop() {
        state.withLock { $0.isStopped = true }
        waker.wake()
    }

    // MARK: The loop's thread

    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// The calling thread is the executor's from now on.
    func adoptCurrentThread() { state.withLock { $0.thread = pthread_self() } }

    func runJobs() {
        for job in takeJobs() { job.runSynchronously(on: asUnownedSerialExecutor()) }
    }

    /// The last act of the loop's thread. A job that comes later (somebody asks a stopped worker for its statistics)
    /// runs on its sender's thread, still one at a time: `thread` says who is at it.
    func end() {
        state.withLock { state in
            state.hasEnded = true
            state.thread = nil
        }
        drain()
    }

    private func drain() {
        while true {
            let isOurs = state.withLock { state in
                guard state.thread == nil, !state.jobs.isEmpty else { return false }
                state.thread = pthread_self()
                return true
            }
            guard isOurs else { return }
            runJobs()
            state.withLock { $0.thread = nil }
        }
    }

    private func takeJobs() -> [UnownedJob] {
        state.withLock { state in
            let jobs = state.jobs
            state.jobs.removeAll(keepingCapacity: true)
            return jobs
        }
    }
}
