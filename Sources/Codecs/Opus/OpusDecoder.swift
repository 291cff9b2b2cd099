// Opus packets to PCM with libopus, what is lost included. Which packet is lost, and when to give up waiting for it, is
// the caller's jitter buffer's to say; OpusPacket tells what a packet holds.

internal import CCodecs

/// One stream's decoder. Owns libopus' state, about 25 kB; decoding allocates nothing.
///
/// One call for each packet that was sent, in their order:
///
///     n arrived        decode(n)
///     n + 1 is lost    recover(from: n + 2) if that one is there in time and has FEC, else conceal
///     n + 2 arrived    decode(n + 2)
///
/// `@unchecked Sendable` as `OpusEncoder` is: the only owner of its pointer, `mutating` calls only, no state elsewhere.
public struct OpusDecoder: ~Copyable, @unchecked Sendable {
    public let sampleRate: OpusSampleRate
    /// Of what comes out: a mono packet fills both channels, a stereo packet is mixed to one.
    public let channels: OpusChannels
    private let pointer: OpaquePointer

    public init(sampleRate: OpusSampleRate = .hz48000, channels: OpusChannels = .mono) throws(OpusError) {
        var status: Int32 = 0
        guard let created = co_opus_decoder_create(Int32(sampleRate.rawValue), Int32(channels.rawValue), &status) else {
            throw OpusError(status)
        }
        pointer = created
        self.sampleRate = sampleRate
        self.channels = channels
    }

    deinit { co_opus_decoder_destroy(pointer) }

    /// Samples of all channels that hold any packet (at most 120 ms, RFC 6716, 3.2.5).
    public var longestOutput: Int {
        OpusPacket.longestDuration / 2_500 * (sampleRate.rawValue / 400) * channels.rawValue
    }

    /// Decodes one packet as it came. Bytes that have the form of a packet but were no sound decode to noise.
    ///
    /// - Parameter samples: interleaved, written from the start; `longestOutput` are always enough.
    /// - Returns: samples written, of each channel.
    /// - Throws: `invalidPacket` for what breaks RFC 6716, 3.4 and for an empty packet; `bufferTooSmall`. The decoder goes
    ///   on as if the call had not been.
    public mutating func decode(
        _ packet: Span<UInt8>, into samples: inout MutableSpan<Int16>
    ) throws(OpusError) -> Int {
        guard !packet.isEmpty else { throw .invalidPacket }
        return try run(packet, &samples, room(in: samples.count), useFEC: false, co_opus_decode)
    }

    /// The same with samples in -1.0...1.0, which loud sound may pass a little.
    public mutating func decode(
        _ packet: Span<UInt8>, into samples: inout MutableSpan<Float>
    ) throws(OpusError) -> Int {
        guard !packet.isEmpty else { throw .invalidPacket }
        return try run(packet, &samples, room(in: samples.count), useFEC: false, co_opus_decode_float)
    }

    /// Makes up a lost packet from what was before it: the sound goes on and fades out after some 100 ms.
    ///
    /// - Parameter samples: filled whole; its length says how much is missing, a multiple of 2.5 ms up to 120 ms.
    /// - Throws: `sampleCount`.
    public mutating func conceal(into samples: inout MutableSpan<Int16>) throws(OpusError) {
        _ = try run(Span(), &samples, wholeFrame(in: samples.count), useFEC: false, co_opus_decode)
    }

    /// The same with samples in -1.0...1.0.
    public mutating func conceal(into samples: inout MutableSpan<Float>) throws(OpusError) {
        _ = try run(Span(), &samples, wholeFrame(in: samples.count), useFEC: false, co_opus_decode_float)
    }

    /// Decodes a lost packet from the copy (in-band FEC) in the packet after it, which is then decoded as usual. Conceals
    /// as far as there is no copy: `OpusPacket.hasFEC`.
    ///
    /// - Parameters:
    ///   - next: the packet that follows the lost one.
    ///   - samples: filled whole; its length says how much was lost, as in `conceal`.
    /// - Throws: `sampleCount`, `invalidPacket`.
    public mutating func recover(
        from next: Span<UInt8>, into samples: inout MutableSpan<Int16>
    ) throws(OpusError) {
        guard !next.isEmpty else { throw .invalidPacket }
        _ = try run(next, &samples, wholeFrame(in: samples.count), useFEC: true, co_opus_decode)
    }

    /// The same with samples in -1.0...1.0.
    public mutating func recover(
        from next: Span<UInt8>, into samples: inout MutableSpan<Float>
    ) throws(OpusError) {
        guard !next.isEmpty else { throw .invalidPacket }
        _ = try run(next, &samples, wholeFrame(in: samples.count), useFEC: true, co_opus_decode_float)
    }

    /// Forgets what was decoded so far: for the start of another stream.
    public mutating func reset() throws(OpusError) {
        _ = try OpusError.check(co_opus_decoder_reset(pointer))
    }

    /// Samples of each channel that `count` of all channels have room for. libopus multiplies it again in 32 bits, and
    /// no packet needs more than `longestOutput`.
    private func room(in count: Int) -> Int32 { Int32(min(count, longestOutput) / channels.rawValue) }

    private func wholeFrame(in count: Int) throws(OpusError) -> Int32 {
        let shortest = OpusFrameDuration.ms2Half.samplesPerChannel(at: sampleRate) * channels.rawValue
        guard count > 0, count <= longestOutput, count.isMultiple(of: shortest) else { throw .sampleCount(count) }
        return Int32(count / channels.rawValue)
    }

    /// `decode` is libopus's function for this kind of sample.
    private func run<Sample>(
        _ packet: Span<UInt8>, _ samples: inout MutableSpan<Sample>, _ frame: Int32, useFEC: Bool,
        _ decode: (OpaquePointer, UnsafePointer<UInt8>?, Int32, UnsafeMutablePointer<Sample>?, Int32, Bool) -> Int32
    ) throws(OpusError) -> Int {
        guard frame > 0 else { throw .bufferTooSmall }
        let written = packet.withUnsafeBufferPointer { input in
            samples.withUnsafeMutableBufferPointer { output in
                decode(
                    pointer, input.isEmpty ? nil : input.baseAddress, Int32(clamping: input.count), output.baseAddress,
                    frame, useFEC)
            }
        }
        return try OpusError.check(written)
    }
}
