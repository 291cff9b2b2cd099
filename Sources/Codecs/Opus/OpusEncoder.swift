// PCM to Opus packets with libopus. RTP, RED and the choice of settings over time are left to the caller.

internal import CCodecs

/// One stream's encoder. Owns libopus' state, about 45 kB; encoding allocates nothing.
///
/// `@unchecked Sendable`: a value that cannot be copied is the only owner of its pointer, each use is a `mutating` call
/// that Swift keeps exclusive, and libopus keeps neither global nor thread-local state. So it may move between threads.
public struct OpusEncoder: ~Copyable, @unchecked Sendable {
    public enum Application: Sendable, CaseIterable {
        /// Speech first: intelligible at low rates and under loss.
        case voice
        /// Faithful to the input: music, mixed sound.
        case audio
        /// As `audio` without the speech layer: looks ahead 2.5 ms instead of 6.5, and has no FEC.
        case lowDelay
    }

    public struct Configuration: Sendable, Equatable {
        public var sampleRate = OpusSampleRate.hz48000
        public var channels = OpusChannels.mono
        public var application = Application.voice
        /// Bits per second on average, in `bitrates(for: channels)`. 24,000 is good speech, 64,000 a channel good music.
        public var bitrate = 32_000
        /// 0 (least work) to 10 (best sound at a given rate); libopus' own choice is 9.
        public var complexity = 9
        /// Puts a coarse copy of each frame of speech into the packet after it, when `expectedLoss` makes it worth its
        /// bits. `OpusDecoder.recover` plays it.
        public var hasInbandFEC = false
        /// Per cent of packets that will not arrive, 0...100.
        public var expectedLoss = 0
        /// Packets of one or two bytes while nobody speaks, which need not be sent.
        public var isDiscontinuous = false

        public init() {}

        /// RFC 6716, 2.1.1: from 6 to 510 kbit/s; libopus cuts each channel at 300.
        public static func bitrates(for channels: OpusChannels) -> ClosedRange<Int> {
            6_000...(channels == .mono ? 300_000 : 510_000)
        }
    }

    /// Bytes that every packet of up to 60 ms fits: it is three frames at the most, of at most 1,275 bytes each, behind
    /// two bytes and two lengths of two bytes (RFC 6716, 3.2.5).
    public static let longestPacket = 2 + 2 * 2 + 3 * OpusPacket.longestFrame
    /// Packets of up to so many bytes say that nothing has changed since the last one (DTX) and need not be sent.
    public static let longestSilence = 2

    public let sampleRate: OpusSampleRate
    public let channels: OpusChannels
    /// By how many samples of each channel what is decoded lags behind what was encoded: skipped at the start of a file.
    public let lookahead: Int
    private let pointer: OpaquePointer

    public init(_ configuration: Configuration = Configuration()) throws(OpusError) {
        pointer = try Self.open(configuration)
        sampleRate = configuration.sampleRate
        channels = configuration.channels
        lookahead = Int(co_opus_encoder_lookahead(pointer))
    }

    deinit { co_opus_encoder_destroy(pointer) }

    /// Encodes one frame of any `OpusFrameDuration`; the duration may change from call to call.
    ///
    /// - Parameters:
    ///   - samples: interleaved, full scale 32,767; `channels × samplesPerChannel` of them.
    ///   - packet: where the packet is written, from its start; `longestPacket` bytes are always enough, and with less
    ///     room the packet is made to fit as far as that goes.
    /// - Returns: the packet's bytes, 1 or more. Up to `longestSilence`: the packet need not be sent.
    /// - Throws: `sampleCount`, `bufferTooSmall`.
    public mutating func encode(
        _ samples: Span<Int16>, into packet: inout MutableSpan<UInt8>
    ) throws(OpusError) -> Int {
        try run(samples, &packet, co_opus_encode)
    }

    /// The same with samples in -1.0...1.0. A frame with a not-a-number in it is silence.
    public mutating func encode(
        _ samples: Span<Float>, into packet: inout MutableSpan<UInt8>
    ) throws(OpusError) -> Int {
        try run(samples, &packet, co_opus_encode_float)
    }

    /// `encode` is libopus's function for this kind of sample.
    private func run<Sample>(
        _ samples: Span<Sample>, _ packet: inout MutableSpan<UInt8>,
        _ encode: (OpaquePointer, UnsafePointer<Sample>?, Int32, UnsafeMutablePointer<UInt8>?, Int32) -> Int32
    ) throws(OpusError) -> Int {
        let frame = try samplesPerChannel(of: samples.count)
        guard !packet.isEmpty else { throw .bufferTooSmall }
        let written = samples.withUnsafeBufferPointer { input in
            packet.withUnsafeMutableBufferPointer { output in
                encode(pointer, input.baseAddress, frame, output.baseAddress, Int32(clamping: output.count))
            }
        }
        return try OpusError.check(written)
    }

    /// From the next frame on; the same range as in the configuration.
    public mutating func setBitrate(_ bitsPerSecond: Int) throws(OpusError) {
        guard Configuration.bitrates(for: channels).contains(bitsPerSecond) else { throw .bitrate(bitsPerSecond) }
        try Self.set(pointer, CO_OPUS_BITRATE, bitsPerSecond)
    }

    /// From the next frame on, in per cent: what the receivers report. More makes FEC stronger and prediction weaker.
    public mutating func setExpectedLoss(_ perCent: Int) throws(OpusError) {
        guard Self.losses.contains(perCent) else { throw .expectedLoss(perCent) }
        try Self.set(pointer, CO_OPUS_EXPECTED_LOSS, perCent)
    }

    /// Forgets what was encoded so far and keeps the settings: for the start of another recording.
    public mutating func reset() throws(OpusError) {
        _ = try OpusError.check(co_opus_encoder_reset(pointer))
    }

    private static let complexities = 0...10
    private static let losses = 0...100

    private static func check(_ configuration: Configuration) throws(OpusError) {
        guard Configuration.bitrates(for: configuration.channels).contains(configuration.bitrate) else {
            throw .bitrate(configuration.bitrate)
        }
        guard complexities.contains(configuration.complexity) else { throw .complexity(configuration.complexity) }
        guard losses.contains(configuration.expectedLoss) else { throw .expectedLoss(configuration.expectedLoss) }
    }

    private static func open(_ configuration: Configuration) throws(OpusError) -> OpaquePointer {
        try check(configuration)
        var status: Int32 = 0
        let created = co_opus_encoder_create(
            Int32(configuration.sampleRate.rawValue), Int32(configuration.channels.rawValue),
            configuration.application.inC, &status)
        guard let created else { throw OpusError(status) }
        do {
            try set(created, CO_OPUS_BITRATE, configuration.bitrate)
            try set(created, CO_OPUS_COMPLEXITY, configuration.complexity)
            try set(created, CO_OPUS_INBAND_FEC, configuration.hasInbandFEC ? 1 : 0)
            try set(created, CO_OPUS_EXPECTED_LOSS, configuration.expectedLoss)
            try set(created, CO_OPUS_DTX, configuration.isDiscontinuous ? 1 : 0)
        } catch {
            co_opus_encoder_destroy(created)
            throw error
        }
        return created
    }

    private static func set(
        _ pointer: OpaquePointer, _ setting: co_opus_setting, _ value: Int
    ) throws(OpusError) {
        _ = try OpusError.check(co_opus_encoder_set(pointer, setting, Int32(value)))
    }

    private func samplesPerChannel(of count: Int) throws(OpusError) -> Int32 {
        for duration in OpusFrameDuration.allCases {
            let samples = duration.samplesPerChannel(at: sampleRate)
            if samples * channels.rawValue == count { return Int32(samples) }
        }
        throw .sampleCount(count)
    }
}

extension OpusEncoder.Application {
    fileprivate var inC: co_opus_application {
        switch self {
        case .voice: CO_OPUS_VOICE
        case .audio: CO_OPUS_AUDIO
        case .lowDelay: CO_OPUS_LOW_DELAY
        }
    }
}

extension OpusError {
    /// What a negative result of libopus means.
    init(_ status: Int32) {
        switch status {
        case co_opus_buffer_too_small: self = .bufferTooSmall
        case co_opus_invalid_packet: self = .invalidPacket
        case co_opus_no_memory: self = .outOfMemory
        default: self = .library(status)
        }
    }

    /// A result of libopus that counts something, or its error.
    static func check(_ result: Int32) throws(OpusError) -> Int {
        guard result >= 0 else { throw OpusError(result) }
        return Int(result)
    }
}
