// Which formats stand for each other, and the payload map built from it.

import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct PayloadCompatibilityTests {
    private static func h264(_ profile: String?, mode: Int? = 1, _ payloadType: UInt8 = 102) -> PayloadFormat {
        var parameters: [String: String] = ["level-asymmetry-allowed": "1"]
        parameters["profile-level-id"] = profile
        parameters["packetization-mode"] = mode.map(String.init)
        return PayloadFormat(payloadType: payloadType, codec: .h264, clockRate: 90_000, parameters: parameters)
    }

    @Test(arguments: [
        ("42e01f", "42e01f", true), ("42e01f", "42E034", true), ("42e01f", "4d801f", true), ("42c00d", "58f00d", true),
        ("42001f", "42a01f", true), ("42001f", "42e01f", false), ("42001f", "4d001f", false),
        ("4d001f", "4d0028", true),
        ("640032", "64001f", true), ("640032", "640c1f", false), ("640c1f", "640c29", true),
        // Not profiles that anybody sends.
        ("000000", "000000", false), ("42e0", "42e0", false), ("zzzzzz", "zzzzzz", false),
    ]) func h264Profiles(_ a: String, _ b: String, _ compatible: Bool) {
        #expect(Self.h264(a).isCompatible(with: Self.h264(b)) == compatible)
        #expect(Self.h264(b).isCompatible(with: Self.h264(a)) == compatible)
    }

    @Test func packetizationModes() {
        #expect(!Self.h264("42e01f", mode: 0).isCompatible(with: Self.h264("42e01f", mode: 1)))
        #expect(Self.h264("42e01f", mode: 0).isCompatible(with: Self.h264("42e01f", mode: nil)))
        #expect(Self.h264(nil).isCompatible(with: Self.h264("42001f")))
    }

    @Test func otherParameters() {
        func format(_ codec: Codec, _ parameters: [String: String] = [:]) -> PayloadFormat {
            PayloadFormat(
                payloadType: 1, codec: codec, clockRate: codec.kind == .audio ? 48_000 : 90_000,
                channels: codec.kind == .audio ? 2 : nil, parameters: parameters)
        }
        #expect(format(.vp9).isCompatible(with: format(.vp9, ["profile-id": "0"])))
        #expect(!format(.vp9, ["profile-id": "2"]).isCompatible(with: format(.vp9, ["profile-id": "0"])))
        #expect(format(.av1, ["level-idx": "5", "tier": "0"]).isCompatible(with: format(.av1, ["profile": "0"])))
        #expect(!format(.av1, ["profile": "1"]).isCompatible(with: format(.av1)))
        #expect(format(.opus, ["stereo": "1"]).isCompatible(with: format(.opus, ["usedtx": "1"])))
        #expect(format(.vp8, ["max-fs": "12288"]).isCompatible(with: format(.vp8)))
        #expect(!format(.opus).isCompatible(with: format(.red)))
        var mono = format(.opus)
        mono.channels = nil
        #expect(!mono.isCompatible(with: format(.opus)))
    }

    /// Compatibility is symmetric, and transitive: the map may pick any compatible format.
    @Test func isAnEquivalenceOfKnownFormats() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let profiles = ["42e01f", "42E034", "4d801f", "42001f", "42000a", "4d001f", "640032", "640c1f", "000000", nil]
        func make() -> PayloadFormat {
            let codec = Codec.allCases.randomElement(using: &random) ?? .vp8
            var format = PayloadFormat(
                payloadType: UInt8.random(in: 0...127, using: &random), codec: codec,
                clockRate: codec.kind == .audio ? 48_000 : 90_000, channels: codec.kind == .audio ? 2 : nil)
            format.parameters["profile-level-id"] = profiles.randomElement(using: &random) ?? nil
            for name in ["packetization-mode", "profile-id", "profile"] {
                format.parameters[name] = ["0", "1", "2", "x", nil].randomElement(using: &random) ?? nil
            }
            return format
        }
        for _ in 0..<20_000 {
            let (a, b, c) = (make(), make(), make())
            #expect(a.isCompatible(with: b) == b.isCompatible(with: a), "seed \(seed)")
            if a.isCompatible(with: b), b.isCompatible(with: c) { #expect(a.isCompatible(with: c), "seed \(seed)") }
            if a.isCompatible(with: b) { #expect(a.isCompatible(with: a) && a.codec == b.codec, "seed \(seed)") }
            let map = PayloadMap(publication: [a, b], subscriber: [b, c])
            for pair in map.pairs {
                #expect([b, c].contains { $0.payloadType == pair.to }, "seed \(seed)")
                #expect([a, b].contains { $0.payloadType == pair.from }, "seed \(seed)")
            }
            #expect(Set(map.pairs.map(\.from)).count == map.pairs.count, "seed \(seed)")
        }
    }

    private static let opus = SubscriberNegotiationTests.opus
    private static let red = SubscriberNegotiationTests.red

    @Test func mapsPayloadTypes() {
        let publisher = [
            Self.h264("42e01f", mode: 1, 108), Self.h264("42001f", mode: 1, 102),
            PayloadFormat(payloadType: 96, codec: .vp8, clockRate: 90_000, retransmissionPayloadType: 97),
        ]
        let subscriber = [
            PayloadFormat(payloadType: 120, codec: .vp8, clockRate: 90_000, retransmissionPayloadType: 121),
            Self.h264("42e01f", mode: 1, 126), Self.h264("42e034", mode: 1, 127),
        ]
        let map = PayloadMap(publication: publisher, subscriber: subscriber)
        #expect(
            map.pairs == [
                PayloadMapping(from: 108, to: 126, retransmission: nil, unwrapsRED: false),
                PayloadMapping(from: 96, to: 120, retransmission: 121, unwrapsRED: false),
            ])
        #expect(PayloadMap(publication: publisher, subscriber: [Self.opus]).isEmpty)
        #expect(PayloadMap(publication: [], subscriber: subscriber).isEmpty)
    }

    @Test func redStaysWholeOnlyWhereOpusHasTheSameNumber() {
        func pairs(_ subscriber: [PayloadFormat]) -> [PayloadMapping] {
            PayloadMap(publication: [Self.red, Self.opus], subscriber: subscriber).pairs
        }
        var otherRED = Self.red
        otherRED.payloadType = 64
        var otherOpus = Self.opus
        otherOpus.payloadType = 109
        #expect(
            pairs([otherRED, Self.opus]) == [
                PayloadMapping(from: 63, to: 64, retransmission: nil, unwrapsRED: false),
                PayloadMapping(from: 111, to: 111, retransmission: nil, unwrapsRED: false),
            ])
        #expect(pairs([Self.opus]).map(\.unwrapsRED) == [true, false])
        #expect(
            pairs([Self.red, otherOpus]) == [
                PayloadMapping(from: 63, to: 109, retransmission: nil, unwrapsRED: true),
                PayloadMapping(from: 111, to: 109, retransmission: nil, unwrapsRED: false),
            ])
        // A publisher without RED to a subscriber with it: Opus as it is.
        #expect(
            PayloadMap(publication: [Self.opus], subscriber: [Self.red, Self.opus]).pairs == [
                PayloadMapping(from: 111, to: 111, retransmission: nil, unwrapsRED: false)
            ])
    }

    /// From a publisher's offer through our offer to a subscriber's answer.
    @Test func chromiumToChromiumKeepsEveryCodec() throws {
        var publisher = SDPFixture.publisher()
        let published = try publisher.answer(to: SDPFixture.text("browser/chromium156-offer-full")).sections
        for section in published {
            var subscriber = SDPFixture.subscriber()
            let track = SubscriberNegotiationTests.track(section.kind, "TR_1", section.formats)
            _ = try subscriber.add(track)
            let offer = try subscriber.nextOffer()
            let answer = try subscriber.apply(answer: SubscriberNegotiationTests.answer(to: offer.sdp))
            let accepted = try #require(answer.sections.first).formats
            let map = PayloadMap(publication: section.formats, subscriber: accepted)
            #expect(map.pairs.map(\.from) == section.formats.map(\.payloadType))
            #expect(map.pairs.allSatisfy { !$0.unwrapsRED })
            // What the publisher prefers is what the subscriber was offered first.
            #expect(map.pairs.first?.to == accepted.first?.payloadType)
        }
    }
}
