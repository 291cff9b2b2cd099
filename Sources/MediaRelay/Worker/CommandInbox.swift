// Commands on their way to a worker: posted from any thread without waiting, carried out in order once per turn.

import Synchronization

final class CommandInbox: Sendable {
    private let waiting = Mutex<[Command]>([])
    private let waker: PacketLoopWaker

    init(waker: PacketLoopWaker) { self.waker = waker }

    /// Wakes the loop only when nothing was waiting: whoever posted first has woken it already.
    func post(_ commands: [Command]) {
        guard !commands.isEmpty else { return }
        let wasEmpty = waiting.withLock { waiting in
            defer { waiting += commands }
            return waiting.isEmpty
        }
        if wasEmpty { waker.wake() }
    }

    func take() -> [Command] {
        waiting.withLock { waiting in
            let commands = waiting
            waiting.removeAll(keepingCapacity: true)
            return commands
        }
    }
}
