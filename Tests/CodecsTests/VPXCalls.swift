// The calls of the video encoder and decoder with arrays, as tests like to have them.

import Codecs

struct TestFrame {
    var about: VPXEncodedFrame
    var bytes: [UInt8]
}

extension VPXEncoder {
    /// Nil: dropped.
    mutating func frame(of picture: I420Buffer, at timestamp: Int64) throws(VPXError) -> TestFrame? {
        try picture.withPicture { picture throws(VPXError) in
            try encode(picture, at: timestamp) { about, bytes in
                TestFrame(about: about, bytes: bytes.withUnsafeBufferPointer { Array($0) })
            }
        }
    }

    /// The first `count` pictures of the scene at the configured frame rate.
    mutating func frames(of scene: MovingPicture, count: Int) throws(VPXError) -> [TestFrame] {
        var frames: [TestFrame] = []
        for number in 0..<count {
            let ticks = Int64(number * configuration.ticksPerSecond / configuration.framesPerSecond)
            if let frame = try frame(of: scene.frame(number), at: ticks) { frames.append(frame) }
        }
        return frames
    }
}

extension VPXDecoder {
    /// Nil: nothing is shown.
    mutating func picture(of bytes: [UInt8]) throws(VPXError) -> I420Buffer? {
        try decode(bytes.span) { picture in I420Buffer(copying: picture) }
    }
}

extension VPXFrameHeader {
    init(_ bytes: [UInt8], codec: VPXCodec) throws(VPXError) { try self.init(bytes.span, codec: codec) }
}
