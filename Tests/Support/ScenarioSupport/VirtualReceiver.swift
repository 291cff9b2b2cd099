// The far end of a subscription: puts frames together, "decodes" them in order, and knows what was lost, late or wrong.

public import MediaRelay

public final class VirtualReceiver {
    public let kind: MediaKind
    /// Unique RTP packets.
    public private(set) var packets = 0
    public private(set) var duplicates = 0
    /// Frames decoded: every frame for audio, for video those whose predecessors back to a keyframe are all there.
    public private(set) var decoded = 0
    public private(set) var keyframes = 0
    public private(set) var payloadTypes: Set<UInt8> = []
    public private(set) var ssrcs: Set<UInt32> = []
    /// Which of the publisher's sources the decoded frames were of, in the order of changes.
    public private(set) var sources: [UInt8] = []
    /// Packets that are no RTP, have no mark, or contradict others of their frame.
    public private(set) var malformed = 0
    public private(set) var lastDecoded: MediaTime?
    public private(set) var firstDecoded: MediaTime?
    /// The longest time between two decoded frames.
    public private(set) var longestFreeze = MediaSpan.zero
    /// VP8 picture ids of decoded frames that do not follow each other.
    public private(set) var pictureJumps = 0
    /// The largest step of the timestamp between two decoded frames, in RTP units.
    public private(set) var largestTimestampStep: UInt32 = 0

    private struct Frame {
        var source: UInt8
        var parts: Set<UInt8> = []
        var count: UInt8
        var isKeyframe = false
        var pictureID: UInt16 = 0
        var timestamp: UInt32
    }

    private var sequences: Set<UInt16> = []
    private var firstSequence: UInt16?
    private var highestSequence: UInt16 = 0
    private var cycles = 0
    private var frames: [UInt32: Frame] = [:]
    private var next: UInt32?
    private var waitsSince: MediaTime?
    private var lastPictureID: UInt16?
    /// RTP timestamp of the last decoded frame.
    public private(set) var lastTimestamp: UInt32?
    /// Its number.
    public private(set) var lastFrame: UInt32?

    /// A picture that is not repaired in this time is given up for a keyframe, as a jitter buffer does.
    private static let patience = MediaSpan.milliseconds(400)

    init(kind: MediaKind) { self.kind = kind }

    /// Sequence numbers between the first and the highest that never came. For tests shorter than 65536 packets.
    public var missing: Int {
        guard let firstSequence else { return 0 }
        return Int(highestSequence &- firstSequence) + 1 - packets
    }

    /// Forgets what was measured, keeps decoding: for figures of a later part of a scenario.
    public func resetFigures(_ now: MediaTime) {
        longestFreeze = .zero
        decoded = 0
        lastDecoded = now
        largestTimestampStep = 0
    }

    func receive(_ rtp: [UInt8], _ now: MediaTime) {
        guard let header = RTPHeader(rtp), let mark = FrameMark(payload: rtp[header.payload...]), mark.count > 0 else {
            malformed += 1
            return
        }
        guard note(header) else { return }
        var frame =
            frames[mark.frame] ?? Frame(source: mark.source, count: mark.count, timestamp: header.timestamp)
        // A switch of encodings may come within a frame number: the new source's keyframe takes its place.
        if frame.source != mark.source {
            frame = Frame(source: mark.source, count: mark.count, timestamp: header.timestamp)
        }
        if frame.count != mark.count || frame.timestamp != header.timestamp { malformed += 1 }
        frame.parts.insert(mark.index)
        if kind == .video, !read(picture: rtp[header.payload...], mark, into: &frame) { malformed += 1 }
        frames[mark.frame] = frame
        if kind == .audio { decode(mark.frame, frame, now) } else { decodePictures(now) }
    }

    /// True once, when a keyframe is needed to go on.
    func needsKeyframe(_ now: MediaTime) -> Bool {
        guard kind == .video, let since = waitsSince, now.since(since) >= Self.patience else { return false }
        waitsSince = now
        return true
    }

    private func note(_ header: RTPHeader) -> Bool {
        payloadTypes.insert(header.payloadType)
        ssrcs.insert(header.ssrc)
        guard sequences.insert(header.sequence).inserted else {
            duplicates += 1
            return false
        }
        packets += 1
        guard let first = firstSequence else {
            firstSequence = header.sequence
            highestSequence = header.sequence
            return true
        }
        if header.sequence &- highestSequence < 1 << 15 { highestSequence = header.sequence }
        // Reordering of the very first packets.
        if first &- header.sequence < 1 << 12 { firstSequence = header.sequence }
        return true
    }

    private func read(picture payload: ArraySlice<UInt8>, _ mark: FrameMark, into frame: inout Frame) -> Bool {
        let bytes = Array(payload.prefix(8))
        guard bytes.count == 8, bytes[0] & 0x80 != 0, bytes[2] & 0x80 != 0 else { return false }
        let pictureID = UInt16(bytes[2] & 0x7f) << 8 | UInt16(bytes[3])
        guard frame.parts.count == 1 || frame.pictureID == pictureID else { return false }
        frame.pictureID = pictureID
        if mark.index == 0 { frame.isKeyframe = bytes[6] & 1 == 0 }
        return true
    }

    private func decodePictures(_ now: MediaTime) {
        while true {
            if let number = next, let frame = frames[number], frame.parts.count == Int(frame.count) {
                decode(number, frame, now)
                next = number &+ 1
                continue
            }
            // A complete keyframe further on is where decoding can begin anew.
            let keyframe = frames.filter { number, frame in
                frame.isKeyframe && frame.parts.count == Int(frame.count) && (next.map { number > $0 } ?? true)
            }.keys.min()
            guard let keyframe else { break }
            frames = frames.filter { $0.key >= keyframe }
            next = keyframe
        }
        let isWaiting = frames.contains { number, _ in next.map { number > $0 } ?? true }
        if !isWaiting { waitsSince = nil } else if waitsSince == nil { waitsSince = now }
    }

    private func decode(_ number: UInt32, _ frame: Frame, _ now: MediaTime) {
        frames[number] = nil
        decoded += 1
        if sources.last != frame.source { sources.append(frame.source) }
        if frame.isKeyframe { keyframes += 1 }
        if firstDecoded == nil { firstDecoded = now }
        if let lastDecoded { longestFreeze = max(longestFreeze, now.since(lastDecoded)) }
        lastDecoded = now
        waitsSince = nil
        if kind == .video, let lastPictureID, (lastPictureID &+ 1) & 0x7fff != frame.pictureID { pictureJumps += 1 }
        lastPictureID = frame.pictureID
        if let lastTimestamp, frame.timestamp &- lastTimestamp < 1 << 31 {
            largestTimestampStep = max(largestTimestampStep, frame.timestamp &- lastTimestamp)
        }
        lastTimestamp = frame.timestamp
        lastFrame = number
    }
}

struct RTPHeader {
    let payloadType: UInt8
    let sequence: UInt16
    let timestamp: UInt32
    let ssrc: UInt32
    /// Where the payload begins.
    let payload: Int

    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 12, bytes[0] >> 6 == 2 else { return nil }
        func word(_ at: Int) -> UInt32 { bytes[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) } }
        payloadType = bytes[1] & 0x7f
        sequence = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        timestamp = word(4)
        ssrc = word(8)
        var offset = 12 + Int(bytes[0] & 0xf) * 4
        if bytes[0] & 0x10 != 0 {
            guard bytes.count >= offset + 4 else { return nil }
            offset += 4 + (Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])) * 4
        }
        guard offset <= bytes.count else { return nil }
        payload = offset
    }
}
