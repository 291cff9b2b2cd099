// Where one connection stands between "may I upgrade" and "the session runs". It is reached from the event loop, from
// the task that asks the gateway and from the task that serves the socket, and makes sure that a session once opened is
// always ended, whichever of the three comes last.

import Synchronization

final class Admission<Session: SignalSession>: Sendable {
    private enum State {
        /// An ordinary HTTP connection so far.
        case none
        /// An upgrade was asked for and not decided.
        case asked
        case refused(SignalRefusal)
        case opened(Session)
        /// The session is in the hands of the socket's task.
        case served
        /// The connection ended first.
        case gone
    }

    private let state = Mutex(State.none)

    func ask() { state.withLock { $0 = .asked } }

    /// False when the connection is gone: the caller ends the session.
    func open(_ session: Session) -> Bool {
        state.withLock { state in
            guard case .asked = state else { return false }
            state = .opened(session)
            return true
        }
    }

    func refuse(_ refusal: SignalRefusal) {
        state.withLock { state in
            if case .asked = state { state = .refused(refusal) }
        }
    }

    /// Why the upgrade that was asked for is not happening; nil when none was asked for.
    var refusal: SignalRefusal? {
        state.withLock { state in
            switch state {
            case .refused(let refusal): refusal
            // The upgrader refused before asking us: no key, or another version than 13 (RFC 6455, 4.2.1).
            case .asked: SignalRefusal(status: 400, reason: "not a WebSocket version 13 handshake")
            case .none, .opened, .served, .gone: nil
            }
        }
    }

    func serve() -> Session? {
        state.withLock { state in
            guard case .opened(let session) = state else { return nil }
            state = .served
            return session
        }
    }

    /// The connection is over. A session that nobody served comes back to be ended.
    func leave() -> Session? {
        state.withLock { state in
            defer { state = .gone }
            if case .opened(let session) = state { return session }
            return nil
        }
    }
}
