// Sound whose frequency and level are known, and what is left of them after a codec.

import Codecs

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

struct Tone {
    var hertz: Double
    /// Of full scale, 0...1.
    var amplitude: Double
    var rate: OpusSampleRate

    /// Sample `index` of the endless tone, in -1...1.
    func sample(_ index: Int) -> Double {
        amplitude * sin(2 * .pi * hertz * Double(index) / Double(rate.rawValue))
    }

    /// Interleaved; both channels alike.
    func int16(from first: Int, count: Int, channels: OpusChannels) -> [Int16] {
        (0..<count).flatMap { index in
            [Int16](repeating: Int16(sample(first + index) * 32_767), count: channels.rawValue)
        }
    }

    func float(from first: Int, count: Int, channels: OpusChannels) -> [Float] {
        (0..<count).flatMap { [Float](repeating: Float(sample(first + $0)), count: channels.rawValue) }
    }

    /// The amplitude of this frequency in `samples` of one channel (Goertzel).
    func amplitude(in samples: [Double]) -> Double {
        let coefficient = 2 * cos(2 * .pi * hertz / Double(rate.rawValue))
        var (one, two) = (0.0, 0.0)
        for sample in samples { (one, two) = (sample + coefficient * one - two, one) }
        let power = one * one + two * two - coefficient * one * two
        return 2 * power.squareRoot() / Double(samples.count)
    }
}

/// Root mean square.
func level(of samples: [Double]) -> Double {
    samples.isEmpty ? 0 : (samples.reduce(0) { $0 + $1 * $1 } / Double(samples.count)).squareRoot()
}

func decibels(_ ratio: Double) -> Double { 20 * log10(ratio) }
