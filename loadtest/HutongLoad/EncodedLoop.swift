// Real media, encoded once before a run: frames that the hot loop sends over and over, from a keyframe on. What is seen
// and heard comes from MovingPicture and SpokenSound.

import CLoad
import Codecs

/// `--media`: what the participants' tracks are made of.
enum MediaKind: String, Sendable, CaseIterable {
    /// Packets of the right size with the right headers. Nobody can decode them.
    case synthetic
    /// VP8 and Opus.
    case real
}

struct EncodedLoop: Equatable, Sendable {
    /// Each with `CL_STAMP_BYTES` at its end that decoders do not look at.
    var frames: [[UInt8]]

    /// A keyframe each four seconds costs a tenth of the bitrate, and the largest loop is 1.3 MB.
    static let seconds = 4
    private static let stampBytes = Int(CL_STAMP_BYTES)

    init(_ shape: MediaShape) throws {
        if let size = shape.pictureSize {
            frames = try Self.pictures(shape, size)
        } else {
            frames = try Self.sound(shape)
        }
    }

    /// The name that the hot loop gives it.
    func add(to load: OpaquePointer) throws -> UInt32 {
        let name = cl_loop_add(load, frames.flatMap { $0 }, frames.map { UInt32($0.count) }, UInt32(frames.count))
        guard name != 0 else { throw LoadError("no memory for encoded media") }
        return name
    }

    // MARK: Pictures

    /// What follows the last partition of a VP8 frame is never read (RFC 6386, 9.5), so the stamp stands there.
    private static func pictures(_ shape: MediaShape, _ size: (width: Int, height: Int)) throws -> [[UInt8]] {
        var configuration = VPXEncoder.Configuration(
            .vp8, width: size.width, height: size.height, bitrate: Int(shape.bitsPerSecond))
        configuration.framesPerSecond = Int(shape.framesPerSecond)
        configuration.isScreenContent = shape == .screen1080
        var encoder = try VPXEncoder(configuration)
        var picture = try MovingPicture(width: size.width, height: size.height)
        let ticks = Int64(configuration.ticksPerSecond / configuration.framesPerSecond)
        var frames: [[UInt8]] = []
        for number in 0..<Self.seconds * configuration.framesPerSecond {
            picture.draw(number)
            let frame = try picture.buffer.withPicture { lent throws(VPXError) in
                try encoder.encode(lent, at: Int64(number) * ticks) { _, bytes in
                    bytes.withUnsafeBufferPointer { Array($0) }
                }
            }
            guard let frame else { throw LoadError("the encoder left out a picture") }
            frames.append(frame + [UInt8](repeating: 0, count: stampBytes))
        }
        return frames
    }

    // MARK: Sound

    private static func sound(_ shape: MediaShape) throws -> [[UInt8]] {
        var configuration = OpusEncoder.Configuration()
        configuration.bitrate = Int(shape.bitsPerSecond)
        var encoder = try OpusEncoder(configuration)
        let samples =
            shape == .voice
            ? SpokenSound.samples(seconds: seconds)
            : [Float](repeating: 0, count: seconds * SpokenSound.sampleRate)
        let perFrame = SpokenSound.sampleRate / Int(shape.framesPerSecond)
        var packet = [UInt8](repeating: 0, count: OpusEncoder.longestPacket)
        return try stride(from: 0, to: samples.count, by: perFrame).map { start in
            var room = packet.mutableSpan
            let length = try encoder.encode(samples.span.extracting(start..<start + perFrame), into: &room)
            guard let padded = padded(Array(packet[..<length])) else {
                throw LoadError("the encoder made a packet of several frames")
            }
            return padded
        }
    }

    /// The same packet with room for the stamp as Opus padding, which decoders skip: code 3, one frame (RFC 6716, 3.2.5).
    /// Nil when it holds several frames.
    static func padded(_ packet: [UInt8]) -> [UInt8]? {
        guard let head = packet.first, head & 3 == 0 else { return nil }
        let oneFrameWithPadding: UInt8 = 0x41
        return [head | 3, oneFrameWithPadding, UInt8(stampBytes)] + packet.dropFirst()
            + [UInt8](repeating: 0, count: stampBytes)
    }
}
