// What waits to be written to one socket: bounded in bytes, one reader. A reader that falls behind is cut off; the room
// never waits for it.
//
//   Meeting, Session ──offer──▶ Outbox ──next──▶ the edge's writer

import Synchronization

public final class Outbox: Sendable {
    enum Acceptance: Sendable, Equatable {
        case accepted
        /// This frame did not fit: what waited was thrown away and the session is ending.
        case overflowed
        /// The session had ended already.
        case ended
    }

    private struct State {
        var form: FrameForm
        var waiting: [SignalOutput] = []
        /// The next one to be read; read ones are removed in batches.
        var head = 0
        var bytes = 0
        var isEnded = false
        var reader: CheckedContinuation<SignalOutput?, Never>?

        mutating func take() -> SignalOutput? {
            guard head < waiting.count else { return nil }
            let output = waiting[head]
            head += 1
            if case .frame(let frame) = output { bytes -= frame.byteCount }
            if head == waiting.count || head >= 64 {
                waiting.removeFirst(head)
                head = 0
            }
            return output
        }
    }

    private let state: Mutex<State>
    private let capacity: Int

    /// - Parameters:
    ///   - form: of the first messages, until the client has shown its own.
    ///   - capacity: bytes that may wait.
    init(form: FrameForm, capacity: Int = Limits.outboxBytes) {
        self.capacity = capacity
        self.state = Mutex(State(form: form))
    }

    /// The form in which the client wants to be answered.
    var form: FrameForm {
        get { state.withLock { $0.form } }
        set { state.withLock { $0.form = newValue } }
    }

    var waitingBytes: Int { state.withLock { $0.bytes } }

    func offer(_ frame: SignalFrame) -> Acceptance {
        let size = frame.byteCount
        let (acceptance, wake) = state.withLock { state -> (Acceptance, (@Sendable () -> Void)?) in
            guard !state.isEnded else { return (.ended, nil) }
            guard state.bytes + size <= capacity else {
                state.waiting.removeAll()
                state.head = 0
                state.bytes = 0
                state.isEnded = true
                return (.overflowed, Self.put(.close(code: CloseCode.policyViolation, reason: "too slow"), &state))
            }
            state.bytes += size
            return (.accepted, Self.put(.frame(frame), &state))
        }
        wake?()
        return acceptance
    }

    /// Everything offered before still goes out; nothing after. The first call counts.
    func end(code: UInt16, reason: String) { end(.close(code: code, reason: reason)) }

    /// The same without a close frame.
    func abort() { end(.abort) }

    private func end(_ last: SignalOutput) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard !state.isEnded else { return nil }
            state.isEnded = true
            return Self.put(last, &state)
        }
        wake?()
    }

    /// The socket is gone: nobody will read any more.
    func abandon() {
        let reader = state.withLock { state in
            state.isEnded = true
            state.waiting.removeAll()
            state.head = 0
            state.bytes = 0
            return state.reader.take()
        }
        reader?.resume(returning: nil)
    }

    /// The next output, or nil after the last. One reader at a time; a second one ends at once.
    func next() async -> SignalOutput? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state -> SignalOutput?? in
                    if let output = state.take() { return .some(output) }
                    if state.isEnded || state.reader != nil || Task.isCancelled { return .some(nil) }
                    state.reader = continuation
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            let reader = state.withLock { $0.reader.take() }
            reader?.resume(returning: nil)
        }
    }

    /// Hands the output to a waiting reader, or queues it. What it returns is to be called outside the lock.
    private static func put(_ output: SignalOutput, _ state: inout State) -> (@Sendable () -> Void)? {
        guard let reader = state.reader.take() else {
            state.waiting.append(output)
            return nil
        }
        if case .frame(let frame) = output { state.bytes -= frame.byteCount }
        return { reader.resume(returning: output) }
    }
}

/// A session's outputs as the edge iterates them.
public struct SessionOutputs: AsyncSequence, Sendable {
    public typealias Element = SignalOutput
    public typealias Failure = Never

    let outbox: Outbox

    public struct Iterator: AsyncIteratorProtocol {
        let outbox: Outbox
        public func next() async -> SignalOutput? { await outbox.next() }
        public func next(isolation actor: isolated (any Actor)?) async -> SignalOutput? { await outbox.next() }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(outbox: outbox) }
}
