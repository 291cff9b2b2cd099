// Real media: that it is what any decoder plays, and that the sender's clock in it disturbs none.

import CLoad
import Codecs
import Testing

@testable import hutong_load

struct EncodedLoopTests {
    private func decode(_ frames: [[UInt8]]) throws -> [I420Buffer] {
        var decoder = try VPXDecoder(.vp8)
        return try frames.compactMap { frame in
            try decoder.decode(frame.span) { I420Buffer(copying: $0) }
        }
    }

    /// As the hot loop does it.
    private func stamped(_ frames: [[UInt8]]) -> [[UInt8]] {
        frames.map { $0.dropLast(Int(CL_STAMP_BYTES)) + (0..<UInt8(CL_STAMP_BYTES)).map { 255 - $0 } }
    }

    /// The number that a picture shows; nil when a field is neither black nor white.
    private func number(_ picture: I420Buffer) -> Int? {
        let field = picture.width / 16
        let luma = picture[.y]
        var bits: [Bool] = []
        for position in 0..<16 {
            let value = luma[picture.height / 8 * picture.width + position * field + field / 2]
            guard value < 80 || value > 170 else { return nil }
            bits.append(value > 170)
        }
        guard zip(bits[..<8], bits[8...]).allSatisfy({ $0 != $1 }) else { return nil }
        return bits[..<8].enumerated().reduce(0) { $0 | ($1.element ? 1 << $1.offset : 0) }
    }

    @Test func picturesAreDecodedInOrderAndOverTheLoopsEnd() throws {
        let loop = try EncodedLoop(.thumbnail)
        #expect(loop.frames.count == 80)
        let pictures = try decode(stamped(loop.frames) + stamped(loop.frames))
        #expect(pictures.map(number) == Array(0..<80) + Array(0..<80))
        #expect(pictures.allSatisfy { $0.width == 160 && $0.height == 90 })
    }

    @Test func theStampIsNotSeen() throws {
        let frames = try EncodedLoop(.thumbnail).frames
        #expect(try decode(stamped(frames)) == decode(frames.map { $0.dropLast(Int(CL_STAMP_BYTES)) }))
    }

    @Test func onlyTheFirstIsAKeyframe() throws {
        let frames = try EncodedLoop(.thumbnail).frames
        let keyframes = try frames.map { try VPXFrameHeader($0.span, codec: .vp8).isKeyframe }
        #expect(keyframes == [true] + Array(repeating: false, count: 79))
    }

    @Test(arguments: [MediaShape.thumbnail, .voice])
    func theBitrateIsTheShapes(shape: MediaShape) throws {
        let bytes = try EncodedLoop(shape).frames.reduce(0) { $0 + $1.count }
        let rate = Double(bytes * 8) / Double(EncodedLoop.seconds)
        #expect((0.6...1.3).contains(rate / Double(shape.bitsPerSecond)), "\(rate)")
    }

    @Test func soundIsAVoiceWithPauses() throws {
        let frames = try EncodedLoop(.voice).frames
        #expect(frames.count == 200)
        let plain = try loudness(stamped(frames))
        #expect(plain.count { $0 > 1_000 } > 80, "no voice")
        #expect(plain.count { $0 < 100 } > 20, "no pauses")
        #expect(try plain == loudness(frames), "the stamp is heard")
    }

    private func loudness(_ packets: [[UInt8]]) throws -> [Double] {
        var decoder = try OpusDecoder(sampleRate: .hz48000, channels: .mono)
        var samples = [Int16](repeating: 0, count: 960)
        return try packets.map { packet in
            var room = samples.mutableSpan
            let count = try decoder.decode(packet.span, into: &room)
            #expect(count == 960)
            let energy = samples.reduce(0.0) { $0 + Double($1) * Double($1) }
            return (energy / 960).squareRoot()
        }
    }

    @Test func packetsOfSeveralFramesAreNotPadded() {
        #expect(EncodedLoop.padded([0xfc, 1, 2])?.count == 3 + 2 + Int(CL_STAMP_BYTES))
        #expect(EncodedLoop.padded([0xfd, 1, 2]) == nil)
        #expect(EncodedLoop.padded([]) == nil)
    }

    @Test func theHotLoopTakesEveryShapeAndNothingElse() throws {
        let load = try #require(cl_create(1))
        defer { cl_destroy(load) }
        #expect(try EncodedLoop(.thumbnail).add(to: load) == 1)
        #expect(try EncodedLoop(.voice).add(to: load) == 2)
        #expect(cl_loop_add(load, [], [], 0) == 0)
        #expect(cl_loop_add(load, [1], [1], 1) == 0, "no room for the stamp")
    }
}
