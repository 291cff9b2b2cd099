// Sound with the pace of speech, for real media: syllables of a voice that rises and falls, consonants of noise, pauses.
// Nothing is said; encoding is EncodedLoop's.

import Foundation

enum SpokenSound {
    static let sampleRate = 48_000
    private static let syllableSeconds = 0.25
    /// Every so many syllables one is left out, as speakers draw breath.
    private static let pauseEvery = 6
    /// Of full scale, for the loudest of a syllable: some 25 dB below it on average, as MediaShape says of a voice.
    private static let loudness = 0.2

    /// Mono, -1 to 1; begins and ends in silence, so that it can be played over and over.
    static func samples(seconds: Int) -> [Float] {
        // SplitMix64's step: the same noise in each run.
        var random: UInt64 = 1
        var phase = 0.0
        return (0..<seconds * sampleRate).map { index in
            let time = Double(index) / Double(sampleRate)
            let syllable = Int(time / syllableSeconds)
            let within = (time / syllableSeconds).truncatingRemainder(dividingBy: 1)
            let pitch = 130.0 + 25 * sin(2 * .pi * 0.5 * time) + Double(syllable % 3) * 12
            phase += 2 * .pi * pitch / Double(sampleRate)
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            guard syllable % pauseEvery != pauseEvery - 1 else { return 0 }
            let noise = Double(Int64(bitPattern: random) >> 40) / Double(1 << 23)
            // Harmonics, those near a vowel's formant strongest.
            let formant = [500.0, 900, 350, 700][syllable % 4]
            let voice = (1...12).reduce(0.0) { sum, harmonic in
                let distance = (Double(harmonic) * pitch - formant) / 300
                return sum + sin(Double(harmonic) * phase) / (1 + distance * distance)
            }
            let envelope = pow(sin(.pi * within), 2)
            let consonant = within < 0.2 ? 0.3 * noise : 0
            return Float(loudness * envelope * (voice / 3 + consonant))
        }
    }
}
