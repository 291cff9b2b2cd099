// What the reports of one interval say about a transport, in both directions. Pure; what follows from it is for whoever
// hears of it.

struct TransportHealthWindow {
    /// Long enough for a loss of 1 % to show in a voice's 50 packets a second, short enough to be told in time.
    static let interval = MediaSpan.seconds(5)

    enum Direction { case fromClient, toClient }

    private struct Mean {
        var sum: Float = 0
        var count: Float = 0

        var value: Float? { count > 0 ? max(sum / count, 0) : nil }
    }
    private struct Path: Hashable {
        var direction: Direction
        var kind: MediaKind
    }
    private var means: [Path: Mean] = [:]
    private var start: MediaTime?

    /// - Parameters:
    ///   - fractionLost: of a report block, in 1/256.
    ///   - before: what of it was lost elsewhere. The two are measured over different seconds, so only their means tell.
    mutating func observe(
        fractionLost: UInt8, ofWhich before: UInt8 = 0, _ kind: MediaKind, _ direction: Direction
    ) {
        let lost = (Float(fractionLost) - Float(before)) / 256
        means[Path(direction: direction, kind: kind), default: Mean()].sum += lost
        means[Path(direction: direction, kind: kind), default: Mean()].count += 1
    }

    /// Nil before the interval is over; then its losses, and a new one begins.
    mutating func take(_ now: MediaTime) -> (audioLoss: Float?, videoLoss: Float?)? {
        guard let start else {
            self.start = now
            return nil
        }
        guard now.since(start) >= Self.interval else { return nil }
        defer {
            means = [:]
            self.start = now
        }
        return (worse(.audio), worse(.video))
    }

    private func worse(_ kind: MediaKind) -> Float? {
        let up = means[Path(direction: .fromClient, kind: kind)]?.value
        let down = means[Path(direction: .toClient, kind: kind)]?.value
        return switch (up, down) {
        case (let up?, let down?): max(up, down)
        default: up ?? down
        }
    }
}
