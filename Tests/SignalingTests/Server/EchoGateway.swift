// A gateway behind which every message comes back, with a few words that make it do other things.

import Synchronization

@testable import Signaling

/// Lets in who brings the token `good`. Text messages: `close <code> <reason>` ends the session, `end` ends the outputs
/// without a close, `flood <count> <bytes>` sends that many messages, anything else is echoed.
final class EchoGateway: SignalGateway {
    struct Log: Equatable {
        var opened = 0
        var closed = 0
        var requests: [[String: String]] = []
        var received = 0
    }

    let log = Mutex(Log())
    /// What happened so far.
    var seen: Log { log.withLock { $0 } }
    let delay: Duration

    init(delay: Duration = .zero) { self.delay = delay }

    func validate(_ request: SignalRequest) async throws(SignalRefusal) {
        guard request.version == .v0 else { throw SignalRefusal(status: 404, reason: "protocol v1 is not served") }
        switch request.token {
        case "good": return
        case "full": throw SignalRefusal(status: 503, reason: "meeting full")
        case nil: throw SignalRefusal(status: 401, reason: "no access token")
        default: throw SignalRefusal(status: 401, reason: "access token signature is wrong")
        }
    }

    func open(_ request: SignalRequest) async throws(SignalRefusal) -> EchoSession {
        try await validate(request)
        try? await Task.sleep(for: delay)
        log.withLock {
            $0.opened += 1
            $0.requests.append(Dictionary(request.query.map { ($0.name, $0.value) }) { first, _ in first })
        }
        return EchoSession(self)
    }
}

final class EchoSession: SignalSession {
    let outputs: AsyncStream<SignalOutput>
    private let continuation: AsyncStream<SignalOutput>.Continuation
    private let gateway: EchoGateway

    init(_ gateway: EchoGateway) {
        self.gateway = gateway
        (outputs, continuation) = AsyncStream.makeStream()
    }

    func receive(_ frame: SignalFrame) async {
        gateway.log.withLock { $0.received += 1 }
        guard case .text(let text) = frame else {
            continuation.yield(.frame(frame))
            return
        }
        let words = text.split(separator: " ")
        switch words.first {
        case "close":
            continuation.yield(.close(code: UInt16(words[1]) ?? 0, reason: String(words[2])))
            continuation.finish()
        case "end":
            continuation.finish()
        case "flood":
            let message = [UInt8](repeating: 7, count: Int(words[2]) ?? 0)
            for _ in 0..<(Int(words[1]) ?? 0) { continuation.yield(.frame(.binary(message))) }
        default:
            continuation.yield(.frame(frame))
        }
    }

    func socketClosed() async {
        gateway.log.withLock { $0.closed += 1 }
        continuation.finish()
    }
}
