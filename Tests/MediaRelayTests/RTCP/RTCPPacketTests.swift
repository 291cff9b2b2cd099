import ScenarioSupport
import Testing

@testable import MediaRelay

/// One of each kind, with fields at the ends of their ranges.
private let samples: [RTCPPacket] = {
    let block = ReportBlock(
        ssrc: 0x1234_5678, fractionLost: 255, cumulativeLost: -1, extendedHighestSequence: .max, jitter: 7,
        lastSenderReport: 0x8000_0001, delaySinceLastSenderReport: 65_536)
    let loss = ReportBlock(
        ssrc: 9, fractionLost: 0, cumulativeLost: 0x7f_ffff, extendedHighestSequence: 1, jitter: 0, lastSenderReport: 0,
        delaySinceLastSenderReport: 0)
    return [
        .senderReport(
            SenderReport(
                ssrc: 1, ntp: NTPTime(rawValue: 0x0123_4567_89ab_cdef), rtpTimestamp: 2, packetCount: 3, octetCount: 4,
                reports: [block])),
        .receiverReport(ReceiverReport(ssrc: .max, reports: [block, loss])),
        .receiverReport(ReceiverReport(ssrc: 5)),
        .sourceDescription(
            SourceDescription(chunks: [.init(ssrc: 1, canonicalName: "a"), .init(ssrc: 2, canonicalName: "PA_x9é")])),
        .goodbye(Goodbye(sources: [1, 2], reason: "left")),
        .goodbye(Goodbye(sources: [3])),
        .nack(GenericNACK(senderSSRC: 1, mediaSSRC: 2, sequences: [65_534, 65_535, 0, 14, 15, 100])),
        .pictureLossIndication(PictureLossIndication(senderSSRC: 1, mediaSSRC: 2)),
        .fullIntraRequest(FullIntraRequest(senderSSRC: 1, entries: [.init(ssrc: 2, sequence: 255)])),
        .remb(ReceiverEstimatedMaximumBitrate(senderSSRC: 1, bitrate: 2_500_000, ssrcs: [7, 8])),
        .transportFeedback(
            TransportFeedback(
                senderSSRC: 1, mediaSSRC: 2, baseSequence: 65_530, referenceTime: -1, feedbackCount: 255,
                packets: [.received(delta: 0), .notReceived, .received(delta: 256), .received(delta: -1)])),
    ]
}()

@Suite struct RTCPPacketTests {
    @Test func readsWhatItWrites() throws {
        for packet in samples {
            let compound = RTCPCompound(parsing: packet.encoded)
            #expect(!compound.malformed)
            #expect(compound.packets == [packet])
            #expect(packet.encoded.count % 4 == 0)
        }
        let all = try #require(RTCPPacket.encode(samples).first)
        #expect(RTCPCompound(parsing: all) == RTCPCompound(parsing: samples.flatMap(\.encoded)))
        #expect(RTCPCompound(parsing: all).packets == samples)
    }

    /// Bytes written down by hand from the RFCs' drawings.
    @Test func writesTheFormatsOfTheStandards() {
        #expect(
            RTCPPacket.pictureLossIndication(.init(senderSSRC: 1, mediaSSRC: 2)).encoded
                == [UInt8](hex: "81ce0002 00000001 00000002"))
        #expect(
            RTCPPacket.fullIntraRequest(.init(senderSSRC: 1, entries: [.init(ssrc: 2, sequence: 3)])).encoded
                == [UInt8](hex: "84ce0004 00000001 00000000 00000002 03000000"))
        #expect(
            RTCPPacket.nack(.init(senderSSRC: 1, mediaSSRC: 2, sequences: [10, 11, 26, 27])).encoded
                == [UInt8](hex: "81cd0004 00000001 00000002 000a8001 001b0000"))
        #expect(
            RTCPPacket.remb(.init(senderSSRC: 1, bitrate: 1_000_000, ssrcs: [0x2a])).encoded
                == [UInt8](hex: "8fce0005 00000001 00000000 52454d42 010bd090 0000002a"))
        #expect(
            RTCPPacket.goodbye(.init(sources: [5], reason: "bye")).encoded == [UInt8](hex: "81cb0002 00000005 03627965")
        )
        #expect(
            RTCPPacket.sourceDescription(.init(chunks: [.init(ssrc: 1, canonicalName: "ab")])).encoded
                == [UInt8](hex: "81ca0003 00000001 01026162 00000000"))
    }

    @Test func keepsTheBlocksBeforeAMalformedOne() {
        let good = samples[7].encoded
        let bad: [[UInt8]] = [
            [UInt8](hex: "80c9ffff 00000001"),  // length past the end
            [UInt8](hex: "81c90001 00000001"),  // a report block that is not there
            [UInt8](hex: "9fcb0001 00000001"),  // BYE of 31 sources with one
            [UInt8](hex: "81cb0002 00000001 ff616263"),  // reason past the end
            [UInt8](hex: "81ca0002 00000001 01046162"),  // SDES item past the end
            [UInt8](hex: "81ca0002 00000001 01026162"),  // SDES without terminator
            [UInt8](hex: "81cd0002 00000001 00000002"),  // NACK of nothing
            [UInt8](hex: "81ce0001 00000001"),  // PLI without media source
            [UInt8](hex: "00c90001 00000001"),  // version 0
            [UInt8](hex: "a0c90001 000000ff"),  // more padding than content
            [UInt8](hex: "a0c90001 00000000"),  // padding of nothing
            [UInt8](hex: "a0c90000"),  // padding of an empty block
            [UInt8](hex: "8fcd0004 00000001 00000002 00000001 00000000"),  // feedback without chunk
            [UInt8](hex: "8fcd0005 00000001 00000002 0000ffff 00000000 3fff0000"),  // over the limit of packets
            [UInt8](hex: "8fcd0005 00000001 00000002 00000001 00000000 60010000"),  // reserved symbol
            [UInt8](hex: "8fcd0005 00000001 00000002 00000001 00000000 00000000"),  // run of nothing
            [1, 2, 3],
        ]
        for bytes in bad {
            let compound = RTCPCompound(parsing: good + bytes + good)
            #expect(compound.malformed, "\(bytes)")
            #expect(compound.packets == [samples[7]], "\(bytes)")
        }
        #expect(RTCPCompound(parsing: []).malformed)
    }

    @Test func skipsWhatItDoesNotKnow() {
        let unknown = [UInt8](hex: "80cf0002 00000001 04000000 85cc0001 00000001 8fce0003 00000001 00000000 61626364")
        let compound = RTCPCompound(parsing: unknown + samples[7].encoded)
        #expect(!compound.malformed)
        #expect(
            compound.packets == [
                .unknown(packetType: 207, count: 0), .unknown(packetType: 204, count: 5),
                .unknown(packetType: 206, count: 15), samples[7],
            ])
    }

    @Test func takesPaddingOff() {
        let padded = [UInt8](hex: "a0c90002 00000005 00000004")
        #expect(RTCPCompound(parsing: padded).packets == [.receiverReport(.init(ssrc: 5))])
    }

    @Test func packsCompoundsUpToTheLimit() {
        let reports = (0..<40).map {
            RTCPPacket.receiverReport(
                .init(
                    ssrc: UInt32($0),
                    reports: Array(
                        repeating: .init(
                            ssrc: 1, fractionLost: 0, cumulativeLost: 0, extendedHighestSequence: 0, jitter: 0,
                            lastSenderReport: 0, delaySinceLastSenderReport: 0), count: 5)))
        }
        let compounds = RTCPPacket.encode(reports)
        #expect(compounds.allSatisfy { $0.count <= 1_200 })
        #expect(compounds.flatMap { RTCPCompound(parsing: $0).packets } == reports)
        #expect(compounds.count == 5)
        #expect(RTCPPacket.encode(reports, maximumBytes: 100).isEmpty)
        #expect(RTCPPacket.encode([.unknown(packetType: 1, count: 1)]).isEmpty)
    }

    @Test func limitsNACKs() throws {
        var request = [UInt8](hex: "81cd015f 00000001 00000002")
        for index in 0..<349 { request += [UInt8(index >> 8), UInt8(index & 255), 0xff, 0xff] }
        guard case .nack(let nack) = RTCPCompound(parsing: request).packets.first else {
            Issue.record("not a NACK")
            return
        }
        #expect(nack.sequences.count == Limits.sequencesPerNack)
        let scattered = GenericNACK(senderSSRC: 1, mediaSSRC: 2, sequences: (0..<1_000).map { UInt16($0) &* 60 })
        #expect(scattered.encoded.count <= Limits.RTCP.compoundBytes)
    }

    @Test func rembKeepsItsRange() throws {
        for (bitrate, expected) in [
            (UInt64(0), UInt64(0)), (262_143, 262_143), (262_145, 262_144), (.max, 0xffff_c000_0000_0000),
        ] {
            let bytes = ReceiverEstimatedMaximumBitrate(senderSSRC: 1, bitrate: bitrate, ssrcs: []).encoded
            guard case .remb(let remb) = RTCPCompound(parsing: bytes).packets.first else {
                Issue.record("not a REMB")
                return
            }
            #expect(remb.bitrate == expected)
        }
        // 2^81: mantissa and exponent all ones.
        let lie = RTCPCompound(parsing: [UInt8](hex: "8fce0004 00000001 00000000 52454d42 00ffffff"))
        #expect(lie.packets == [.remb(.init(senderSSRC: 1, bitrate: .max, ssrcs: []))])
    }

    @Test func survivesEveryTruncationAndDamage() {
        var generator = SeededRandom(seed: 3550)
        let whole = samples.flatMap(\.encoded)
        for length in 0...whole.count { _ = RTCPCompound(parsing: Array(whole.prefix(length))) }
        for _ in 0..<20_000 {
            var bytes = samples.randomElement(using: &generator)?.encoded ?? []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            for packet in RTCPCompound(parsing: bytes).packets { _ = packet.encoded }
        }
        for _ in 0..<20_000 {
            var bytes = [UInt8].random(Int.random(in: 0..<120, using: &generator), using: &generator)
            if bytes.count >= 4 {
                bytes[0] = 0x80 | bytes[0] & 0x3f
                bytes[1] = UInt8.random(in: 200...207, using: &generator)
                bytes[2] = 0
                bytes[3] = UInt8(bytes.count / 4 - 1)
            }
            for packet in RTCPCompound(parsing: bytes).packets { _ = packet.encoded }
        }
    }
}

@Suite struct NTPTimeTests {
    @Test func convertsToTheMicrosecond() {
        #expect(NTPTime(unixMicroseconds: 0).rawValue == 2_208_988_800 << 32)
        #expect(NTPTime(unixMicroseconds: 500_000).rawValue & 0xffff_ffff == 1 << 31)
        var generator = SeededRandom(seed: 1900)
        for _ in 0..<1_000 {
            let time = UInt64.random(in: 0..<4_200_000_000_000_000, using: &generator)
            #expect(NTPTime(unixMicroseconds: time).unixMicroseconds == time)
        }
    }

    /// The example of RFC 3550, 6.4.1, figure 2.
    @Test func measuresTheRoundTripOfTheStandard() {
        let now = NTPTime(rawValue: 0xb710_8000 << 16)
        let trip = NTPTime.roundTrip(now: now, lastSenderReport: 0xb705_2000, delay: 0x0005_4000)
        #expect(trip == .microseconds(6_125_000))
        #expect(NTPTime.roundTrip(now: now, lastSenderReport: 0, delay: 0) == nil)
        #expect(NTPTime.roundTrip(now: now, lastSenderReport: 0xb711_0000, delay: 0) == nil)
        #expect(NTPTime.delay(.milliseconds(5_250)) == 0x0005_4000)
        #expect(NTPTime.delay(.seconds(1_000_000)) == .max)
    }
}
