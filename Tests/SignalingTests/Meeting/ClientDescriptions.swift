// The session descriptions a client would write, as text: offers of what it publishes, and answers to our offers.
// Short, but with everything that a real one needs to be taken.

import MediaRelay

/// One section of a client's offer.
struct OfferedSection {
    var mid: String
    var kind: MediaKind
    /// Nil: the client does not send in it.
    var track: String?
    /// Without a track: to receive in, else silent.
    var isReceiving: Bool
    /// Empty: one that no relay here knows.
    var codecs: [Codec]

    init(_ mid: String, _ kind: MediaKind, track: String?, codecs: [Codec]? = nil) {
        self.mid = mid
        self.kind = kind
        self.track = track
        self.isReceiving = false
        self.codecs = codecs ?? (kind == .audio ? [.opus] : [.vp8])
    }

    static func receiving(_ mid: String, _ kind: MediaKind) -> OfferedSection {
        var section = OfferedSection(
            mid, kind, track: nil, codecs: kind == .audio ? [.opus, .red] : [.vp8, .vp9, .h264, .av1])
        section.isReceiving = true
        return section
    }

    fileprivate var direction: String { track != nil ? "sendonly" : isReceiving ? "recvonly" : "inactive" }
}

enum ClientDescription {
    private static func transport(_ generation: Int) -> [String] {
        [
            "a=ice-ufrag:abcd\(generation)", "a=ice-pwd:0123456789abcdefghijklmn",
            "a=fingerprint:sha-256 " + Array(repeating: "AB", count: 32).joined(separator: ":"),
        ]
    }

    private static func head(_ mids: [String]) -> [String] {
        ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE " + mids.joined(separator: " ")]
    }

    /// - Parameter generation: of the ICE credentials.
    static func offer(_ sections: [OfferedSection], generation: Int = 0) -> String {
        let transport = transport(generation)
        var lines = head(["data"] + sections.map(\.mid))
        lines += ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0"] + transport
        lines += ["a=setup:actpass", "a=mid:data", "a=sctp-port:5000"]
        for section in sections {
            let types = section.codecs.isEmpty ? [49] : section.codecs.map { payloadType($0) }
            lines += [
                "m=\(section.kind == .audio ? "audio" : "video") 9 UDP/TLS/RTP/SAVPF "
                    + types.map(String.init).joined(separator: " "),
                "c=IN IP4 0.0.0.0",
            ]
            lines += transport + ["a=setup:actpass", "a=mid:\(section.mid)"]
            lines += ["a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"]
            lines += ["a=\(section.direction)", "a=rtcp-mux"]
            if let track = section.track { lines.append("a=msid:- \(track)") }
            for codec in section.codecs { lines += format(codec) }
            if section.codecs.isEmpty { lines.append("a=rtpmap:49 H265/90000") }
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    private static func payloadType(_ codec: Codec) -> Int {
        switch codec {
        case .opus: 111
        case .red: 63
        case .vp8: 96
        case .vp9: 98
        case .h264: 102
        case .av1: 45
        }
    }

    private static func format(_ codec: Codec) -> [String] {
        let type = payloadType(codec)
        switch codec {
        case .opus: return ["a=rtpmap:\(type) opus/48000/2", "a=fmtp:\(type) minptime=10;useinbandfec=1"]
        case .red: return ["a=rtpmap:\(type) red/48000/2", "a=fmtp:\(type) 111/111"]
        case .vp8: return ["a=rtpmap:\(type) VP8/90000", "a=rtcp-fb:\(type) nack", "a=rtcp-fb:\(type) nack pli"]
        case .vp9: return ["a=rtpmap:\(type) VP9/90000", "a=fmtp:\(type) profile-id=0", "a=rtcp-fb:\(type) nack"]
        case .h264:
            return [
                "a=rtpmap:\(type) H264/90000",
                "a=fmtp:\(type) level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
            ]
        case .av1: return ["a=rtpmap:\(type) AV1/90000"]
        }
    }

    /// Takes what our offer has: the same lines, seen from the other end.
    /// - Parameter kind: what the client cannot decode.
    static func answer(to offer: String, refusing kind: MediaKind? = nil) -> String {
        let refused = Set(kind.map { mids(of: $0, in: offer) } ?? [])
        var result: [String] = []
        var isRefused = false
        for line in offer.split(separator: "\r\n").map(String.init) {
            switch line {
            case "a=ice-lite", "a=end-of-candidates": continue
            case "a=sendonly": result.append("a=recvonly")
            case "a=setup:actpass": result.append("a=setup:active")
            case _ where line.hasPrefix("a=candidate:") || line.hasPrefix("a=ssrc") || line.hasPrefix("a=msid"):
                continue
            // Ours new: a restart, and its are new too.
            case _ where line.hasPrefix("a=ice-ufrag:"): result.append("a=ice-ufrag:w" + line.dropFirst(12))
            case _ where line.hasPrefix("m="):
                isRefused = false
                result.append(line)
            case _ where line.hasPrefix("a=mid:"):
                isRefused = refused.contains(String(line.dropFirst(6)))
                result.append(line)
                if isRefused, let index = result.lastIndex(where: { $0.hasPrefix("m=") }) {
                    // A section whose formats the client does not know is refused with port 0.
                    var words = result[index].split(separator: " ").map(String.init)
                    words[1] = "0"
                    result[index] = words.joined(separator: " ")
                }
            default: result.append(line)
            }
        }
        let bundle = result.firstIndex { $0.hasPrefix("a=group:BUNDLE") }
        if let bundle, !refused.isEmpty {
            result[bundle] = result[bundle].split(separator: " ").filter { !refused.contains(String($0)) }
                .joined(separator: " ")
        }
        return result.joined(separator: "\r\n") + "\r\n"
    }

    private static func mids(of kind: MediaKind, in description: String) -> [String] {
        sections(of: description).filter { $0[0].hasPrefix(kind == .audio ? "m=audio" : "m=video") }
            .compactMap { lines in lines.first { $0.hasPrefix("a=mid:") }.map { String($0.dropFirst(6)) } }
    }

    /// The lines of each section, `m=` first.
    static func sections(of description: String) -> [[String]] {
        var sections: [[String]] = []
        for line in description.split(separator: "\r\n").map(String.init) {
            if line.hasPrefix("m=") {
                sections.append([line])
            } else if !sections.isEmpty {
                sections[sections.count - 1].append(line)
            }
        }
        return sections
    }

    /// The msid of each section that the server sends in, by mid.
    static func sent(in description: String) -> [String: String] {
        var sent: [String: String] = [:]
        for lines in sections(of: description) where lines.contains("a=sendonly") {
            guard let mid = lines.first(where: { $0.hasPrefix("a=mid:") }) else { continue }
            sent[String(mid.dropFirst(6))] = lines.first { $0.hasPrefix("a=msid:") }.map { String($0.dropFirst(7)) }
        }
        return sent
    }
}
