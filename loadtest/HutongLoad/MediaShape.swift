// What one track looks like on the wire: how often, how large. What is in it, if anything, is EncodedLoop's.

import CLoad

/// The tracks that participants of the scenarios publish.
enum MediaShape: String, Sendable, CaseIterable, Hashable {
    /// Opus of one voice: 50 packets/s of about 100 B.
    case voice
    /// An open microphone that nobody speaks into; as many packets, but no voice level.
    case quietMicrophone
    /// VP8, 720p, 1.5 Mbit/s: 25 frames/s of 7 packets of about 1075 B.
    case camera720
    /// The smallest simulcast layer, as galleries show it: 20 frames/s of one packet of about 250 B.
    case thumbnail
    /// A shared 1080p screen: 15 frames/s, 2.5 Mbit/s, and keyframes of 100 packets.
    case screen1080

    var isVideo: Bool { self != .voice && self != .quietMicrophone }

    var framesPerSecond: UInt32 {
        switch self {
        case .voice, .quietMicrophone: 50
        case .camera720: 25
        case .thumbnail: 20
        case .screen1080: 15
        }
    }

    /// Pixels; nil of sound.
    var pictureSize: (width: Int, height: Int)? {
        switch self {
        case .voice, .quietMicrophone: nil
        case .camera720: (1_280, 720)
        case .thumbnail: (160, 90)
        case .screen1080: (1_920, 1_080)
        }
    }

    var bitsPerSecond: UInt32 { frameBytes * framesPerSecond * 8 }

    /// Bytes of payload of a frame, on average.
    var frameBytes: UInt32 {
        switch self {
        case .voice, .quietMicrophone: 100
        case .camera720: 7 * 1_075
        case .thumbnail: 250
        case .screen1080: 19 * 1_110
        }
    }

    /// About four ordinary frames, for a screen whose pictures are mostly still five.
    var keyframeBytes: UInt32 {
        switch self {
        case .voice, .quietMicrophone: 0
        case .camera720: 28 * 1_075
        case .thumbnail: 1_500
        case .screen1080: 100 * 1_110
        }
    }

    /// Per cent by which frames differ: as much as leaves the number of packets the same.
    var sizeVariation: UInt8 {
        switch self {
        case .voice, .quietMicrophone: 20
        case .camera720: 5
        case .thumbnail: 20
        case .screen1080: 2
        }
    }

    /// Of payload; with headers, extensions and tag it stays below the 1,200 B that WebRTC sends.
    static let packetBytes: UInt32 = 1_140

    /// Packets a second, keyframes left out.
    var packetsPerSecond: Int {
        Int(framesPerSecond) * Int((frameBytes + Self.packetBytes - 1) / Self.packetBytes)
    }

    /// dB below full scale (RFC 6464).
    var audioLevel: UInt8 { self == .voice ? 25 : 127 }

    /// - Parameter loop: real media, by the hot loop's name for it; 0: synthetic.
    func source(ssrc: UInt32, mid: String, payloadType: UInt8, loop: UInt32 = 0) -> cl_source_config {
        var configuration = cl_source_config()
        configuration.is_video = isVideo
        configuration.payload_type = payloadType
        configuration.ssrc = ssrc
        configuration.frames_per_second = framesPerSecond
        configuration.frame_bytes = frameBytes
        configuration.keyframe_bytes = keyframeBytes
        configuration.packet_bytes = Self.packetBytes
        configuration.audio_level = audioLevel
        configuration.size_variation = sizeVariation
        configuration.loop = loop
        withUnsafeMutableBytes(of: &configuration.mid) { $0.copyBytes(from: mid.utf8.prefix($0.count - 1)) }
        return configuration
    }
}
