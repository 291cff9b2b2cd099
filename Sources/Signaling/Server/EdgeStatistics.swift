// What the HTTP edge counts about itself, for /metrics. Kinds and numbers only, never who.

import Synchronization

final class EdgeStatistics: Sendable {
    struct Values: Equatable {
        /// Gauges.
        var connections = 0
        var webSockets = 0
        /// Counters since start.
        var upgrades: [SignalRequest.Version: UInt64] = [.v0: 0, .v1: 0]
        /// By HTTP status, both of refused sockets and of refused validations.
        var refusals: [Int: UInt64] = [:]
        /// By HTTP status.
        var responses: [Int: UInt64] = [:]
        /// By the close code we answered with.
        var protocolViolations: [UInt16: UInt64] = [:]
        /// Sockets closed at once because an address, or all together, had too many.
        var connectionsRefused: UInt64 = 0
        /// Requests whose head was too slow, too large or not HTTP.
        var requestsRejected: UInt64 = 0
    }

    private let values = Mutex(Values())

    func read() -> Values { values.withLock { $0 } }

    func connectionOpened() { values.withLock { $0.connections += 1 } }
    func connectionClosed() { values.withLock { $0.connections -= 1 } }
    func connectionRefused() { values.withLock { $0.connectionsRefused &+= 1 } }
    func requestRejected() { values.withLock { $0.requestsRejected &+= 1 } }
    func responded(_ status: Int) { values.withLock { $0.responses[status, default: 0] &+= 1 } }
    func joinRefused(_ status: Int) { values.withLock { $0.refusals[status, default: 0] &+= 1 } }
    func protocolViolation(closeCode: UInt16) {
        values.withLock { $0.protocolViolations[closeCode, default: 0] &+= 1 }
    }
    func webSocketOpened(_ version: SignalRequest.Version) {
        values.withLock {
            $0.webSockets += 1
            $0.upgrades[version, default: 0] &+= 1
        }
    }
    func webSocketClosed() { values.withLock { $0.webSockets -= 1 } }
}
