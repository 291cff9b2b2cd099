// How often somebody may guess. A table of fixed size, so that a stranger who invents accounts fills no memory, and
// nothing here knows whether an account exists. Two keys in one place share their tries, which harms nobody.

/// Tries that come back with time. A value: the moment is a parameter.
struct AttemptLimiter: Sendable {
    /// How many at once, and seconds until one of them is back.
    struct Allowance: Sendable, Equatable {
        var tries: Int
        var secondsEach: Int64
    }

    private let allowance: Allowance
    /// By place: the moment at which all tries are back, in seconds.
    private var fullAt: [Int64]

    init(_ allowance: Allowance, places: Int) {
        self.allowance = allowance
        fullAt = Array(repeating: .min, count: max(places, 1))
    }

    /// Takes one try. `hash` must be seeded per process: who could choose the place could lock somebody out.
    /// - Returns: nil, or seconds to wait until there is one.
    mutating func take(_ hash: Int, at now: Int64) -> Int64? {
        let place = place(hash)
        let next = max(fullAt[place], now) + allowance.secondsEach
        let wait = next - now - Int64(allowance.tries) * allowance.secondsEach
        guard wait <= 0 else { return wait }
        fullAt[place] = next
        return nil
    }

    /// The try was no guess.
    mutating func giveBack(_ hash: Int) {
        let place = place(hash)
        if fullAt[place] != .min { fullAt[place] -= allowance.secondsEach }
    }

    private func place(_ hash: Int) -> Int { Int(UInt(bitPattern: hash) % UInt(fullAt.count)) }
}
