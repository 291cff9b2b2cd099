// Sound and pictures that nobody hears or sees: RTP packets with the headers a relay reads (VP8 payload descriptor and
// keyframe bit, audio level), and a mark by which the receiving end knows exactly what it got.

public import MediaRelay

/// At the end of every payload: whose frame it is, which, which packet of it, of how many.
public struct FrameMark: Equatable, Sendable {
    /// The sources of one client, numbered from 0.
    public var source: UInt8
    public var frame: UInt32
    public var index: UInt8
    public var count: UInt8

    static let bytes = 7

    var encoded: [UInt8] {
        [source] + stride(from: 24, through: 0, by: -8).map { UInt8(frame >> $0 & 0xff) } + [index, count]
    }

    init(source: UInt8, frame: UInt32, index: UInt8, count: UInt8) {
        self.source = source
        self.frame = frame
        self.index = index
        self.count = count
    }

    init?(payload: ArraySlice<UInt8>) {
        let mark = Array(payload.suffix(Self.bytes))
        guard mark.count == Self.bytes else { return nil }
        source = mark[0]
        frame = mark[1..<5].reduce(0) { $0 << 8 | UInt32($1) }
        index = mark[5]
        count = mark[6]
    }
}

/// Makes the packets of one stream at its own pace.
public struct SyntheticSource: Sendable {
    public let number: UInt8
    public let format: PayloadFormat
    public let interval: MediaSpan
    public var nextFrame: MediaTime
    /// The next picture is a keyframe.
    public var keyframeWanted = true
    public var isSilent = false
    /// Audio level of voice in dB below full scale.
    public var level: UInt8 = 20
    /// Of the next frame. Counted from the origin of time, so that sources of one track number alike.
    public private(set) var frame: UInt32
    public private(set) var keyframes = 0

    private let ssrc: UInt32
    private let kind: MediaKind
    private var sequence: UInt16
    private var timestamp: UInt32
    private var pictureID: UInt16

    public init(
        number: UInt8 = 0, kind: MediaKind, format: PayloadFormat, start: MediaTime, random: inout SeededRandom
    ) {
        self.number = number
        self.kind = kind
        self.format = format
        interval = kind == .audio ? .milliseconds(20) : .microseconds(33_333)
        nextFrame = start
        frame = UInt32(truncatingIfNeeded: start.microseconds / interval.microseconds)
        ssrc = UInt32.random(in: 1...UInt32.max, using: &random)
        sequence = UInt16.random(in: 0...UInt16.max, using: &random)
        timestamp = UInt32.random(in: 0...UInt32.max, using: &random)
        pictureID = UInt16.random(in: 0..<1 << 15, using: &random)
    }

    /// The packets of the frame that is due.
    ///
    /// - Parameter transportSequence: the client's counter over all its packets.
    public mutating func makeFrame(_ transportSequence: inout UInt16) -> [[UInt8]] {
        defer {
            frame &+= 1
            nextFrame = nextFrame + interval
            timestamp &+= UInt32(UInt64(format.clockRate) * interval.microseconds / 1_000_000)
        }
        return kind == .audio ? [makeAudio(&transportSequence)] : makePicture(&transportSequence)
    }

    private mutating func makeAudio(_ transportSequence: inout UInt16) -> [UInt8] {
        let extensions = Self.extensions([(Self.audioLevel, [isSilent ? 127 : 0x80 | level])], &transportSequence)
        let opus = (0..<54).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(frame)) }
        let payload =
            format.codec == .red
            // RFC 2198: one primary block, no redundancy.
            ? [111] + opus : opus
        return packet(marker: false, extensions, payload, FrameMark(source: number, frame: frame, index: 0, count: 1))
    }

    private mutating func makePicture(_ transportSequence: inout UInt16) -> [[UInt8]] {
        let isKeyframe = keyframeWanted
        keyframeWanted = false
        if isKeyframe { keyframes += 1 }
        let count: UInt8 = isKeyframe ? 6 : 2
        defer { pictureID = (pictureID &+ 1) & 0x7fff }
        return (0..<count).map { index in
            // RFC 7741, 4.2: X and S; I, L and T; 15-bit picture id; TL0PICIDX; TID.
            var payload: [UInt8] = [
                index == 0 ? 0x90 : 0x80, 0xe0, 0x80 | UInt8(pictureID >> 8), UInt8(pictureID & 0xff),
                UInt8(truncatingIfNeeded: pictureID), 0,
            ]
            // RFC 6386, 9.1: bit 0 clear is a keyframe, with start code and size.
            if index == 0 { payload += isKeyframe ? [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 2, 0xe0, 1] : [0x11, 0, 0] }
            payload += [UInt8](repeating: UInt8(truncatingIfNeeded: frame), count: isKeyframe ? 1_000 : 500)
            let mark = FrameMark(source: number, frame: frame, index: index, count: count)
            let extensions = Self.extensions([], &transportSequence)
            return packet(marker: index == count - 1, extensions, payload, mark)
        }
    }

    // Local streams number extensions by the packet core's order, from 1.
    private static let audioLevel: UInt8 = 4
    private static let colorSpace: UInt8 = 11

    /// A relay core never carries a transport-wide sequence number from one path to another, and does not write its own
    /// yet. A colour space it carries as it is: the client calls the extension so, the server `transportSequence`.
    private static func extensions(
        _ elements: [(id: UInt8, bytes: [UInt8])], _ transportSequence: inout UInt16
    ) -> [UInt8] {
        transportSequence &+= 1
        let all =
            elements + [
                (colorSpace, [UInt8(transportSequence >> 8), UInt8(transportSequence & 0xff)])
            ]
        // RFC 8285, 4.2: the one-byte form.
        var block: [UInt8] = all.flatMap { [$0.id << 4 | UInt8($0.bytes.count - 1)] + $0.bytes }
        while block.count % 4 != 0 { block.append(0) }
        return [0xbe, 0xde, 0, UInt8(block.count / 4)] + block
    }

    private mutating func packet(
        marker: Bool, _ extensions: [UInt8], _ payload: [UInt8], _ mark: FrameMark
    ) -> [UInt8] {
        defer { sequence &+= 1 }
        var bytes: [UInt8] = [0x90, (marker ? 0x80 : 0) | format.payloadType]
        bytes += [UInt8(sequence >> 8), UInt8(sequence & 0xff)]
        for word in [timestamp, ssrc] { bytes += stride(from: 24, through: 0, by: -8).map { UInt8(word >> $0 & 0xff) } }
        return bytes + extensions + payload + mark.encoded
    }
}
