// Answers to recorded offers, checked against the rules of livekit-wire.md, 3.4.

import MediaRelay
import Testing

@Suite struct PublisherNegotiationTests {
    /// Every rule that holds for every offer.
    @Test(arguments: SDPFixture.clientOffers) func answersFollowTheRules(_ name: String) throws {
        let offer = try SessionDescription(parsing: SDPFixture.text(name))
        var negotiation = SDPFixture.publisher()
        let result = try negotiation.answer(to: offer)
        let answer = try SessionDescription(parsing: result.sdp)

        #expect(answer.sections.map(\.mid) == offer.sections.map(\.mid))
        #expect(answer.sections.map(\.media) == offer.sections.map(\.media))
        #expect(answer.isICELite)
        #expect(answer.allowsMixedExtensions == offer.allowsMixedExtensions)
        #expect(answer.bundle == offer.bundle)
        #expect(lines(of: result.sdp).prefix(4) == ["v=0", "o=- 7000000000 1 IN IP4 127.0.0.1", "s=-", "t=0 0"])
        #expect(!result.sdp.contains("goog-sped") && !result.sdp.contains("sctp-init"))
        #expect(result.remote.ice == offer.transport(of: offer.sections[0]).ice)
        #expect(!result.remote.fingerprints.isEmpty)
        for (asked, answered) in zip(offer.sections, answer.sections) {
            #expect(answered.port == 9)
            #expect(answered.transport.ice == SDPFixture.local.ice)
            #expect(answered.transport.fingerprints == [SDPFixture.local.fingerprint])
            #expect(answered.transport.setup == .passive)
            #expect(answered.streamIDs.isEmpty && answered.ssrcAttributes.isEmpty)
            let isFirst = answered.mid == answer.sections[0].mid
            #expect(answered.candidates == (isFirst ? SDPFixture.local.candidates : []))
            #expect(answered.endOfCandidates == isFirst)
            if asked.media == .application {
                #expect(answered.sctpPort == 5000)
                #expect(answered.maxMessageSize == 65_536)
                #expect(answered.direction == nil)
            } else {
                try Self.check(answered, for: asked, sends: offer.direction(of: asked).sends)
            }
        }
        Self.check(result, for: offer)
    }

    private static func check(_ answered: MediaSection, for asked: MediaSection, sends: Bool) throws {
        #expect(answered.direction == (sends ? .recvonly : .inactive))
        #expect(answered.rtcpMux)
        #expect(answered.reducedSizeRTCP == asked.reducedSizeRTCP)
        for map in answered.extensions {
            let offered = try #require(asked.extensions.first { $0.id == map.id })
            #expect(offered.uri == map.uri)
            #expect(offered.direction == nil ? map.direction == nil : map.direction == .recvonly)
        }
        let offeredURIs = Set(asked.extensions.filter { $0.direction != .recvonly }.map(\.uri))
        #expect(Set(answered.extensions.map(\.uri)) == offeredURIs.intersection(HeaderExtension.allCases.map(\.uri)))
        for format in answered.formats {
            let offered = try #require(asked.formats.first { $0.payloadType == format.payloadType })
            #expect(format.encoding == offered.encoding)
            #expect(Set(format.feedback).isSubset(of: offered.feedback))
            if format.encoding?.name != "opus" { #expect(format.parameters == offered.parameters) }
        }
        #expect(answered.restrictions.map(\.id) == (sends ? asked.restrictions.map(\.id) : []))
        #expect(answered.restrictions.allSatisfy { $0.direction == .recv })
        #expect(answered.simulcast?.receive == (sends ? asked.simulcast?.send : nil))
        #expect(answered.simulcast?.send ?? [] == [])
    }

    private static func check(_ result: PublisherAnswer, for offer: SessionDescription) {
        let media = offer.sections.filter { $0.media != .application }
        #expect(result.sections.map(\.mid) == media.compactMap(\.mid))
        for (section, asked) in zip(result.sections, media) {
            #expect(section.isSending == offer.direction(of: asked).sends)
            #expect(!section.isRejected)
            #expect(section.encodings.isEmpty == !section.isSending)
            #expect(!section.formats.isEmpty)
            #expect(section.clientTrackID == asked.streamIDs.first?.trackID)
        }
    }

    /// The whole answer once, so that a change of its form is seen.
    @Test func dataChannelAnswerIsExactly() throws {
        var negotiation = SDPFixture.publisher()
        let answer = try negotiation.answer(to: SDPFixture.text("dual-pc/publisher-offer-1"))
        let fingerprint = (0..<32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16).uppercased() }
        #expect(
            answer.sdp == """
                v=0\r
                o=- 7000000000 1 IN IP4 127.0.0.1\r
                s=-\r
                t=0 0\r
                a=group:BUNDLE 0\r
                a=ice-lite\r
                a=extmap-allow-mixed\r
                a=msid-semantic: WMS *\r
                m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r
                c=IN IP4 0.0.0.0\r
                a=\(SDPFixture.local.candidates[0].line)\r
                a=end-of-candidates\r
                a=ice-ufrag:ufragOfServer\r
                a=ice-pwd:passwordOfTheServer22+/\r
                a=fingerprint:sha-256 \(fingerprint.joined(separator: ":"))\r
                a=setup:passive\r
                a=mid:0\r
                a=sctp-port:5000\r
                a=max-message-size:65536\r

                """)
    }

    @Test func chromiumSections() throws {
        var negotiation = SDPFixture.publisher()
        let answer = try negotiation.answer(to: SDPFixture.text("browser/chromium156-offer-full")) { section in
            section.mid == "2" ? SectionPreferences(codec: .h264) : SectionPreferences(codec: .vp8, isStereo: true)
        }
        let audio = answer.sections[0]
        #expect(audio.clientTrackID == "1d3d3b8e-b93d-48ed-b565-52317d34bbab")
        #expect(audio.streamID == "8ccc862b-bedf-4e48-9c69-5a4d175e1d4c")
        #expect(audio.formats.map(\.payloadType) == [63, 111])
        #expect(audio.formats.map(\.codec) == [.red, .opus])
        #expect(audio.encodings == [Encoding(ssrc: 1_819_446_320)])
        #expect(!audio.usesNack)
        let audioLines = lines(of: answer.sdp, mid: "0")
        #expect(audioLines.first == "m=audio 9 UDP/TLS/RTP/SAVPF 63 111")
        #expect(audioLines.contains("a=fmtp:63 111/111"))
        #expect(
            audioLines.contains(
                "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1;stereo=1;maxaveragebitrate=510000"))
        #expect(audio.formats[1].parameters["stereo"] == "1")

        let camera = answer.sections[1]
        // No a=ssrc in Chromium's simulcast: MID and RID tell the packets apart.
        #expect(camera.encodings == [Encoding(rid: "q"), Encoding(rid: "h"), Encoding(rid: "f")])
        #expect(camera.usesNack)
        #expect(camera.formats.first?.codec == .vp8)
        #expect(camera.formats.first?.retransmissionPayloadType == 97)
        #expect(lines(of: answer.sdp, mid: "1").contains("a=simulcast:recv q;h;f"))

        let second = answer.sections[2]
        // Constrained Baseline before the Baseline that Chromium lists first: more receivers decode it.
        #expect(second.formats.prefix(3).map(\.payloadType) == [108, 102, 116])
        #expect(second.formats[0].parameters["profile-level-id"] == "42e01f")
        #expect(second.encodings == [Encoding(ssrc: 1_811_630_171, retransmissionSSRC: 1_379_538_532)])
        #expect(
            lines(of: answer.sdp, mid: "2").first
                == "m=video 9 UDP/TLS/RTP/SAVPF 108 109 102 103 116 117 114 115 104 107 39 40 98 99 100 101 96 97 45 46"
        )
        // Without a wish the offer's order stays.
        #expect(answer.sections[3].formats.first?.codec == .vp8)
        #expect(answer.headerExtensions[.rid] == 10)
        #expect(answer.headerExtensions[.repairedRid] == 11)
        #expect(answer.headerExtensions[.mid] == 4)
        #expect(answer.headerExtensions[.audioLevel] == 1)
        #expect(answer.headerExtensions[.transportSequence] == 3)
        #expect(answer.headerExtensions[.dependencyDescriptor] == 12)
        #expect(answer.headerExtensions[.absCaptureTime] == nil)
    }

    @Test func withoutAWishTheOfferedCodecStaysFirst() throws {
        var negotiation = SDPFixture.publisher()
        let answer = try negotiation.answer(to: SDPFixture.text("browser/chromium156-offer-full"))
        #expect(answer.sections.map { $0.formats.first?.codec } == [.red, .vp8, .vp9, .av1, .vp8])
    }

    @Test func firefoxSections() throws {
        var negotiation = SDPFixture.publisher()
        let answer = try negotiation.answer(to: SDPFixture.text("browser/firefox-esr153-offer-full"))
        #expect(answer.remote.fingerprints.first?.bytes.prefix(2) == [0x13, 0x4a])
        let camera = answer.sections[1]
        #expect(
            camera.encodings == [
                Encoding(rid: "q", ssrc: 3_417_525_233, retransmissionSSRC: 425_515_195),
                Encoding(rid: "h", ssrc: 223_226_351, retransmissionSSRC: 385_613_898),
                Encoding(rid: "f", ssrc: 851_617_436, retransmissionSSRC: 3_379_712_462),
            ])
        #expect(camera.clientTrackID == "{4db2caed-9420-4a58-98cc-55dd30dad457}")
        let cameraLines = lines(of: answer.sdp, mid: "1")
        #expect(cameraLines.first == "m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125 99 100")
        #expect(cameraLines.contains("a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"))
        #expect(cameraLines.contains("a=extmap-allow-mixed"))
        #expect(!cameraLines.contains { $0.contains("playout-delay") })
        #expect(answer.sections[0].formats.map(\.payloadType) == [109])
    }

    @Test func rustSimulcastIsOrderedByQualityAndAnsweredAsOffered() throws {
        var negotiation = SDPFixture.publisher()
        for number in 1...3 {
            let answer = try negotiation.answer(to: SDPFixture.text("dual-pc/publisher-offer-\(number)"))
            #expect(lines(of: answer.sdp)[1] == "o=- 7000000000 \(number) IN IP4 127.0.0.1")
            #expect(answer.sections.count == number - 1)
            guard number == 3 else { continue }
            let camera = answer.sections[1]
            #expect(camera.encodings.map(\.rid) == ["q", "h", "f"])
            #expect(camera.streamID == nil)
            #expect(camera.clientTrackID == "53c6e77f-5870-401d-a924-2e592074c671")
            #expect(camera.formats.count == 1)
            #expect(camera.formats[0].retransmissionPayloadType == nil)
            #expect(camera.usesNack)
            #expect(lines(of: answer.sdp, mid: "2").contains("a=simulcast:recv f;h;q"))
        }
    }

    @Test func singlePeerConnectionOffersInOrder() throws {
        var negotiation = SDPFixture.publisher()
        let first = try negotiation.answer(to: SDPFixture.text("single-pc/offer-1-initial"))
        #expect(first.sections.count == 6)
        #expect(first.sections.allSatisfy { !$0.isSending && $0.encodings.isEmpty && !$0.isRejected })
        // Known-good placeholder: inactive, with what a later simulcast publication needs.
        let placeholder = lines(of: first.sdp, mid: "3")
        #expect(placeholder.contains("a=inactive"))
        for wanted: HeaderExtension in [.mid, .rid, .repairedRid, .transportSequence] {
            #expect(placeholder.contains { $0.hasPrefix("a=extmap:") && $0.hasSuffix(wanted.uri) })
        }
        #expect(lines(of: first.sdp, mid: "0").contains("a=extmap:1 \(HeaderExtension.audioLevel.uri)"))
        let second = try negotiation.answer(to: SDPFixture.text("single-pc/offer-2-audio"))
        #expect(second.sections.filter(\.isSending).map(\.mid) == ["7"])
        let third = try negotiation.answer(to: SDPFixture.text("single-pc/offer-3-audio+simulcast"))
        #expect(third.sections.filter(\.isSending).map(\.mid) == ["7", "8"])
        // The recorded client was answered by another server and drops some, but renumbers none.
        for (known, id) in third.headerExtensions { #expect(first.headerExtensions[known] ?? id == id) }
        #expect(third.headerExtensions.count == 7)
        #expect(third.headerExtensions[.dependencyDescriptor] == 12)
    }

    @Test func chromiumPublishesSimulcastAfterPlaceholders() throws {
        var negotiation = SDPFixture.publisher()
        let first = try negotiation.answer(to: SDPFixture.text("chromium-with-hutong/publisher-offer-1"))
        #expect(first.sections.map(\.isSending) == [false, false])
        let second = try negotiation.answer(to: SDPFixture.text("chromium-with-hutong/publisher-offer-2"))
        #expect(second.sections.map(\.isSending) == [false, false, true, true])
        #expect(second.sections[3].encodings.map(\.rid) == ["q", "h", "f"])
    }

    @Test func unpublishedSectionsBecomeInactive() throws {
        var negotiation = SDPFixture.publisher()
        let offer = try SDPFixture.text("dual-pc/publisher-offer-3")
        #expect(try negotiation.answer(to: offer).sections.map(\.isSending) == [true, true])
        let later = try negotiation.answer(to: offer.replacing("a=sendonly", with: "a=inactive"))
        #expect(later.sections.map(\.isSending) == [false, false])
        #expect(later.sections.map(\.mid) == ["1", "2"])
        #expect(lines(of: later.sdp, mid: "2").contains("a=inactive"))
        let again = try negotiation.answer(to: offer)
        #expect(again.sections.map(\.isSending) == [true, true])
    }

    @Test func stoppedSectionsLeaveTheAnswer() throws {
        var negotiation = SDPFixture.publisher()
        let offer = try SDPFixture.text("dual-pc/publisher-offer-3")
        _ = try negotiation.answer(to: offer)
        let stopped = offer.replacing("m=video 9 ", with: "m=video 0 ")
            .replacing("a=group:BUNDLE 0 1 2", with: "a=group:BUNDLE 0 1")
        let answer = try negotiation.answer(to: stopped)
        #expect(answer.sections.map(\.mid) == ["1"])
        #expect(lines(of: answer.sdp, mid: "2").first == "m=video 0 UDP/TLS/RTP/SAVPF 96")
        #expect(lines(of: answer.sdp).contains("a=group:BUNDLE 0 1"))
        // A stopped place may be used again under another mid.
        let reused = offer.replacing("a=mid:2", with: "a=mid:9").replacing("BUNDLE 0 1 2", with: "BUNDLE 0 1 9")
        #expect(try negotiation.answer(to: reused).sections.map(\.mid) == ["1", "9"])
        #expect(throws: SDPError(.sectionsChanged)) { try negotiation.answer(to: offer) }
        #expect(throws: SDPError(.sectionsChanged)) {
            try negotiation.answer(to: SDPFixture.text("dual-pc/publisher-offer-2"))
        }
    }

    @Test func unknownCodecsAreRejectedOutsideTheBundle() throws {
        var negotiation = SDPFixture.publisher([.opus, .red, .h264])
        let answer = try negotiation.answer(to: SDPFixture.text("dual-pc/publisher-offer-3"))
        let camera = answer.sections[1]
        #expect(camera.isRejected && !camera.isSending && camera.formats.isEmpty && camera.encodings.isEmpty)
        #expect(camera.clientTrackID == "53c6e77f-5870-401d-a924-2e592074c671")
        #expect(lines(of: answer.sdp).contains("a=group:BUNDLE 0 1"))
        #expect(
            lines(of: answer.sdp, mid: "2") == [
                "m=video 0 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=mid:2", "a=inactive",
                "a=rtpmap:96 VP8/90000", "a=fmtp:96 x-google-start-bitrate=1000",
            ])
        // The client may offer it again; it is the same section.
        #expect(throws: Never.self) { try negotiation.answer(to: SDPFixture.text("dual-pc/publisher-offer-3")) }
    }

    /// RFC 9143: rejecting the tagged section would reject every section.
    @Test func aTaggedSectionWithUnknownCodecsStaysSilent() throws {
        var negotiation = SDPFixture.publisher([.vp8])
        let answer = try negotiation.answer(to: SDPFixture.text("browser/aiortc-offer"))
        #expect(answer.sections.map(\.isRejected) == [true, false])
        let audio = lines(of: answer.sdp, mid: "0")
        #expect(audio.first == "m=audio 9 UDP/TLS/RTP/SAVPF 96")
        #expect(audio.contains("a=inactive") && audio.contains("a=setup:passive"))
        #expect(lines(of: answer.sdp).contains("a=group:BUNDLE 0 1 2"))
    }

    @Test func redIsLeftOutOnRequest() throws {
        var negotiation = SDPFixture.publisher()
        let answer = try negotiation.answer(to: SDPFixture.text("dual-pc/publisher-offer-2")) { _ in
            SectionPreferences(usesRED: false, usesDTX: false)
        }
        #expect(answer.sections[0].formats.map(\.codec) == [.opus])
        let audio = lines(of: answer.sdp, mid: "1")
        #expect(audio.first == "m=audio 9 UDP/TLS/RTP/SAVPF 111")
        #expect(audio.contains("a=fmtp:111 minptime=10;useinbandfec=1"))
    }

    @Test func redAroundAnotherCodecIsNotAccepted() throws {
        var negotiation = SDPFixture.publisher()
        let offer = try SDPFixture.text("dual-pc/publisher-offer-2").replacing(
            "a=fmtp:63 111/111", with: "a=fmtp:63 111/9")
        #expect(try negotiation.answer(to: offer).sections[0].formats.map(\.codec) == [.opus])
    }

    @Test func preferencesAreAskedForSendingSectionsOnly() throws {
        var negotiation = SDPFixture.publisher()
        var asked: [ReceivedSection] = []
        _ = try negotiation.answer(to: SDPFixture.text("browser/livekit-sdk-offer-publisher")) { section in
            asked.append(section)
            return SectionPreferences()
        }
        #expect(asked.map(\.mid) == ["13"])
        #expect(asked.first?.kind == .video)
    }

    @Test(arguments: [
        ("a=setup:actpass", "a=setup:passive", SDPError.Reason.unsupportedSetup(.passive)),
        ("a=setup:actpass", "a=setup:holdconn", .unsupportedSetup(.holdconn)),
        ("a=group:BUNDLE 0 1 2", "a=x", .notBundled),
        ("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 7", .notBundled),
        ("a=ice-ufrag:fuxD\r\na=ice-pwd:ShmYYZMpkgj9v4Vi0azspKEz", "a=x", .missing("ice-ufrag")),
        ("a=fingerprint:sha-256", "a=fingerprint:sha-1", .missing("fingerprint")),
        ("a=extmap:14 urn:ietf:params:rtp-hdrext:toffset", "a=extmap:1 urn:x", .conflicting("extmap")),
    ]) func refuses(_ original: String, _ replacement: String, _ reason: SDPError.Reason) throws {
        var negotiation = SDPFixture.publisher()
        let offer = try SDPFixture.text("dual-pc/publisher-offer-3")
        #expect(throws: SDPError(reason)) {
            try negotiation.answer(to: offer.replacing(original, with: replacement))
        }
        // Nothing changed: the next answer is the first.
        #expect(try lines(of: negotiation.answer(to: offer).sdp)[1] == "o=- 7000000000 1 IN IP4 127.0.0.1")
    }

    @Test func activeAndMissingSetupAreAnsweredPassive() throws {
        let offer = try SDPFixture.text("dual-pc/publisher-offer-1")
        for setup in ["a=setup:active", "a=x"] {
            var negotiation = SDPFixture.publisher()
            let answer = try negotiation.answer(to: offer.replacing("a=setup:actpass", with: setup))
            #expect(lines(of: answer.sdp, mid: "0").contains("a=setup:passive"))
        }
    }

    @Test func sectionsWithoutRTCPMuxOrOutsideTheBundleAreRejected() throws {
        var negotiation = SDPFixture.publisher()
        let offer = try SDPFixture.text("dual-pc/publisher-offer-3")
            .replacing("a=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111", with: "a=rtpmap:111")
            .replacing("BUNDLE 0 1 2", with: "BUNDLE 0 1")
        let answer = try negotiation.answer(to: offer)
        #expect(answer.sections.map(\.isRejected) == [true, true])
        #expect(lines(of: answer.sdp).contains("a=group:BUNDLE 0"))
    }

    @Test func extensionsBeyondOneByteHeadersAreLeftOut() throws {
        var negotiation = SDPFixture.publisher()
        let offer = try SDPFixture.text("dual-pc/publisher-offer-3").replacing("a=extmap:12 ", with: "a=extmap:16 ")
        let answer = try negotiation.answer(to: offer)
        #expect(answer.headerExtensions[.dependencyDescriptor] == nil)
        #expect(!answer.sdp.contains("a=extmap:16"))
    }

    @Test func iceRestartIsVisibleInTheRemoteParameters() throws {
        var negotiation = SDPFixture.publisher()
        let offer = try SDPFixture.text("dual-pc/publisher-offer-1")
        let before = try negotiation.answer(to: offer).remote
        let after = try negotiation.answer(to: offer.replacing("fuxD", with: "newU")).remote
        #expect(before.ice.usernameFragment == "fuxD" && after.ice.usernameFragment == "newU")
        #expect(before.fingerprints == after.fingerprints)
    }

    @Test func aNewClientMayRestrictEncodings() throws {
        let head = try SDPFixture.text("dual-pc/publisher-offer-3")
        let rids = "a=rid:f send\r\na=rid:h send\r\na=rid:q send\r\na=simulcast:send f;h;q"
        func encodings(_ lines: String) throws -> [Encoding] {
            var negotiation = SDPFixture.publisher()
            let answer = try negotiation.answer(to: head.replacing(rids, with: lines))
            #expect(throws: Never.self) { try SessionDescription(parsing: answer.sdp) }
            return answer.sections[1].encodings
        }
        #expect(try encodings("a=rid:q send").map(\.rid) == ["q"])
        #expect(try encodings("a=x").map(\.rid) == [nil])
        // Unknown names keep the offered order.
        #expect(
            try encodings("a=rid:hi send\r\na=rid:lo send\r\na=simulcast:send hi;lo").map(\.rid) == ["hi", "lo"])
        #expect(try encodings("a=rid:h send\r\na=rid:q send\r\na=simulcast:send h;ghost;q;q").map(\.rid) == ["q", "h"])
        let many = (0..<6).map { "a=rid:\($0) send" } + ["a=simulcast:send 0;1;2;3;4;5"]
        #expect(try encodings(many.joined(separator: "\r\n")).map(\.rid) == ["0", "1", "2", "3"])
        // A list of names that no rid line declares is no simulcast (found by fuzzing: an empty list was written).
        #expect(try encodings("a=simulcast:send f;h;q").map(\.rid) == [nil])
        // Two SSRCs for three names say nothing.
        let ssrcs = rids + "\r\na=ssrc:1 cname:x\r\na=ssrc:2 cname:x"
        #expect(try encodings(ssrcs).map(\.ssrc) == [nil, nil, nil])
    }
}
