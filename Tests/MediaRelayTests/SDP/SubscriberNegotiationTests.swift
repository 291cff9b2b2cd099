// Offers of the subscriber connection and the answers to them, recorded and made up.

import MediaRelay
import Testing

@Suite struct SubscriberNegotiationTests {
    static let opus = PayloadFormat(payloadType: 111, codec: .opus, clockRate: 48_000, channels: 2)
    static let red = PayloadFormat(payloadType: 63, codec: .red, clockRate: 48_000, channels: 2)
    static let vp8 = PayloadFormat(payloadType: 96, codec: .vp8, clockRate: 90_000)

    static func track(_ kind: MediaKind, _ name: String, _ formats: [PayloadFormat]? = nil) -> SubscribedTrack {
        SubscribedTrack(
            kind: kind, streamID: "PA_x|\(name)", trackID: name, ssrc: 11,
            retransmissionSSRC: kind == .video ? 12 : nil,
            canonicalName: "PA_x", formats: formats ?? (kind == .audio ? [red, opus] : [vp8]))
    }

    /// What a client with these capabilities would answer: everything we offer, `setup:active`, `recvonly`.
    static func answer(
        to offer: String, setup: Setup? = .active, reject: Set<String> = [], payloadTypes: Set<UInt8>? = nil
    ) throws -> SessionDescription {
        var description = try SessionDescription(parsing: offer)
        description.isICELite = false
        for index in description.sections.indices {
            var section = description.sections[index]
            section.candidates = []
            section.endOfCandidates = false
            section.streamIDs = []
            section.ssrcGroups = []
            section.ssrcAttributes = []
            section.transport = TransportAttributes(
                ice: ICECredentials(usernameFragment: "cli1", password: "clientclientclientclient"),
                fingerprints: [Fingerprint(algorithm: "sha-256", bytes: [UInt8](repeating: 7, count: 32))], setup: setup
            )
            if section.direction == .sendonly { section.direction = .recvonly }
            if let payloadTypes { section.formats.removeAll { !payloadTypes.contains($0.payloadType) } }
            if reject.contains(section.mid ?? "") || section.isRejected { section.port = 0 }
            description.sections[index] = section
        }
        description.groups = [
            SessionDescription.Group(
                semantics: "BUNDLE", mids: description.sections.filter { !$0.isRejected }.compactMap(\.mid))
        ]
        return description
    }

    @Test func theFirstOfferHoldsTheDataChannels() throws {
        var negotiation = SDPFixture.subscriber()
        #expect(negotiation.needsOffer && !negotiation.awaitsAnswer)
        let offer = try negotiation.nextOffer()
        #expect(offer.midToTrackID.isEmpty)
        #expect(!negotiation.needsOffer && negotiation.awaitsAnswer)
        #expect(lines(of: offer.sdp).contains("a=ice-lite"))
        #expect(lines(of: offer.sdp).contains("a=group:BUNDLE 0"))
        let section = lines(of: offer.sdp, mid: "0")
        #expect(section.first == "m=application 9 UDP/DTLS/SCTP webrtc-datachannel")
        #expect(section.contains("a=setup:actpass"))
        #expect(section.contains("a=max-message-size:65536"))
        #expect(section.contains("a=end-of-candidates"))

        let answer = try negotiation.apply(answer: SDPFixture.text("browser/livekit-sdk-answer-subscriber"))
        #expect(answer.remote.ice.usernameFragment == "h81J")
        #expect(answer.sections.isEmpty && answer.headerExtensions.isEmpty)
        #expect(!negotiation.needsOffer && !negotiation.awaitsAnswer)
    }

    @Test func tracksAreOfferedLineByLine() throws {
        var negotiation = SDPFixture.subscriber()
        #expect(try negotiation.add(Self.track(.audio, "TR_A")) == "1")
        #expect(try negotiation.add(Self.track(.video, "TR_V")) == "2")
        let offer = try negotiation.nextOffer()
        #expect(offer.midToTrackID == ["1": "TR_A", "2": "TR_V"])
        #expect(lines(of: offer.sdp).contains("a=group:BUNDLE 0 1 2"))
        #expect(lines(of: offer.sdp).contains("a=extmap-allow-mixed"))
        let identity = [
            "a=ice-ufrag:ufragOfServer", "a=ice-pwd:passwordOfTheServer22+/",
            lines(of: offer.sdp, mid: "0").first { $0.hasPrefix("a=fingerprint") } ?? "", "a=setup:actpass",
        ]
        #expect(
            lines(of: offer.sdp, mid: "1") == ["m=audio 9 UDP/TLS/RTP/SAVPF 63 111", "c=IN IP4 0.0.0.0"] + identity + [
                "a=mid:1",
                "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
                "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
                "a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
                "a=sendonly", "a=msid:PA_x|TR_A TR_A", "a=rtcp-mux", "a=rtcp-rsize",
                "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111",
                "a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1",
                "a=ssrc:11 cname:PA_x", "a=ssrc:11 msid:PA_x|TR_A TR_A",
            ])
        let video = lines(of: offer.sdp, mid: "2")
        #expect(
            video.first
                == "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100 101 108 109 102 103 106 107 125 126 104 105 39 40 35 36"
        )
        for line in [
            "a=sendonly", "a=msid:PA_x|TR_V TR_V", "a=ssrc-group:FID 11 12", "a=ssrc:12 cname:PA_x",
            "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 ccm fir", "a=fmtp:97 apt=96",
            "a=extmap:12 \(HeaderExtension.dependencyDescriptor.uri)",
        ] {
            #expect(video.contains(line), "\(line)")
        }
        #expect(!offer.sdp.contains("transport-cc") && !offer.sdp.contains("transport-wide-cc"))
        #expect(!offer.sdp.contains("abs-send-time") && !offer.sdp.contains("goog-remb"))
        #expect(!offer.sdp.contains("640032"))
    }

    @Test func thePublicationsCodecsComeFirst() throws {
        let high = PayloadFormat(
            payloadType: 99, codec: .h264, clockRate: 90_000,
            parameters: ["packetization-mode": "1", "profile-level-id": "64001f"])
        let av1 = PayloadFormat(payloadType: 45, codec: .av1, clockRate: 90_000, parameters: ["profile": "0"])
        var negotiation = SDPFixture.subscriber()
        _ = try negotiation.add(Self.track(.video, "TR_V", [av1, high]))
        let offer = try negotiation.nextOffer()
        let video = lines(of: offer.sdp, mid: "1")
        #expect(video.first?.hasPrefix("m=video 9 UDP/TLS/RTP/SAVPF 35 36 123 124 96 97 ") == true)

        var restricted = SDPFixture.subscriber([.vp8, .opus])
        _ = try restricted.add(Self.track(.video, "TR_V", [av1]))
        let other = try restricted.nextOffer()
        #expect(lines(of: other.sdp, mid: "1").first == "m=video 9 UDP/TLS/RTP/SAVPF 96 97")
        var silent = SDPFixture.subscriber([.vp8])
        #expect(throws: SDPError(.missing("codec"))) { try silent.add(Self.track(.audio, "TR_A")) }
    }

    @Test func stereoIsSaid() throws {
        var opus = Self.opus
        opus.parameters["stereo"] = "1"
        var negotiation = SDPFixture.subscriber()
        _ = try negotiation.add(Self.track(.audio, "TR_A", [opus]))
        let offer = try negotiation.nextOffer()
        #expect(
            lines(of: offer.sdp, mid: "1").contains(
                "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"))
    }

    @Test func oneNegotiationAtATime() throws {
        var negotiation = SDPFixture.subscriber()
        let first = try negotiation.nextOffer()
        let tooEarly = negotiation.makeOffer()
        #expect(tooEarly == nil)
        let mid = try negotiation.add(Self.track(.audio, "TR_A"))
        #expect(!negotiation.needsOffer)
        let answer = try negotiation.apply(answer: Self.answer(to: first.sdp))
        #expect(answer.sections.isEmpty)
        #expect(negotiation.needsOffer)
        let second = try negotiation.nextOffer()
        #expect(lines(of: first.sdp)[1] == "o=- 7000000000 1 IN IP4 127.0.0.1")
        #expect(lines(of: second.sdp)[1] == "o=- 7000000000 2 IN IP4 127.0.0.1")
        let sections = try negotiation.apply(answer: Self.answer(to: second.sdp)).sections
        #expect(sections.map(\.mid) == [mid])
        #expect(sections[0].formats.map(\.payloadType) == [63, 111])
        #expect(sections[0].isReceiving && sections[0].trackID == "TR_A")
        #expect(throws: SDPError(.unexpectedAnswer)) { try negotiation.apply(answer: Self.answer(to: second.sdp)) }
    }

    @Test func sectionsAreReusedOnlyAfterTheClientAgreedToTheirEnd() throws {
        var negotiation = SDPFixture.subscriber()
        func exchange() throws -> SubscriberOffer {
            let offer = try negotiation.nextOffer()
            _ = try negotiation.apply(answer: Self.answer(to: offer.sdp))
            return offer
        }
        #expect(try negotiation.add(Self.track(.video, "TR_1")) == "1")
        _ = try exchange()
        negotiation.remove(trackID: "TR_1")
        #expect(negotiation.needsOffer)
        // The client still thinks TR_1 is there.
        #expect(try negotiation.add(Self.track(.video, "TR_2")) == "2")
        let offer = try exchange()
        #expect(offer.midToTrackID == ["2": "TR_2"])
        let inactive = lines(of: offer.sdp, mid: "1")
        #expect(inactive.contains("a=inactive"))
        #expect(!inactive.contains { $0.hasPrefix("a=msid") || $0.hasPrefix("a=ssrc") })
        #expect(try negotiation.add(Self.track(.audio, "TR_3")) == "3")
        #expect(try negotiation.add(Self.track(.video, "TR_4")) == "1")
        #expect(try exchange().midToTrackID == ["1": "TR_4", "2": "TR_2", "3": "TR_3"])
        negotiation.remove(trackID: "TR_4")
        negotiation.remove(trackID: "TR_4")
        negotiation.remove(trackID: "TR_none")
        _ = try exchange()
        #expect(!negotiation.needsOffer)
    }

    @Test func aTrackRemovedWhileItsOfferIsOutIsReportedButNotReused() throws {
        var negotiation = SDPFixture.subscriber()
        _ = try negotiation.add(Self.track(.audio, "TR_1"))
        let offer = try negotiation.nextOffer()
        negotiation.remove(trackID: "TR_1")
        let answer = try negotiation.apply(answer: Self.answer(to: offer.sdp))
        #expect(answer.sections.map(\.trackID) == ["TR_1"])
        #expect(negotiation.needsOffer)
        #expect(try negotiation.add(Self.track(.audio, "TR_2")) == "2")
    }

    @Test func rejectedSectionsStayRejected() throws {
        var negotiation = SDPFixture.subscriber()
        _ = try negotiation.add(Self.track(.audio, "TR_1"))
        _ = try negotiation.add(Self.track(.video, "TR_2"))
        let offer = try negotiation.nextOffer()
        let answer = try negotiation.apply(answer: Self.answer(to: offer.sdp, reject: ["2"]))
        #expect(answer.sections.map(\.formats.isEmpty) == [false, true])
        #expect(answer.sections.map(\.isReceiving) == [true, false])
        #expect(try negotiation.add(Self.track(.video, "TR_3")) == "3")
        let next = try negotiation.nextOffer()
        #expect(next.midToTrackID == ["1": "TR_1", "3": "TR_3"])
        #expect(lines(of: next.sdp).contains("a=group:BUNDLE 0 1 3"))
        #expect(lines(of: next.sdp, mid: "2").first?.hasPrefix("m=video 0 ") == true)
        #expect(throws: Never.self) { try negotiation.apply(answer: Self.answer(to: next.sdp)) }
    }

    /// Recorded with Chromium 156: it accepted each of these offers, and announced TR_3 in the section of TR_2.
    @Test func chromiumFollowsASectionThatIsReused() throws {
        let h264 = PayloadFormat(
            payloadType: 108, codec: .h264, clockRate: 90_000,
            parameters: ["profile-level-id": "42e01f", "packetization-mode": "1"])
        var negotiation = SDPFixture.subscriber()
        func exchange(_ number: Int) throws -> [SubscribedSection] {
            _ = try negotiation.nextOffer()
            let answer = try SDPFixture.text("chromium-with-hutong/subscriber-answer-\(number)")
            return try negotiation.apply(answer: answer).sections
        }
        #expect(try exchange(1).isEmpty)
        _ = try negotiation.add(Self.track(.audio, "TR_1"))
        _ = try negotiation.add(Self.track(.video, "TR_2", [h264]))
        let both = try exchange(2)
        #expect(both.map(\.trackID) == ["TR_1", "TR_2"])
        #expect(both[0].formats.map(\.payloadType) == [63, 111])
        #expect(both[1].formats.map(\.payloadType) == [108, 96, 98, 100, 102, 106, 125, 104, 39, 35])
        #expect(both[1].formats.allSatisfy { $0.retransmissionPayloadType == $0.payloadType + 1 })
        negotiation.remove(trackID: "TR_2")
        #expect(try exchange(3).map(\.trackID) == ["TR_1"])
        #expect(try negotiation.add(Self.track(.video, "TR_3", [h264])) == "2")
        let reused = try exchange(4)
        #expect(reused.map(\.trackID) == ["TR_1", "TR_3"])
        #expect(reused.allSatisfy { $0.isReceiving })
    }

    @Test func onlyWhatWasOfferedIsTaken() throws {
        var negotiation = SDPFixture.subscriber()
        _ = try negotiation.add(Self.track(.video, "TR_1"))
        let offer = try negotiation.nextOffer()
        var answer = try Self.answer(to: offer.sdp, payloadTypes: [96, 97, 98, 108])
        var section = answer.sections[1]
        section.formats.reverse()
        // Another profile under the offered number, a number never offered, an extension under another identifier.
        for index in section.formats.indices where section.formats[index].payloadType == 98 {
            section.formats[index].parameters = "profile-id=2"
        }
        section.formats.append(RTPFormat(payloadType: 60, encoding: RTPEncoding(name: "VP8", clockRate: 90_000)))
        section.extensions = [
            ExtensionMap(id: 4, uri: HeaderExtension.mid.uri),
            ExtensionMap(id: 9, uri: HeaderExtension.playoutDelay.uri),
        ]
        section.direction = .inactive
        answer.sections[1] = section
        let result = try negotiation.apply(answer: answer)
        #expect(result.headerExtensions == [.mid: 4])
        #expect(result.sections[0].formats.map(\.payloadType) == [108, 96])
        #expect(result.sections[0].formats.map(\.retransmissionPayloadType) == [nil, 97])
        #expect(!result.sections[0].isReceiving)
    }

    @Test func anAnswerToAnEarlierOfferIsATypedError() throws {
        // Recorded: application and audio (mid 1), in answer to an offer before the last.
        let stale = try SDPFixture.text("dual-pc/client-answer-last")
        var negotiation = SDPFixture.subscriber()
        _ = try negotiation.add(Self.track(.audio, "TR_1"))
        _ = try negotiation.add(Self.track(.video, "TR_2"))
        let offer = try negotiation.nextOffer()
        #expect(throws: SDPError(.answerMismatch)) { try negotiation.apply(answer: stale) }
        #expect(negotiation.awaitsAnswer)
        #expect(throws: Never.self) { try negotiation.apply(answer: Self.answer(to: offer.sdp)) }

        // The same recording fits an offer of one audio track. Its payload type 96 is Opus of another server's table.
        var fitting = SDPFixture.subscriber()
        _ = try fitting.add(Self.track(.audio, "TR_1"))
        _ = fitting.makeOffer()
        let answer = try fitting.apply(answer: stale)
        #expect(answer.remote.ice.usernameFragment == "IOGr")
        #expect(answer.sections.map(\.formats) == [[]])
        #expect(answer.headerExtensions.isEmpty)

        // Video where audio was offered.
        var video = SDPFixture.subscriber()
        _ = try video.add(Self.track(.video, "TR_1"))
        _ = video.makeOffer()
        #expect(throws: SDPError(.answerMismatch)) { try video.apply(answer: stale) }
    }

    @Test(arguments: [Setup.passive, .actpass, .holdconn, nil])
    func theClientMustBeTheDTLSClient(_ setup: Setup?) throws {
        var negotiation = SDPFixture.subscriber()
        let offer = try negotiation.nextOffer()
        #expect(throws: SDPError(.unsupportedSetup(setup))) {
            try negotiation.apply(answer: Self.answer(to: offer.sdp, setup: setup))
        }
    }

    @Test func answersOutsideTheBundleAreRefused() throws {
        var negotiation = SDPFixture.subscriber()
        _ = try negotiation.add(Self.track(.audio, "TR_1"))
        let offer = try negotiation.nextOffer()
        var answer = try Self.answer(to: offer.sdp)
        answer.groups = [SessionDescription.Group(semantics: "BUNDLE", mids: ["0"])]
        #expect(throws: SDPError(.notBundled)) { try negotiation.apply(answer: answer) }
        #expect(throws: SDPError(.notBundled)) {
            try negotiation.apply(answer: Self.answer(to: offer.sdp, reject: ["0", "1"]))
        }
        var noMux = try Self.answer(to: offer.sdp)
        noMux.sections[1].rtcpMux = false
        #expect(throws: SDPError(.missing("rtcp-mux"))) { try negotiation.apply(answer: noMux) }
        #expect(throws: Never.self) { try negotiation.apply(answer: Self.answer(to: offer.sdp)) }
    }

    /// Our payload types and identifiers are those Chromium would choose, so its recorded answer shapes apply.
    @Test func extensionsInForceAreReported() throws {
        var negotiation = SDPFixture.subscriber()
        _ = try negotiation.add(Self.track(.audio, "TR_1"))
        _ = try negotiation.add(Self.track(.video, "TR_2"))
        let offer = try negotiation.nextOffer()
        let answer = try negotiation.apply(answer: Self.answer(to: offer.sdp))
        #expect(
            answer.headerExtensions == [
                .audioLevel: 1, .mid: 4, .playoutDelay: 5, .contentType: 6, .absCaptureTime: 7, .colorSpace: 8,
                .dependencyDescriptor: 12, .videoOrientation: 13,
            ])
    }

    @Test func thereIsALimitOfSections() throws {
        var negotiation = SDPFixture.subscriber()
        for number in 1..<300 { #expect(try negotiation.add(Self.track(.audio, "TR_\(number)")) == "\(number)") }
        #expect(throws: SDPError(.tooMany(.mediaSections))) { try negotiation.add(Self.track(.audio, "TR_300")) }
        let offer = try negotiation.nextOffer()
        let answer = try Self.answer(to: offer.sdp).text
        #expect(try negotiation.apply(answer: answer).sections.count == 299)
    }
}
