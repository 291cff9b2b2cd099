// How good a connection feels, as a number from 1 to 5 and as the word that clients show. Pure: what was measured in, the
// judgement out.

import LiveKitProtocol
import MediaRelay

/// 1 (useless) to 5 (as in one room), the scale of mean opinion scores (ITU-T P.800).
struct ConnectionScore: Sendable, Equatable {
    let value: Float

    init(_ value: Float) { self.value = value.isFinite ? min(max(value, 1), 5) : 1 }

    /// The worse of what was measured; nothing measured is nothing to complain of.
    init(_ health: TransportHealth) {
        let roundTrip = Float(health.roundTrip.microseconds) / 1000
        let voice = Self.voice(loss: health.audioLoss ?? 0, roundTripMilliseconds: roundTrip)
        let picture = health.videoLoss.map { Self.picture(loss: $0) }
        self.init(min(voice, picture ?? voice))
    }

    var quality: LiveKitConnectionQuality {
        if value >= Self.excellent { return .excellent }
        return value >= Self.good ? .good : .poor
    }

    /// A voice with 2 % loss that is repaired, or 300 ms round trip: hardly anybody complains.
    private static let excellent: Float = 4.1
    /// Below it many are annoyed: 10 % loss, or most of a second round trip.
    private static let good: Float = 3.1

    // MARK: Voice

    /// The E-model (ITU-T G.107) with what a relay knows: its default rating, less for delay and for loss.
    private static func voice(loss: Float, roundTripMilliseconds: Float) -> Float {
        let delay = roundTripMilliseconds / 2 + playoutDelay
        let late = delay > interactiveDelay ? 0.11 * (delay - interactiveDelay) : 0
        let lost = 95 * loss * 100 / (loss * 100 + lossRobustness)
        let rating = min(max(93.2 - 0.024 * delay - late - lost, 0), 100)
        return 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 0.000_007
    }

    /// Milliseconds from arrival to ear: a frame and a calm jitter buffer.
    private static let playoutDelay: Float = 60
    /// Milliseconds one way, above which people begin to talk into each other (G.107).
    private static let interactiveDelay: Float = 177.3
    /// The percentage of loss that takes half of what loss can take (Bpl of G.113). Opus conceals and carries repairs;
    /// G.711 with concealment has 25 for random loss, and less for the bursts that networks have.
    private static let lossRobustness: Float = 20

    // MARK: Picture

    /// Straight lines between these: up to 2 % is repaired unseen, 10 % freezes now and then, 30 % is no picture.
    private static let pictureSteps: [(loss: Float, score: Float)] = [(0, 4.5), (0.02, 4.1), (0.1, 3.1), (0.3, 1)]

    private static func picture(loss: Float) -> Float {
        for (lower, upper) in zip(pictureSteps, pictureSteps.dropFirst()) where loss <= upper.loss {
            let share = (max(loss, 0) - lower.loss) / (upper.loss - lower.loss)
            return lower.score + (upper.score - lower.score) * share
        }
        return 1
    }
}
