// Parser and writer: recorded descriptions, limits, grammar.

import MediaRelay
import Testing

@Suite struct SDPParsingTests {
    @Test func allFixturesAreThere() {
        #expect(SDPFixture.names.count == 35)
        #expect(SDPFixture.clientOffers.count == 15)
    }

    @Test(arguments: SDPFixture.names) func fixtureRoundTrips(_ name: String) throws {
        let text = try SDPFixture.text(name)
        let parsed = try SessionDescription(parsing: text)
        let written = parsed.text
        #expect(try SessionDescription(parsing: written) == parsed)
        #expect(written == parsed.text)

        // Every line survives that is not listed here: what ICE, DTLS and multiplexed RTCP make superfluous.
        let dropped = [
            "o=", "c=", "t=", "s=", "a=rtcp:", "a=rtcp-xr:", "a=msid-semantic", "a=sctp-init:",
        ]
        let kept = Set(written.split(separator: "\r\n").map { $0.lowercased() })
        for line in text.split(separator: "\r\n") where !dropped.contains(where: line.hasPrefix) {
            #expect(kept.contains(line.lowercased()), "\(line)")
        }
        let count = text.split(separator: "\r\n").filter { line in !dropped.contains(where: line.hasPrefix) }.count
        let writtenCount = written.split(separator: "\r\n").filter { line in !dropped.contains(where: line.hasPrefix) }
        #expect(writtenCount.count == count)
    }

    @Test func readsChromium() throws {
        let sdp = try SessionDescription(parsing: SDPFixture.text("browser/chromium156-offer-full"))
        #expect(sdp.origin.sessionID == 4_689_180_840_479_550_757)
        #expect(sdp.origin.version == 2)
        #expect(sdp.bundle == ["0", "1", "2", "3", "4", "5"])
        #expect(sdp.allowsMixedExtensions)
        #expect(!sdp.isICELite)
        #expect(sdp.sections.map(\.media) == [.audio, .video, .video, .video, .video, .application])
        let audio = sdp.sections[0]
        #expect(audio.formats.map(\.payloadType) == [111, 63, 9, 0, 8, 13, 110, 126])
        #expect(audio.formats[0].encoding == RTPEncoding(name: "opus", clockRate: 48_000, channels: 2))
        #expect(audio.formats[0].parameterValues == ["minptime": "10", "useinbandfec": "1"])
        #expect(audio.formats[0].feedback == [.transportCC])
        #expect(audio.candidates.count == 8)
        #expect(audio.candidates[4].attributes.first == ICECandidate.Attribute(name: "tcptype", value: "active"))
        #expect(
            audio.ssrcAttributes.first == SSRCAttribute(ssrc: 1_819_446_320, name: "cname", value: "sgn4wYsGN4aos+HZ"))
        let camera = sdp.sections[1]
        #expect(camera.restrictions.map(\.id) == ["q", "h", "f"])
        #expect(camera.simulcast?.send.map { $0.map(\.rid) } == [["q"], ["h"], ["f"]])
        #expect(camera.extensions.first { $0.id == 10 }?.uri == HeaderExtension.rid.uri)
        #expect(camera.streamIDs.first?.trackID == "191b26a0-c357-46fb-884a-d0bdbf820d89")
        #expect(sdp.sections[2].ssrcGroups == [SSRCGroup(semantics: "FID", ssrcs: [1_811_630_171, 1_379_538_532])])
        #expect(sdp.sections[5].sctpPort == 5000)
        #expect(sdp.sections[5].maxMessageSize == 262_144)
    }

    @Test func readsFirefox() throws {
        let sdp = try SessionDescription(parsing: SDPFixture.text("browser/firefox-esr153-offer-full"))
        #expect(sdp.origin.username == "mozilla...THIS_IS_SDPARTA-99.0")
        #expect(sdp.transport.fingerprints.count == 1)
        let camera = sdp.sections[1]
        #expect(camera.port == 0)
        #expect(!camera.isRejected)
        #expect(camera.transport.fingerprints.isEmpty)
        #expect(sdp.transport(of: camera).fingerprints == sdp.transport.fingerprints)
        #expect(sdp.transport(of: camera).ice?.usernameFragment == "b64c6281")
        #expect(camera.extensions.first { $0.id == 9 }?.direction == .sendonly)
        #expect(sdp.sections[0].candidates[0].transport == "udp")
        #expect(sdp.sections[5].maxMessageSize == 1_073_741_823)
    }

    @Test func directionFallsBackToTheSession() throws {
        let text = Self.minimal.replacing("t=0 0\r\n", with: "t=0 0\r\na=recvonly\r\n")
        let sdp = try SessionDescription(parsing: text)
        #expect(sdp.direction(of: sdp.sections[0]) == .recvonly)
        let bare = try SessionDescription(parsing: Self.minimal)
        #expect(bare.direction(of: bare.sections[0]) == .sendrecv)
    }

    @Test func takesBareLineFeeds() throws {
        let crlf = try SessionDescription(parsing: Self.minimal)
        #expect(try SessionDescription(parsing: Self.minimal.replacing("\r\n", with: "\n")) == crlf)
    }

    @Test func readsSimulcastAlternatives() throws {
        let lines = "a=rid:1 send\r\na=rid:2 send pt=96;max-width=640\r\na=simulcast:recv a send 1,~2;~3\r\n"
        let section = try SessionDescription(parsing: Self.minimal + lines).sections[0]
        #expect(section.restrictions[1].parameters == "pt=96;max-width=640")
        #expect(section.simulcast?.receive == [[Simulcast.Encoding(rid: "a")]])
        #expect(
            section.simulcast?.send == [
                [Simulcast.Encoding(rid: "1"), Simulcast.Encoding(rid: "2", isPaused: true)],
                [Simulcast.Encoding(rid: "3", isPaused: true)],
            ])
    }

    static let minimal = """
        v=0\r
        o=- 1 2 IN IP4 127.0.0.1\r
        s=-\r
        t=0 0\r
        m=video 9 UDP/TLS/RTP/SAVPF 96\r

        """

    @Test(arguments: [
        ("a=mid:a b", SDPError.Reason.malformed("mid")),
        ("a=mid:0123456789abcdef", .malformed("mid")),
        ("a=ice-ufrag:abc", .malformed("ice-ufrag")),
        ("a=ice-pwd:tooshort", .malformed("ice-pwd")),
        ("a=ice-pwd:with a space in it, and 22", .malformed("ice-pwd")),
        ("a=fingerprint:sha-256 0", .malformed("fingerprint")),
        ("a=fingerprint:sha-256 00:1", .malformed("fingerprint")),
        ("a=fingerprint:sha-256 00::11", .malformed("fingerprint")),
        ("a=setup:maybe", .malformed("setup")),
        ("a=extmap:0 urn:x", .malformed("extmap")),
        ("a=extmap:300 urn:x", .malformed("extmap")),
        ("a=extmap:1/up urn:x", .malformed("extmap")),
        ("a=extmap:1", .malformed("extmap")),
        ("a=rtpmap:96 VP8", .malformed("rtpmap")),
        ("a=rtpmap:96 VP8/0", .malformed("rtpmap")),
        ("a=rtpmap:+96 VP8/90000", .malformed("rtpmap")),
        ("a=rtpmap:96 opus/48000/256", .malformed("rtpmap")),
        ("a=rtcp-fb:x nack", .malformed("rtcp-fb")),
        ("a=rid:1 sideways", .malformed("rid")),
        ("a=simulcast:send", .malformed("simulcast")),
        ("a=simulcast:send 1;;2", .malformed("simulcast")),
        ("a=simulcast:send ~~1", .malformed("simulcast")),
        ("a=simulcast:send 1 send 2", .malformed("simulcast")),
        ("a=ssrc:4294967296 cname:x", .malformed("ssrc")),
        ("a=ssrc:1", .malformed("ssrc")),
        ("a=ssrc-group:FID x", .malformed("ssrc-group")),
        ("a=sctp-port:65536", .malformed("sctp-port")),
        ("a=max-message-size:-1", .malformed("max-message-size")),
        ("m=video 65536 RTP/AVP 0", .malformed("m=")),
        ("m=video 9 RTP/AVP 128", .malformed("m=")),
        ("m=video 9 RTP/AVP 1 1", .duplicate("payload type")),
        ("v=0", .duplicate("v=")),
        ("o=- 1 2 IN IP4 x", .duplicate("o=")),
        ("x=1", .malformedLine),
        ("a", .malformedLine),
        ("a=x\u{0}y", .malformedLine),
        ("a=x\ry", .malformedLine),
    ]) func refuses(_ line: String, _ reason: SDPError.Reason) {
        #expect(throws: SDPError(reason, line: 6)) {
            try SessionDescription(parsing: Self.minimal + line + "\r\n")
        }
    }

    @Test func refusesWhatIsNotADescription() {
        #expect(throws: SDPError(.missing("v="))) { try SessionDescription(parsing: "") }
        #expect(throws: SDPError(.missing("o="))) { try SessionDescription(parsing: "v=0\r\n") }
        #expect(throws: SDPError(.malformedLine, line: 1)) { try SessionDescription(parsing: "{\"sdp\":1}") }
        #expect(throws: SDPError(.missing("v="), line: 1)) { try SessionDescription(parsing: "s=-\r\n") }
        #expect(throws: SDPError(.malformed("v="), line: 1)) { try SessionDescription(parsing: "v=1\r\n") }
        #expect(throws: SDPError(.missing("ice-pwd"), line: 6)) {
            try SessionDescription(parsing: Self.minimal + "a=ice-ufrag:abcd\r\n")
        }
    }

    @Test func passesOverForeignPayloadTypesAndBadCandidates() throws {
        let text =
            Self.minimal + "a=rtpmap:97 VP9/90000\r\na=fmtp:97 x=1\r\na=rtcp-fb:97 nack\r\na=candidate:rubbish\r\n"
        #expect(try SessionDescription(parsing: text) == SessionDescription(parsing: Self.minimal))
    }

    @Test func candidatesReadAndWrite() throws {
        let line = "candidate:1 1 udp 2122194687 192.0.2.2 33282 typ host generation 0 network-id 1"
        let candidate = try #require(ICECandidate(line))
        #expect(candidate.line == line)
        #expect(ICECandidate("a=" + line) == candidate)
        #expect(candidate.kind == .host)
        #expect(candidate.port == 33_282)
        let relayed = "candidate:9 1 tcp 1 a.local 9 typ relay raddr 0.0.0.0 rport 0 tcptype active"
        #expect(ICECandidate(relayed)?.line == relayed)
        for bad in ["", "candidate:", "candidate:1 1 udp 1 a 9 type host", "candidate:1 1 udp -1 a 9 typ host"] {
            #expect(ICECandidate(bad) == nil)
        }
        let address = try #require(SocketAddress(host: "2001:db8::1", port: 7882))
        let own = ICECandidate.host(address)
        // RFC 8445, 5.1.2.1 for component 1 and the highest local preference.
        #expect(own.priority == 2_130_706_431)
        #expect(own.line.hasSuffix("1 udp 2130706431 2001:db8::1 7882 typ host"))
        #expect(ICECandidate(own.line) == own)
        let other = try #require(SocketAddress(host: "192.0.2.1", port: 7882))
        #expect(ICECandidate.host(other).foundation != own.foundation)
    }

    /// RFC 6544, 4.2 and 4.5: passive, and below everything that goes over UDP.
    @Test func candidatesOverTCP() throws {
        let udp = try #require(SocketAddress(host: "192.0.2.1", port: 7882))
        let tcp = try #require(SocketAddress(host: "192.0.2.1", port: 7882, kind: .tcp))
        let candidate = ICECandidate.host(tcp)
        #expect(candidate.line.hasSuffix(" 1 tcp 1520435199 192.0.2.1 7882 typ host tcptype passive"))
        #expect(candidate.isTCP && !ICECandidate.host(udp).isTCP)
        #expect(ICECandidate(candidate.line) == candidate)
        #expect(candidate.foundation != ICECandidate.host(udp).foundation)
        let candidates =
            (0..<4).map { ICECandidate.host(udp, order: $0) } + (0..<4).map { ICECandidate.host(tcp, order: $0) }
        let priorities = candidates.map(\.priority)
        #expect(priorities == priorities.sorted(by: >) && Set(priorities).count == priorities.count)
        #expect(ICECandidate.host(tcp, order: .max).priority > 90 << 24)
        // What clients offer of their own: they will connect from another port than they say.
        let active = "candidate:3 1 tcp 1518149375 192.0.2.9 9 typ host tcptype active generation 0"
        #expect(ICECandidate(active)?.line == active)
    }
}
