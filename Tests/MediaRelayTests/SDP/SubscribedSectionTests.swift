// Tracks in the answers to a client's own offers (v1): recorded offers, made-up ones, and random sequences of both ends.

import MediaRelay
import ScenarioSupport
import Testing

@Suite struct SubscribedSectionTests {
    static let vp8 = PayloadFormat(payloadType: 120, codec: .vp8, clockRate: 90_000, retransmissionPayloadType: 121)
    static let av1 = PayloadFormat(payloadType: 35, codec: .av1, clockRate: 90_000, parameters: ["profile": "0"])
    static let opus = PayloadFormat(payloadType: 109, codec: .opus, clockRate: 48_000, channels: 2)

    static func track(
        _ kind: MediaKind, _ name: String, _ format: PayloadFormat? = nil, ssrc: UInt32 = 11
    ) -> SubscribedTrack {
        SubscribedTrack(
            kind: kind, streamID: "PA_x|\(name)", trackID: name, ssrc: ssrc,
            retransmissionSSRC: kind == .video ? ssrc + 1 : nil, canonicalName: "PA_x",
            formats: [format ?? (kind == .audio ? opus : vp8)])
    }

    /// A client's offer with these sections, as the recorded SDK writes them; the data channels' section last.
    static func offer(_ sections: [(MediaKind, Direction)]) throws -> SessionDescription {
        var offer = try SessionDescription(parsing: SDPFixture.text("single-pc/offer-1-initial"))
        let (audio, video, data) = (offer.sections[0], offer.sections[3], offer.sections[6])
        offer.sections =
            sections.map { kind, direction in
                var section = kind == .audio ? audio : video
                section.direction = direction
                if direction.sends { section.streamIDs = [MediaStreamID(streamID: "-", trackID: "own")] }
                return section
            } + [data]
        for index in offer.sections.indices { offer.sections[index].mid = String(index) }
        offer.groups = [.init(semantics: "BUNDLE", mids: offer.sections.compactMap(\.mid))]
        return offer
    }

    @Test func recordedOffersAreAnsweredWithTracks() throws {
        var negotiation = SDPFixture.publisher()
        let first = try negotiation.answer(to: SDPFixture.text("single-pc/subscriber-offer-1"))
        #expect(first.subscribed.isEmpty && first.midToTrackID.isEmpty && !negotiation.needsOffer)
        #expect(negotiation.receivingSections == SectionCount(audio: 3, video: 3))

        try negotiation.add(Self.track(.audio, "TR_A"))
        #expect(negotiation.needsOffer && negotiation.missingSections == .none)
        let second = try negotiation.answer(to: SDPFixture.text("single-pc/subscriber-offer-2"))
        #expect(second.midToTrackID == ["0": "TR_A"] && !negotiation.needsOffer)
        let audio = lines(of: second.sdp, mid: "0")
        for line in [
            "m=audio 9 UDP/TLS/RTP/SAVPF 63 111", "a=sendonly", "a=msid:PA_x|TR_A TR_A", "a=ssrc:11 cname:PA_x",
            "a=ssrc:11 msid:PA_x|TR_A TR_A", "a=fmtp:111 minptime=10;useinbandfec=1", "a=rtcp-mux",
        ] {
            #expect(audio.contains(line), "\(line)")
        }
        #expect(!audio.contains { $0.hasPrefix("a=rtcp-fb") || $0.hasPrefix("a=ssrc-group") })
        #expect(lines(of: second.sdp, mid: "1").contains("a=inactive"))

        try negotiation.add(Self.track(.video, "TR_V", ssrc: 21))
        let third = try negotiation.answer(to: SDPFixture.text("single-pc/subscriber-offer-3"))
        #expect(third.midToTrackID == ["0": "TR_A", "3": "TR_V"])
        let section = try #require(third.subscribed.last)
        #expect(section.mid == "3" && section.ssrc == 21 && section.isReceiving)
        #expect(section.formats.first?.payloadType == 96 && section.formats.first?.retransmissionPayloadType == 97)
        let video = lines(of: third.sdp, mid: "3")
        for line in [
            "a=sendonly", "a=msid:PA_x|TR_V TR_V", "a=ssrc-group:FID 21 22", "a=ssrc:22 cname:PA_x",
            "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 ccm fir", "a=fmtp:97 apt=96",
            "a=extmap:4 \(HeaderExtension.mid.uri)",
        ] {
            #expect(video.contains(line), "\(line)")
        }
        #expect(!video.contains { $0.contains("transport-cc") || $0.contains("goog-remb") })
        // They are no publications.
        #expect(third.sections.allSatisfy { !$0.isSending && !$0.isRejected && $0.encodings.isEmpty })
    }

    @Test func aTrackGoesOutBesideWhatTheClientPublishes() throws {
        var negotiation = SDPFixture.publisher()
        try negotiation.add(Self.track(.video, "TR_V"))
        let answer = try negotiation.answer(to: SDPFixture.text("single-pc/offer-3-audio+simulcast"))
        #expect(answer.midToTrackID == ["3": "TR_V"])
        #expect(answer.sections.filter(\.isSending).map(\.mid) == ["7", "8"])
        #expect(lines(of: answer.sdp, mid: "8").contains("a=simulcast:recv f;h;q"))
    }

    @Test func theTracksCodecComesFirst() throws {
        var negotiation = SDPFixture.publisher()
        try negotiation.add(Self.track(.video, "TR_V", Self.av1))
        let answer = try negotiation.answer(to: Self.offer([(.video, .recvonly)]))
        #expect(answer.subscribed.first?.formats.first?.payloadType == 45)
        #expect(lines(of: answer.sdp, mid: "0").first?.hasPrefix("m=video 9 UDP/TLS/RTP/SAVPF 45 46 ") == true)
    }

    @Test func stereoIsSaid() throws {
        var opus = Self.opus
        opus.parameters["stereo"] = "1"
        var negotiation = SDPFixture.publisher()
        try negotiation.add(Self.track(.audio, "TR_A", opus))
        let answer = try negotiation.answer(to: Self.offer([(.audio, .recvonly)]))
        #expect(
            lines(of: answer.sdp, mid: "0").contains(
                "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"))
    }

    @Test func withoutRTXThereIsNoStreamForIt() throws {
        var offer = try Self.offer([(.video, .recvonly)])
        offer.sections[0].formats.removeAll { $0.encoding?.name == "rtx" }
        var negotiation = SDPFixture.publisher()
        try negotiation.add(Self.track(.video, "TR_V"))
        let answer = try negotiation.answer(to: offer)
        #expect(answer.subscribed.first?.formats.first?.retransmissionPayloadType == nil)
        #expect(!answer.sdp.contains("FID") && !answer.sdp.contains("a=ssrc:12"))
    }

    @Test func missingSectionsAreCountedByKind() throws {
        var negotiation = SDPFixture.publisher()
        try negotiation.add(Self.track(.audio, "TR_1"))
        // Before any offer nothing is there.
        #expect(negotiation.missingSections == SectionCount(audio: 1))
        _ = try negotiation.answer(to: Self.offer([(.audio, .recvonly), (.audio, .inactive), (.video, .sendonly)]))
        try negotiation.add(Self.track(.audio, "TR_2"))
        try negotiation.add(Self.track(.video, "TR_3"))
        #expect(negotiation.missingSections == SectionCount(audio: 1, video: 1))
        #expect(negotiation.receivingSections == SectionCount(audio: 1))
        negotiation.remove(trackID: "TR_2")
        #expect(negotiation.missingSections == SectionCount(video: 1) && negotiation.needsOffer)
        negotiation.remove(trackID: "TR_3")
        #expect(!negotiation.needsOffer)
    }

    @Test func aSectionIsReusedOnlyAfterAnAnswerThatSilencedIt() throws {
        var negotiation = SDPFixture.publisher()
        let offer = try Self.offer([(.audio, .recvonly)])
        try negotiation.add(Self.track(.audio, "TR_1"))
        #expect(try negotiation.answer(to: offer).midToTrackID == ["0": "TR_1"])
        negotiation.remove(trackID: "TR_1")
        try negotiation.add(Self.track(.audio, "TR_2"))
        #expect(negotiation.needsOffer && negotiation.missingSections == SectionCount(audio: 1))
        let silent = try negotiation.answer(to: offer)
        #expect(silent.midToTrackID.isEmpty && lines(of: silent.sdp, mid: "0").contains("a=inactive"))
        #expect(!silent.sdp.contains("msid:PA"))
        #expect(negotiation.needsOffer && negotiation.missingSections == .none)
        #expect(try negotiation.answer(to: offer).midToTrackID == ["0": "TR_2"])
    }

    @Test func whatTheClientCannotPlayIsRefusedAtOnce() throws {
        var offer = try Self.offer([(.audio, .recvonly), (.video, .recvonly)])
        offer.sections[1].formats.removeAll { $0.encoding?.name != "H264" }
        var negotiation = SDPFixture.publisher()
        let track = Self.track(.video, "TR_V")
        try negotiation.add(track)
        let answer = try negotiation.answer(to: offer)
        #expect(answer.refused == [track] && answer.subscribed.isEmpty)
        #expect(!negotiation.needsOffer && negotiation.missingSections == .none)
    }

    /// A section that the client published in lists one codec; that says nothing of what the client can play.
    @Test func aSectionMadeForPublishingIsNoMeasureOfTheClient() throws {
        var offer = try Self.offer([(.video, .sendonly)])
        offer.sections[0].formats.removeAll { ![96, 97].contains($0.payloadType) }
        var negotiation = SDPFixture.publisher()
        _ = try negotiation.answer(to: offer)
        offer.sections[0].direction = .recvonly
        try negotiation.add(Self.track(.video, "TR_1", Self.av1))
        let first = try negotiation.answer(to: offer)
        #expect(first.refused.isEmpty && first.subscribed.isEmpty)
        #expect(negotiation.missingSections == SectionCount(video: 1))
        // What does fit may use it.
        try negotiation.add(Self.track(.video, "TR_2"))
        #expect(try negotiation.answer(to: offer).midToTrackID == ["0": "TR_2"])
    }

    @Test func aSectionThatTheClientTakesForItselfLosesItsTrackToAnother() throws {
        var negotiation = SDPFixture.publisher()
        try negotiation.add(Self.track(.audio, "TR_1"))
        _ = try negotiation.answer(to: Self.offer([(.audio, .recvonly), (.audio, .recvonly)]))
        let answer = try negotiation.answer(to: Self.offer([(.audio, .sendrecv), (.audio, .recvonly)]))
        #expect(answer.midToTrackID == ["1": "TR_1"] && lines(of: answer.sdp, mid: "0").contains("a=recvonly"))
    }

    @Test func closedAndStoppedSections() throws {
        var negotiation = SDPFixture.publisher()
        let offer = try Self.offer([(.audio, .recvonly)])
        let track = Self.track(.audio, "TR_1")
        try negotiation.add(track)
        _ = try negotiation.answer(to: offer)
        let closed = try negotiation.answer(to: Self.offer([(.audio, .inactive)]))
        #expect(closed.subscribed.isEmpty && closed.refused.isEmpty && !negotiation.needsOffer)
        #expect(try negotiation.answer(to: offer).midToTrackID == ["0": "TR_1"])
        var stopped = offer
        stopped.sections[0].port = 0
        stopped.groups[0].mids = ["1"]
        #expect(try negotiation.answer(to: stopped).refused == [track])
        #expect(!negotiation.needsOffer)
    }

    @Test func aRefusedOfferChangesNothing() throws {
        var negotiation = SDPFixture.publisher()
        let offer = try Self.offer([(.audio, .recvonly)])
        try negotiation.add(Self.track(.audio, "TR_1"))
        var broken = offer
        broken.groups = []
        #expect(throws: SDPError(.notBundled)) { try negotiation.answer(to: broken) }
        #expect(negotiation.needsOffer)
        #expect(try negotiation.answer(to: offer).midToTrackID == ["0": "TR_1"])
    }

    @Test func limits() throws {
        var silent = SDPFixture.publisher([.vp8])
        #expect(throws: SDPError(.missing("codec"))) { try silent.add(Self.track(.audio, "TR_A")) }
        var negotiation = SDPFixture.publisher()
        for number in 0..<300 { try negotiation.add(Self.track(.audio, "TR_\(number)")) }
        #expect(throws: SDPError(.tooMany(.mediaSections))) { try negotiation.add(Self.track(.audio, "TR_300")) }
    }

    /// A client may receive some extensions that it does not send.
    @Test func extensionsFollowTheDirection() throws {
        var offer = try Self.offer([(.video, .recvonly), (.video, .sendonly)])
        for index in 0..<2 {
            offer.sections[index].extensions = [
                ExtensionMap(id: 4, uri: HeaderExtension.mid.uri),
                ExtensionMap(id: 5, direction: .recvonly, uri: HeaderExtension.playoutDelay.uri),
                ExtensionMap(id: 10, direction: .sendonly, uri: HeaderExtension.rid.uri),
            ]
        }
        var negotiation = SDPFixture.publisher()
        try negotiation.add(Self.track(.video, "TR_V"))
        let answer = try negotiation.answer(to: offer)
        let sending = lines(of: answer.sdp, mid: "0").filter { $0.hasPrefix("a=extmap:") }
        #expect(
            sending == [
                "a=extmap:4 \(HeaderExtension.mid.uri)", "a=extmap:5/sendonly \(HeaderExtension.playoutDelay.uri)",
            ])
        let receiving = lines(of: answer.sdp, mid: "1").filter { $0.hasPrefix("a=extmap:") }
        #expect(
            receiving == ["a=extmap:4 \(HeaderExtension.mid.uri)", "a=extmap:10/recvonly \(HeaderExtension.rid.uri)"])
        #expect(answer.headerExtensions == [.mid: 4, .playoutDelay: 5, .rid: 10])
    }

    // MARK: Any sequence

    /// A failure names its seed.
    @Test(arguments: 0..<60) func anySequenceKeepsItsPromises(_ seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
        var negotiation = SDPFixture.publisher()
        var wanted: [String: UInt32] = [:]
        var sections: [(MediaKind, Direction)] = []
        var before: [String: String] = [:]
        var ssrc: UInt32 = 100
        for _ in 0..<80 {
            let kind: MediaKind = pick(2) == 0 ? .audio : .video
            let name = "TR_\(pick(12))"
            switch pick(6) {
            case 0 where wanted[name] == nil, 1 where wanted[name] == nil:
                ssrc += 2
                try negotiation.add(Self.track(kind, name, ssrc: ssrc))
                wanted[name] = ssrc
            case 2:
                negotiation.remove(trackID: name)
                wanted[name] = nil
            case 3: for _ in 0..<pick(3) { sections.append((kind, .recvonly)) }
            case 4 where !sections.isEmpty: sections[pick(sections.count)].1 = Direction.allCases[pick(4)]
            default:
                let answer = try negotiation.answer(to: Self.dataFirst(Self.offer(sections)))
                let parsed = try SessionDescription(parsing: answer.sdp)
                for section in answer.refused { wanted[section.trackID] = nil }
                let told = answer.midToTrackID
                #expect(Set(told.values).count == told.count, "a track in two sections, seed \(seed)")
                #expect(Set(told.values).isSubset(of: wanted.keys), "seed \(seed)")
                for section in parsed.sections where section.media.kind != nil {
                    let mid = try #require(section.mid)
                    #expect((section.direction == .sendonly) == (told[mid] != nil), "seed \(seed)")
                    #expect(section.streamIDs.first?.trackID == told[mid], "seed \(seed)")
                    if let earlier = before[mid], let now = told[mid] { #expect(earlier == now, "seed \(seed)") }
                    if let track = told[mid] {
                        #expect(section.ssrcAttributes.first?.ssrc == wanted[track], "seed \(seed)")
                        #expect(sections[try #require(Int(mid))].1 == .recvonly, "seed \(seed)")
                    }
                }
                before = told
            }
        }
        // However it went: with room for everything, everything is placed after two offers.
        for index in sections.indices { sections[index].1 = .recvonly }
        _ = try negotiation.answer(to: Self.dataFirst(Self.offer(sections)))
        let missing = negotiation.missingSections
        sections += Array(repeating: (.audio, .recvonly), count: missing.audio)
        sections += Array(repeating: (.video, .recvonly), count: missing.video)
        let last = try negotiation.answer(to: Self.dataFirst(Self.offer(sections)))
        #expect(Set(last.midToTrackID.values) == Set(wanted.keys), "seed \(seed)")
        #expect(!negotiation.needsOffer && negotiation.missingSections == .none, "seed \(seed)")
    }

    /// Sections are only ever appended, so the data channels' section must not be the last.
    private static func dataFirst(_ offer: SessionDescription) -> SessionDescription {
        var offer = offer
        var data = offer.sections.removeLast()
        data.mid = "data"
        offer.sections.insert(data, at: 0)
        offer.groups = [.init(semantics: "BUNDLE", mids: offer.sections.compactMap(\.mid))]
        return offer
    }
}
