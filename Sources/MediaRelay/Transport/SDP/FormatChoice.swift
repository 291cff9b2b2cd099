// Which formats of a publisher's section are accepted, in which order, and what their answer lines say.

struct FormatChoice {
    /// In the answer's order; what the answer says of them is in their parameters.
    private(set) var accepted: [PayloadFormat] = []
    /// The answer's formats, each followed by its RTX.
    private(set) var lines: [RTPFormat] = []
    /// A sender of this section answers NACK.
    private(set) var usesNack = false

    private struct Candidate {
        var offered: RTPFormat
        var format: PayloadFormat
        var rank: Int
    }

    init() {}

    init(
        section: MediaSection, kind: MediaKind, capabilities: MediaCapabilities, preferences: SectionPreferences
    ) {
        let candidates = Self.candidates(section, kind, capabilities, preferences)
        let retransmissions = section.retransmissions
        for candidate in Self.ordered(candidates, preferences) {
            var format = candidate.format
            var line = candidate.offered
            line.feedback = Self.feedback(line.feedback + section.commonFeedback, kind)
            if format.codec == .opus {
                line.parameters = Self.opusParameters(preferences)
                format.parameters = line.parameterValues
            }
            lines.append(line)
            if var retransmission = retransmissions[format.payloadType] {
                retransmission.feedback = []
                format.retransmissionPayloadType = retransmission.payloadType
                lines.append(retransmission)
            }
            if line.feedback.contains(.nack) { usesNack = true }
            accepted.append(format)
        }
    }

    /// The first offered format for each one this relay knows: a hundred payload types of VP8 are one.
    private static func candidates(
        _ section: MediaSection, _ kind: MediaKind, _ capabilities: MediaCapabilities,
        _ preferences: SectionPreferences
    ) -> [Candidate] {
        var candidates: [Candidate] = []
        var ranks: Set<Int> = []
        for offered in section.formats {
            guard let format = PayloadFormat(offered), format.codec.kind == kind,
                let rank = capabilities.rank(format), ranks.insert(rank).inserted
            else { continue }
            candidates.append(Candidate(offered: offered, format: format, rank: rank))
        }
        // RED counts only around the Opus of this section, once or more: `111/111`.
        let opus = candidates.first { $0.format.codec == .opus }?.format.payloadType
        return candidates.filter { candidate in
            guard candidate.format.codec == .red else { return true }
            guard let opus, preferences.usesRED else { return false }
            let blocks = (candidate.offered.parameters ?? "").utf8.split(separator: UInt8(ascii: "/"))
            return !blocks.isEmpty && blocks.allSatisfy { $0.decimal() == opus }
        }
    }

    /// The wanted codec first, RED before Opus, other codecs as offered; formats of one codec by how many receivers
    /// decode them, because the client sends the first one.
    private static func ordered(_ candidates: [Candidate], _ preferences: SectionPreferences) -> [Candidate] {
        var places: [Codec: Int] = [:]
        for (place, candidate) in candidates.enumerated() where places[candidate.format.codec] == nil {
            places[candidate.format.codec] = place
        }
        func key(_ candidate: Candidate) -> (Int, Int, Int) {
            let codec = candidate.format.codec
            let isFirst = codec == .red || codec == preferences.codec && candidate.format.codec.kind == .video
            return (isFirst ? 0 : 1, places[codec] ?? 0, candidate.rank)
        }
        return candidates.sorted { key($0) < key($1) }
    }

    private static func feedback(_ offered: [RTCPFeedback], _ kind: MediaKind) -> [RTCPFeedback] {
        let known = kind == .audio ? MediaCapabilities.audioFeedback : MediaCapabilities.videoFeedback
        return known.filter(offered.contains)
    }

    /// RFC 7587, 6.1: what we would like to receive, whatever the client said of itself.
    private static func opusParameters(_ preferences: SectionPreferences) -> String {
        // Bit/s; the most Opus has.
        let stereoBitrate = 510_000
        var parameters = "minptime=10;useinbandfec=1"
        if preferences.usesDTX { parameters += ";usedtx=1" }
        if preferences.isStereo { parameters += ";stereo=1;maxaveragebitrate=\(stereoBitrate)" }
        return parameters
    }
}

extension PayloadFormat {
    /// Nil for encodings this relay does not forward.
    init?(_ format: RTPFormat) {
        guard let encoding = format.encoding, let codec = Codec(encoding) else { return nil }
        self.init(
            payloadType: format.payloadType, codec: codec, clockRate: encoding.clockRate, channels: encoding.channels,
            parameters: format.parameterValues)
    }
}

extension MediaSection {
    /// RTX formats by the payload type they repeat (RFC 4588, 8.1). One that names itself or another RTX repeats nothing.
    var retransmissions: [UInt8: RTPFormat] {
        var result: [UInt8: RTPFormat] = [:]
        for format in formats where format.encoding?.name.lowercased() == "rtx" {
            guard let value = format.parameterValues["apt"],
                let associated: UInt8 = Substring(value).utf8.decimal(), result[associated] == nil
            else { continue }
            result[associated] = format
        }
        return result
    }
}
