// H.264 profiles as `profile-level-id` names them (RFC 6184, 8.1): profile_idc, constraint flags, level_idc.

/// A decoder of one profile is not expected to read another; levels may differ (`level-asymmetry-allowed`).
enum H264Profile: Sendable, Equatable, Hashable {
    case constrainedBaseline, baseline, main, constrainedHigh, high

    /// What RFC 6184 says of a format without the parameter: Baseline, level 1.
    static let defaultProfileLevelID = "42000a"

    /// Six hexadecimal digits. Nil for other text and for profiles no WebRTC end sends.
    init?(profileLevelID text: String) {
        let digits = text.utf8.compactMap(\.hexValue)
        guard digits.count == 6, text.utf8.count == 6 else { return nil }
        let profile = digits[0] << 4 | digits[1]
        // constraint_set0 is the highest bit; the low four are reserved or belong to the High profiles.
        let constraints = digits[2] << 4 | digits[3]
        let set0 = constraints & 0x80 != 0
        let set1 = constraints & 0x40 != 0
        let set2 = constraints & 0x20 != 0
        switch profile {
        case 66: self = set1 ? .constrainedBaseline : .baseline
        case 77 where set0: self = .constrainedBaseline
        case 77 where !set2: self = .main
        case 88 where set0 && set1: self = .constrainedBaseline
        case 88 where set0: self = .baseline
        case 100 where constraints == 0x0c: self = .constrainedHigh
        case 100 where constraints == 0: self = .high
        default: return nil
        }
    }
}
