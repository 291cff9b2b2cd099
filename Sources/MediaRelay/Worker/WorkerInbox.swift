// What others want of a worker: commands, and messages of other workers. Posted from any thread without waiting, carried
// out in the order of posting once per turn. One queue for both: what a worker says about a publication must not overtake
// the command that opened it.

import Synchronization

enum WorkerInput: Sendable {
    case command(Command)
    case message(PeerMessage)
}

final class WorkerInbox: Sendable {
    private let waiting = Mutex<[WorkerInput]>([])
    private let waker: PacketLoopWaker

    init(waker: PacketLoopWaker) { self.waker = waker }

    func post(_ commands: [Command]) { post(commands.lazy.map(WorkerInput.command)) }

    func post(_ messages: [PeerMessage]) { post(messages.lazy.map(WorkerInput.message)) }

    func take() -> [WorkerInput] {
        waiting.withLock { waiting in
            let inputs = waiting
            waiting.removeAll(keepingCapacity: true)
            return inputs
        }
    }

    /// Wakes the loop only when nothing was waiting: whoever posted first has woken it already.
    private func post(_ inputs: some Collection<WorkerInput>) {
        guard !inputs.isEmpty else { return }
        let wasEmpty = waiting.withLock { waiting in
            defer { waiting += inputs }
            return waiting.isEmpty
        }
        if wasEmpty { waker.wake() }
    }
}
