// Who is speaking, from the audio levels the packet core collected (RFC 6464). Pure: a window in, a change or nothing
// out. Which of the speakers are shown, and to whom, is for the meeting to decide.

/// What one publication sounded like since the last look.
struct AudioWindow: Equatable {
    var packets: UInt32
    /// Packets at or above the packet core's threshold, 35 dB below full scale.
    var activePackets: UInt32
    /// Mean level of the active packets in dB below full scale, 127 when there were none.
    var meanActive: Float
}

struct SpeakerRanking {
    /// LiveKit clients expect speaker updates about this often; shorter makes the frame around a tile flicker.
    static let interval = MediaSpan.milliseconds(400)
    /// Share of the window that must be loud: a cough or a key stroke is not a speaker.
    static let activeShare: Float = 0.4
    /// With discontinuous transmission a silent microphone sends a packet or two per window, and one loud packet would
    /// then be all of it. Three frames of the longest common duration, 60 ms, are 40 % of a window.
    static let minimumActivePackets: UInt32 = 3
    /// Quiet windows before a speaker is one no more: people breathe.
    static let quietWindows = 2
    /// How much of the new level enters the smoothed one.
    static let smoothing: Float = 0.5
    /// Levels are told in eighths: finer steps would make every window a message to everybody.
    static let levelSteps: Float = 8

    private struct Voice {
        var level: Float = 0
        var isActive = false
        var quiet = 0
        var reportedLevel: Float = 0
    }

    private var voices: [PublicationID: Voice] = [:]

    /// The publication's activity, if it is not what was told last.
    mutating func observe(_ publication: PublicationID, _ window: AudioWindow) -> AudioActivity? {
        var voice = voices[publication] ?? Voice()
        let share = window.packets == 0 ? 0 : Float(window.activePackets) / Float(window.packets)
        let isLoud = window.activePackets >= Self.minimumActivePackets && share >= Self.activeShare
        let target = isLoud ? Self.linear(decibelsBelowFullScale: window.meanActive) : 0
        voice.level += (target - voice.level) * Self.smoothing
        voice.quiet = isLoud ? 0 : min(voice.quiet + 1, Self.quietWindows)
        let isActive = isLoud || (voice.isActive && voice.quiet < Self.quietWindows)
        defer { voices[publication] = voice }
        return report(publication, &voice, isActive: isActive)
    }

    /// Muted or closed: silent at once.
    mutating func silence(_ publication: PublicationID) -> AudioActivity? {
        guard var voice = voices.removeValue(forKey: publication) else { return nil }
        voice.level = 0
        return report(publication, &voice, isActive: false)
    }

    private func report(_ publication: PublicationID, _ voice: inout Voice, isActive: Bool) -> AudioActivity? {
        let level = isActive ? Self.quantized(voice.level) : 0
        guard isActive != voice.isActive || level != voice.reportedLevel else { return nil }
        voice.isActive = isActive
        voice.reportedLevel = level
        return AudioActivity(publication: publication, level: level, isActive: isActive)
    }

    /// Rounded up, so that an active speaker never has level 0.
    private static func quantized(_ level: Float) -> Float {
        min(max((level * levelSteps).rounded(.up) / levelSteps, 1 / levelSteps), 1)
    }

    /// 0 dB is 1, 127 dB and everything that is no number is 0.
    static func linear(decibelsBelowFullScale level: Float) -> Float {
        guard level.isFinite, level < 127 else { return 0 }
        let clamped = max(level, 0)
        let whole = Int(clamped)
        let fraction = clamped - Float(whole)
        let upper = powers[whole]
        let lower = whole + 1 < powers.count ? powers[whole + 1] : 0
        return upper + (lower - upper) * fraction
    }

    /// 10^(-n/20) for n in 0…126; a table because the standard library has no power function.
    private static let powers: [Float] = {
        var value = 1.0
        return (0..<127).map { _ in
            defer { value *= 0.891_250_938_133_745_5 }
            return Float(value)
        }
    }()
}
