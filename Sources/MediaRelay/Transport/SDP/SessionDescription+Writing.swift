// Writes a session description. The same value always gives the same text, and reading it back gives the same value.
// Callers own the text they put in: nothing here escapes a line break in an identifier.

extension SessionDescription {
    /// CRLF line ends (RFC 8866, 5).
    public var text: String {
        var writer = SDPWriter()
        writer.line("v=0")
        writer.line("o=\(origin.username) \(origin.sessionID) \(origin.version) IN IP4 127.0.0.1")
        writer.line("s=-")
        writer.line("t=0 0")
        for group in groups { writer.line("a=group:" + ([group.semantics] + group.mids).joined(separator: " ")) }
        if isICELite { writer.line("a=ice-lite") }
        if allowsMixedExtensions { writer.line("a=extmap-allow-mixed") }
        // Old libwebrtc reads msid lines only where this stands.
        writer.line("a=msid-semantic: WMS *")
        writer.transport(transport)
        writer.extensions(extensions)
        if let direction { writer.line("a=\(direction.rawValue)") }
        for section in sections { writer.section(section) }
        return writer.text
    }
}

private struct SDPWriter {
    var text = ""

    mutating func line(_ line: String) {
        text += line
        text += "\r\n"
    }

    mutating func transport(_ transport: TransportAttributes) {
        if let ice = transport.ice {
            line("a=ice-ufrag:\(ice.usernameFragment)")
            line("a=ice-pwd:\(ice.password)")
        }
        if !transport.iceOptions.isEmpty { line("a=ice-options:" + transport.iceOptions.joined(separator: " ")) }
        for fingerprint in transport.fingerprints {
            line("a=fingerprint:\(fingerprint.algorithm) \(fingerprint.hexadecimal)")
        }
        if let setup = transport.setup { line("a=setup:\(setup.rawValue)") }
    }

    mutating func extensions(_ extensions: [ExtensionMap]) {
        for map in extensions {
            let direction = map.direction.map { "/\($0.rawValue)" } ?? ""
            let attributes = map.attributes.map { " \($0)" } ?? ""
            line("a=extmap:\(map.id)\(direction) \(map.uri)\(attributes)")
        }
    }

    mutating func section(_ section: MediaSection) {
        let name =
            switch section.media {
            case .audio: "audio"
            case .video: "video"
            case .application: "application"
            case .other(let name): name
            }
        let formats = section.isRTP ? section.formats.map { String($0.payloadType) } : section.applicationFormats
        line("m=\(name) \(section.port) \(section.transportProtocol) " + formats.joined(separator: " "))
        line("c=IN IP4 0.0.0.0")
        for candidate in section.candidates { line("a=\(candidate.line)") }
        if section.endOfCandidates { line("a=end-of-candidates") }
        transport(section.transport)
        if let mid = section.mid { line("a=mid:\(mid)") }
        if section.isBundleOnly { line("a=bundle-only") }
        extensions(section.extensions)
        if section.allowsMixedExtensions { line("a=extmap-allow-mixed") }
        if let direction = section.direction { line("a=\(direction.rawValue)") }
        for id in section.streamIDs { line("a=msid:\(id.streamID)" + (id.trackID.map { " \($0)" } ?? "")) }
        if section.rtcpMux { line("a=rtcp-mux") }
        if section.reducedSizeRTCP { line("a=rtcp-rsize") }
        for format in section.formats { self.format(format) }
        for feedback in section.commonFeedback { line("a=rtcp-fb:* \(feedback.rawValue)") }
        sources(section)
        if let port = section.sctpPort { line("a=sctp-port:\(port)") }
        if let size = section.maxMessageSize { line("a=max-message-size:\(size)") }
    }

    private mutating func format(_ format: RTPFormat) {
        if let encoding = format.encoding {
            let channels = encoding.channels.map { "/\($0)" } ?? ""
            line("a=rtpmap:\(format.payloadType) \(encoding.name)/\(encoding.clockRate)\(channels)")
        }
        for feedback in format.feedback { line("a=rtcp-fb:\(format.payloadType) \(feedback.rawValue)") }
        if let parameters = format.parameters { line("a=fmtp:\(format.payloadType) \(parameters)") }
    }

    private mutating func sources(_ section: MediaSection) {
        for rid in section.restrictions {
            line("a=rid:\(rid.id) \(rid.direction.rawValue)" + (rid.parameters.map { " \($0)" } ?? ""))
        }
        if let simulcast = section.simulcast {
            let lists = [("send", simulcast.send), ("recv", simulcast.receive)].filter { !$0.1.isEmpty }
            line("a=simulcast:" + lists.map { "\($0.0) \(Self.list($0.1))" }.joined(separator: " "))
        }
        for group in section.ssrcGroups {
            line("a=ssrc-group:" + ([group.semantics] + group.ssrcs.map(String.init)).joined(separator: " "))
        }
        for attribute in section.ssrcAttributes {
            line("a=ssrc:\(attribute.ssrc) \(attribute.name)" + (attribute.value.map { ":\($0)" } ?? ""))
        }
    }

    private static func list(_ streams: [[Simulcast.Encoding]]) -> String {
        streams.map { $0.map { ($0.isPaused ? "~" : "") + $0.rid }.joined(separator: ",") }.joined(separator: ";")
    }
}

extension Fingerprint {
    /// `AB:CD:…`, upper case as RFC 8122, 5 wants it.
    var hexadecimal: String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 3)
        for byte in bytes {
            if !text.isEmpty { text.append(UInt8(ascii: ":")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
