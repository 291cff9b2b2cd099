// The few values of which Opus audio is made: sample rates, channels, frame durations (RFC 6716, 2).

/// Samples per second of each channel, on our side of the codec. What is sent is told by the packet, and any packet
/// decodes at any of these.
public enum OpusSampleRate: Int, Sendable, CaseIterable {
    case hz8000 = 8_000
    case hz12000 = 12_000
    case hz16000 = 16_000
    case hz24000 = 24_000
    case hz48000 = 48_000
}

/// Two channels are interleaved: left, right, left, right.
public enum OpusChannels: Int, Sendable, CaseIterable {
    case mono = 1
    case stereo = 2
}

/// How much sound one frame holds. 20 ms is what everybody sends; shorter costs more bits and packets, longer delay.
public enum OpusFrameDuration: Int, Sendable, CaseIterable {
    case ms2Half = 2_500
    case ms5 = 5_000
    case ms10 = 10_000
    case ms20 = 20_000
    case ms40 = 40_000
    case ms60 = 60_000

    public var microseconds: Int { rawValue }

    /// Samples of each channel; exact, since every rate is a multiple of 400 Hz.
    public func samplesPerChannel(at rate: OpusSampleRate) -> Int { rate.rawValue / 400 * (rawValue / 2_500) }
}
