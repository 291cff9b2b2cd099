// The `m=` line and the attributes of a section.

extension SDPParser {
    mutating func mediaSection(_ value: Substring.UTF8View) throws(SDPError) -> MediaSection {
        let fields = value.fields
        guard fields.count >= 4, let name = fields[0].token,
            // RFC 8866, 5.14: a count of ports may follow; WebRTC has none.
            let port = fields[1].decimal(UInt16.self), fields[2].allSatisfy(\.isVisible)
        else { throw error(.malformed("m=")) }
        let media: MediaSection.Media =
            switch name {
            case "audio": .audio
            case "video": .video
            case "application": .application
            default: .other(name)
            }
        var section = MediaSection(media: media, port: port, transportProtocol: fields[2].text)
        formatIndices = [:]
        guard section.isRTP else {
            section.applicationFormats = fields.dropFirst(3).map(\.text)
            return section
        }
        for field in fields.dropFirst(3) {
            guard let payloadType = field.decimal(UInt8.self), payloadType < Limits.SDP.formatsPerSection else {
                throw error(.malformed("m="))
            }
            guard formatIndices.updateValue(section.formats.count, forKey: payloadType) == nil else {
                throw error(.duplicate("payload type"))
            }
            section.formats.append(RTPFormat(payloadType: payloadType))
        }
        return section
    }

    mutating func readMediaAttribute(_ name: String, _ value: Substring.UTF8View) throws(SDPError) {
        switch name {
        case "mid":
            guard let mid = value.label else { throw error(.malformed(name)) }
            guard section?.mid == nil, mids.insert(mid).inserted else { throw error(.duplicate(name)) }
            section?.mid = mid
        case "candidate":
            try count(section?.candidates.count, .candidates, Limits.SDP.candidatesPerSection)
            if let candidate = ICECandidate(value: value) { section?.candidates.append(candidate) }
        case "end-of-candidates": section?.endOfCandidates = true
        case "bundle-only": section?.isBundleOnly = true
        case "extmap-allow-mixed": section?.allowsMixedExtensions = true
        case "rtcp-mux", "rtcp-mux-only": section?.rtcpMux = true
        case "rtcp-rsize": section?.reducedSizeRTCP = true
        case "extmap":
            let map = try extensionMap(value)
            var extensions = section?.extensions ?? []
            try append(map, to: &extensions)
            section?.extensions = extensions
        case "msid": try readStreamID(value)
        case "rtpmap", "fmtp", "rtcp-fb": try readFormatAttribute(name, value)
        case "rid": try readRestriction(value)
        case "simulcast": try readSimulcast(value)
        case "ssrc": try readSSRC(value)
        case "ssrc-group": try readSSRCGroup(value)
        case "sctp-port":
            guard let port = value.decimal(UInt16.self) else { throw error(.malformed(name)) }
            section?.sctpPort = port
        case "max-message-size":
            guard let size = value.decimal(UInt64.self) else { throw error(.malformed(name)) }
            section?.maxMessageSize = size
        default:
            if let direction = Direction(rawValue: name) {
                section?.direction = direction
            } else if var transport = section?.transport {
                var credentials = sectionCredentials
                try readTransportAttribute(name, value, &transport, &credentials)
                section?.transport = transport
                sectionCredentials = credentials
            }
        }
    }

    /// Before something is appended to a list that holds `count`.
    private func count(_ count: Int?, _ item: SDPError.Item, _ limit: Int) throws(SDPError) {
        guard let count, count < limit else { throw error(.tooMany(item)) }
    }

    private mutating func readStreamID(_ value: Substring.UTF8View) throws(SDPError) {
        try count(section?.streamIDs.count, .streamIDs, Limits.SDP.streamIDsPerSection)
        let fields = value.fields
        guard let streamID = fields.first?.text, fields.count <= 2 else { throw error(.malformed("msid")) }
        section?.streamIDs.append(MediaStreamID(streamID: streamID, trackID: fields.dropFirst().first?.text))
    }

    /// Payload types that the `m=` line does not list are passed over (RFC 9429, 5.8.3).
    private mutating func readFormatAttribute(_ name: String, _ value: Substring.UTF8View) throws(SDPError) {
        let (target, afterTarget) = value.divided(at: UInt8(ascii: " "))
        guard let rest = afterTarget?.trimmed, !rest.isEmpty else { throw error(.malformed(name)) }
        if name == "rtcp-fb" {
            return try readFeedback(target, RTCPFeedback(rawValue: rest.fields.map(\.text).joined(separator: " ")))
        }
        guard let payloadType = target.decimal(UInt8.self) else { throw error(.malformed(name)) }
        guard let index = formatIndices[payloadType], let format = section?.formats[index] else { return }
        switch name {
        case "rtpmap":
            let encoding = try rtpEncoding(rest)
            guard format.encoding == nil || format.encoding == encoding else { throw error(.duplicate(name)) }
            section?.formats[index].encoding = encoding
        default:
            guard format.parameters == nil else { throw error(.duplicate(name)) }
            section?.formats[index].parameters = rest.text
        }
    }

    private func rtpEncoding(_ value: Substring.UTF8View) throws(SDPError) -> RTPEncoding {
        let parts = value.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let name = parts[0].token, let clockRate = parts[1].decimal(UInt32.self),
            clockRate > 0
        else { throw error(.malformed("rtpmap")) }
        var channels: UInt8?
        if parts.count == 3 {
            channels = parts[2].decimal()
            guard channels != nil else { throw error(.malformed("rtpmap")) }
        }
        return RTPEncoding(name: name, clockRate: clockRate, channels: channels)
    }

    private mutating func readFeedback(_ target: Substring.UTF8View, _ feedback: RTCPFeedback) throws(SDPError) {
        if target.elementsEqual("*".utf8) {
            try count(section?.commonFeedback.count, .feedback, Limits.SDP.feedbackPerFormat)
            section?.commonFeedback.append(feedback)
            return
        }
        guard let payloadType = target.decimal(UInt8.self) else { throw error(.malformed("rtcp-fb")) }
        guard let index = formatIndices[payloadType] else { return }
        try count(section?.formats[index].feedback.count, .feedback, Limits.SDP.feedbackPerFormat)
        section?.formats[index].feedback.append(feedback)
    }

    private mutating func readRestriction(_ value: Substring.UTF8View) throws(SDPError) {
        try count(section?.restrictions.count, .rids, Limits.SDP.ridsPerSection)
        let fields = value.fields
        guard fields.count >= 2, let id = fields[0].label,
            let direction = Restriction.Direction(rawValue: fields[1].text)
        else { throw error(.malformed("rid")) }
        guard section?.restrictions.contains(where: { $0.id == id }) == false else { throw error(.duplicate("rid")) }
        let parameters = fields.dropFirst(2).map(\.text).joined(separator: " ")
        section?.restrictions.append(
            Restriction(id: id, direction: direction, parameters: parameters.isEmpty ? nil : parameters))
    }

    /// RFC 8853, 5.1: `send` or `recv` and a list, once or twice.
    private mutating func readSimulcast(_ value: Substring.UTF8View) throws(SDPError) {
        guard section?.simulcast == nil else { throw error(.duplicate("simulcast")) }
        let fields = value.fields
        guard fields.count == 2 || fields.count == 4 else { throw error(.malformed("simulcast")) }
        var simulcast = Simulcast()
        for index in stride(from: 0, to: fields.count, by: 2) {
            let list = try simulcastList(fields[index + 1])
            switch Restriction.Direction(rawValue: fields[index].text) {
            case .send where simulcast.send.isEmpty: simulcast.send = list
            case .recv where simulcast.receive.isEmpty: simulcast.receive = list
            default: throw error(.malformed("simulcast"))
            }
        }
        section?.simulcast = simulcast
    }

    private func simulcastList(_ value: Substring.UTF8View) throws(SDPError) -> [[Simulcast.Encoding]] {
        var entries = 0
        var list: [[Simulcast.Encoding]] = []
        for stream in value.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false) {
            var alternatives: [Simulcast.Encoding] = []
            for alternative in stream.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
                try count(entries, .rids, Limits.SDP.ridsPerSection)
                entries += 1
                let isPaused = alternative.first == UInt8(ascii: "~")
                guard let rid = (isPaused ? alternative.dropFirst() : alternative).label,
                    // These separate entries; a token may hold neither `;` nor `,`, but it may begin with `~`.
                    rid.utf8.first != UInt8(ascii: "~")
                else { throw error(.malformed("simulcast")) }
                alternatives.append(Simulcast.Encoding(rid: rid, isPaused: isPaused))
            }
            list.append(alternatives)
        }
        return list
    }

    private mutating func readSSRC(_ value: Substring.UTF8View) throws(SDPError) {
        try count(section?.ssrcAttributes.count, .ssrcs, Limits.SDP.ssrcAttributesPerSection)
        let (number, afterNumber) = value.divided(at: UInt8(ascii: " "))
        guard let ssrc = number.decimal(UInt32.self), let attribute = afterNumber?.trimmed else {
            throw error(.malformed("ssrc"))
        }
        let (name, text) = attribute.divided(at: UInt8(ascii: ":"))
        guard let name = name.token else { throw error(.malformed("ssrc")) }
        section?.ssrcAttributes.append(SSRCAttribute(ssrc: ssrc, name: name, value: text?.text))
    }

    private mutating func readSSRCGroup(_ value: Substring.UTF8View) throws(SDPError) {
        try count(section?.ssrcGroups.count, .ssrcGroups, Limits.SDP.ssrcGroupsPerSection)
        let fields = value.fields
        guard let semantics = fields.first?.token else { throw error(.malformed("ssrc-group")) }
        var ssrcs: [UInt32] = []
        for field in fields.dropFirst() {
            guard let ssrc = field.decimal(UInt32.self) else { throw error(.malformed("ssrc-group")) }
            ssrcs.append(ssrc)
        }
        section?.ssrcGroups.append(SSRCGroup(semantics: semantics, ssrcs: ssrcs))
    }
}
