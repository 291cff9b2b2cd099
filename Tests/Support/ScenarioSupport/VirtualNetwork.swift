// A network without sockets and a clock without waiting: hosts exchange datagrams through links that lose, delay,
// reorder and duplicate them, and time jumps to whatever happens next.

public import MediaRelay

/// Something with an address that receives datagrams and has deadlines.
public protocol VirtualHost: AnyObject {
    /// Where its datagrams come from and where it can be reached. May change at any time: a new NAT binding.
    var address: SocketAddress { get }
    var uplink: LinkConditions { get }
    var downlink: LinkConditions { get }
    var nextDeadline: MediaTime { get }
    func receive(_ datagram: [UInt8], from address: SocketAddress, _ now: MediaTime)
    /// Does what is due.
    func run(_ now: MediaTime)
    func takeOutgoing() -> [(to: SocketAddress, datagram: [UInt8])]
}

public final class VirtualNetwork {
    public private(set) var now: MediaTime
    /// Datagrams that reached nobody: cut, lost, or sent to an address that no host has.
    public private(set) var undelivered = 0

    private struct Flight {
        var arrival: MediaTime
        /// Keeps datagrams of one arrival time in order.
        var order: UInt64
        var from: SocketAddress
        var to: SocketAddress
        var datagram: [UInt8]
    }

    private enum Direction { case up, down }

    private struct Link: Hashable {
        var host: ObjectIdentifier
        var isUp: Bool
    }

    private var hosts: [any VirtualHost] = []
    /// Latest arrival first, so that the next one is popped off the end.
    private var flights: [Flight] = []
    private var order: UInt64 = 0
    /// When each rate-limited link has sent what it has.
    private var busyUntil: [Link: MediaTime] = [:]
    private var random: SeededRandom

    /// Not zero, so that "never happened" and "happened at the origin" differ, as on a real machine.
    public static let origin = MediaTime(microseconds: 1_000_000_000)

    public init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        now = Self.origin
    }

    public func add(_ host: any VirtualHost) { hosts.append(host) }

    public func remove(_ host: any VirtualHost) { hosts.removeAll { $0 === host } }

    /// A datagram from an address that may belong to nobody.
    public func inject(_ datagram: [UInt8], from source: SocketAddress, to target: SocketAddress) {
        schedule(Flight(arrival: now, order: 0, from: source, to: target, datagram: datagram))
    }

    public func run(for span: MediaSpan) {
        let end = now + span
        while step(until: end) {}
        now = end
    }

    /// False: `condition` did not come true in time.
    public func run(until condition: () -> Bool, within limit: MediaSpan) -> Bool {
        let end = now + limit
        while !condition() {
            guard step(until: end) else {
                now = end
                return condition()
            }
        }
        return true
    }

    /// One moment at which something happens. False: nothing happens before `end`.
    private func step(until end: MediaTime) -> Bool {
        collect()
        let next = hosts.reduce(flights.last?.arrival ?? .never) { min($0, $1.nextDeadline) }
        guard next <= end else { return false }
        now = max(now, next)
        while let flight = flights.last, flight.arrival <= now {
            flights.removeLast()
            guard let host = hosts.first(where: { $0.address == flight.to }) else {
                undelivered += 1
                continue
            }
            host.receive(flight.datagram, from: flight.from, now)
        }
        for host in hosts where host.nextDeadline <= now { host.run(now) }
        return true
    }

    private func collect() {
        for host in hosts {
            for (target, datagram) in host.takeOutgoing() { send(datagram, from: host, to: target) }
        }
    }

    private func send(_ datagram: [UInt8], from host: any VirtualHost, to target: SocketAddress) {
        let receiver = hosts.first { $0.address == target }
        let down = receiver?.downlink ?? LinkConditions()
        guard let afterUp = pass(datagram, host, isUp: true, host.uplink, now),
            let arrival = receiver.map({ pass(datagram, $0, isUp: false, down, afterUp) }) ?? afterUp
        else {
            undelivered += 1
            return
        }
        let flight = Flight(arrival: arrival, order: 0, from: host.address, to: target, datagram: datagram)
        schedule(flight)
        if random.happens(host.uplink.duplication) || random.happens(down.duplication) {
            var copy = flight
            copy.arrival = arrival + .milliseconds(UInt64.random(in: 0...20, using: &random))
            schedule(copy)
        }
    }

    /// When the datagram leaves the link; nil when it does not.
    private func pass(
        _ datagram: [UInt8], _ host: any VirtualHost, isUp: Bool, _ conditions: LinkConditions, _ start: MediaTime
    ) -> MediaTime? {
        if conditions.isCut || random.happens(conditions.loss) { return nil }
        var time = start
        if let bitrate = conditions.bitrate {
            let link = Link(host: ObjectIdentifier(host), isUp: isUp)
            let free = max(busyUntil[link] ?? start, start)
            if free.since(start) > conditions.queue { return nil }
            time = free + .microseconds(UInt64(datagram.count) * 8_000_000 / bitrate)
            busyUntil[link] = time
        }
        let jitter = conditions.jitter.microseconds
        let wait = jitter == 0 ? 0 : UInt64.random(in: 0...jitter, using: &random)
        return time + conditions.delay + .microseconds(wait)
    }

    private func schedule(_ flight: Flight) {
        var flight = flight
        flight.order = order
        order += 1
        var low = 0
        var high = flights.count
        while low < high {
            let middle = (low + high) / 2
            let other = flights[middle]
            let isLater = (other.arrival, other.order) > (flight.arrival, flight.order)
            if isLater { low = middle + 1 } else { high = middle }
        }
        flights.insert(flight, at: low)
    }
}
