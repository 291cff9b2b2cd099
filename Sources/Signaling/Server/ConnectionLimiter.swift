// Counts open sockets, in all and by address, so that one stranger cannot take every file descriptor.

import NIOCore
import Synchronization

final class ConnectionLimiter: Sendable {
    private struct Counts {
        var all = 0
        var byAddress: [[UInt8]: Int] = [:]
    }

    private let maximum: Int
    private let maximumPerAddress: Int
    private let counts = Mutex(Counts())

    init(_ limits: EdgeLimits) {
        maximum = limits.connections
        maximumPerAddress = limits.connectionsPerAddress
    }

    /// False when the limit is reached. Each true must be paired with one `leave`.
    func enter(_ address: SocketAddress?) -> Bool {
        let key = address?.network ?? []
        // A reverse proxy on this machine speaks for everybody.
        let own = address?.isLoopback == true ? maximum : maximumPerAddress
        return counts.withLock { counts in
            guard counts.all < maximum, counts.byAddress[key, default: 0] < own else { return false }
            counts.all += 1
            counts.byAddress[key, default: 0] += 1
            return true
        }
    }

    func leave(_ address: SocketAddress?) {
        let key = address?.network ?? []
        counts.withLock { counts in
            counts.all -= 1
            let left = counts.byAddress[key, default: 1] - 1
            // Forget the address with its last socket: the table must not grow with the addresses ever seen.
            counts.byAddress[key] = left > 0 ? left : nil
        }
    }
}
