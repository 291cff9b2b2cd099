// Which of two payload formats may stand for each other: what one side encodes by the first, the other decodes by the
// second without a change to the payload.

extension PayloadFormat {
    /// Symmetric. Payload types, retransmission and receive preferences (`minptime`, `usedtx`, levels) do not count.
    public func isCompatible(with other: PayloadFormat) -> Bool {
        guard codec == other.codec, clockRate == other.clockRate, channels == other.channels else { return false }
        switch codec {
        case .opus, .red, .vp8: return true
        case .vp9: return number("profile-id") == other.number("profile-id")
        case .av1: return number("profile") == other.number("profile")
        case .h264:
            // A format with an unknown profile fits nothing, not even itself: nobody could say what it is.
            guard let profile = h264Profile else { return false }
            return profile == other.h264Profile && number("packetization-mode") == other.number("packetization-mode")
        }
    }

    var h264Profile: H264Profile? {
        H264Profile(profileLevelID: parameters["profile-level-id"] ?? H264Profile.defaultProfileLevelID)
    }

    /// All three parameters default to 0 (RFC 9628, 6; AV1 RTP 7.2.3; RFC 6184, 8.1); what is no number is -1, which
    /// stands for itself only.
    private func number(_ name: String) -> Int {
        guard let value = parameters[name] else { return 0 }
        return Substring(value).utf8.decimal() ?? -1
    }
}
