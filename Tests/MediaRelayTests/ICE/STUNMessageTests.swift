import ScenarioSupport
import Testing

@testable import MediaRelay

/// RFC 5769: the sample packets, with the key of the first three.
private enum RFC5769 {
    static let request = [UInt8](
        hex: """
            000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b1
            51263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf
            """)
    static let responseV4 = [UInt8](
        hex: """
            0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643000800142b91f599
            fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96
            """)
    static let responseV6 = [UInt8](
        hex: """
            010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5
            bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c
            """)
    static let longTerm = [UInt8](
        hex: """
            000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b900000015001c662f2f3439396b39
            353464364f4c33346f4c394653547679363473410014000b6578616d706c652e6f72670000080014f67024656dd64a3e02b8e0712e85c9a2
            8ca89666
            """)
    static let password = Array("VOkJxbRl1RmTxUk/WvJxBt".utf8)
    static let longTermKey = [UInt8](hex: "e8ca7ad59d5eb0518e312911d2dab2a9")
}

@Suite struct STUNMessageTests {
    @Test func readsTheRequestOfRFC5769() throws {
        let message = try STUNMessage(parsing: RFC5769.request)
        #expect(message.messageClass == .request)
        #expect(message.method == STUNMessage.bindingMethod)
        #expect(message.transactionID == STUNTransactionID(high: 0xb7e7_a701, low: 0xbc34_d686_fa87_dfae))
        #expect(message.username == Array("evtj:h6vY".utf8))
        #expect(message.localUsernameFragment == "evtj")
        #expect(message.priority == 0x6e00_01ff)
        #expect(message.isControlled && !message.isControlling && !message.usesCandidate)
        #expect(message.hasFingerprint)
        #expect(message.unknownAttributes.isEmpty)
        #expect(message.isAuthentic(key: RFC5769.password))
        #expect(!message.isAuthentic(key: Array("VOkJxbRl1RmTxUk/WvJxBT".utf8)))
        #expect(!message.isAuthentic(key: []))
    }

    @Test func readsTheResponsesOfRFC5769() throws {
        let v4 = try STUNMessage(parsing: RFC5769.responseV4)
        #expect(v4.messageClass == .success)
        #expect(v4.mappedAddress == SocketAddress(host: "192.0.2.1", port: 32853))
        #expect(v4.isAuthentic(key: RFC5769.password))
        let v6 = try STUNMessage(parsing: RFC5769.responseV6)
        #expect(v6.mappedAddress == SocketAddress(host: "2001:db8:1234:5678:11:2233:4455:6677", port: 32853))
        #expect(v6.isAuthentic(key: RFC5769.password))
    }

    @Test func readsLongTermCredentialsWithoutFingerprint() throws {
        let message = try STUNMessage(parsing: RFC5769.longTerm)
        #expect(message.username == Array("マトリックス".utf8))
        #expect(!message.hasFingerprint)
        #expect(message.isAuthentic(key: RFC5769.longTermKey))
        #expect(message.localUsernameFragment == nil)
    }

    @Test func refusesEveryChangedBit() throws {
        for packet in [RFC5769.request, RFC5769.responseV4, RFC5769.responseV6] {
            // Not those that name the fingerprint: another optional attribute would stand there, after the integrity.
            let fingerprintType = (packet.count - 8) * 8..<(packet.count - 6) * 8
            for bit in 0..<(packet.count * 8) where !fingerprintType.contains(bit) {
                var changed = packet
                changed[bit / 8] ^= 1 << (bit % 8)
                #expect((try? STUNMessage(parsing: changed))?.isAuthentic(key: RFC5769.password) != true, "bit \(bit)")
            }
        }
    }

    @Test func survivesEveryTruncationAndExtension() {
        for packet in [RFC5769.request, RFC5769.responseV6, RFC5769.longTerm] {
            for length in 0..<packet.count {
                #expect((try? STUNMessage(parsing: Array(packet[..<length]))) == nil)
                // The same with a length field that agrees.
                guard length >= 20, length % 4 == 0 else { continue }
                var cut = Array(packet[..<length])
                cut[3] = UInt8(length - 20)
                _ = try? STUNMessage(parsing: cut)
            }
        }
        #expect(throws: STUNError.length) { try STUNMessage(parsing: [UInt8](repeating: 0, count: 65_536)) }
    }

    @Test func ignoresWhatFollowsTheFingerprint() throws {
        var packet = RFC5769.request + [UInt8](hex: "00250000 7fff0004 01020304")
        packet[3] += 12
        let message = try STUNMessage(parsing: packet)
        #expect(!message.usesCandidate)
        #expect(message.unknownAttributes.isEmpty)
        #expect(message.isAuthentic(key: RFC5769.password))
    }

    @Test func ignoresWhatFollowsTheIntegrity() throws {
        var writer = STUNWriter(.request, transactionID: STUNTransactionID(high: 1, low: 2))
        writer.write(username: "a:b")
        var packet = try #require(writer.finish(key: [1]))
        packet.removeLast(8)
        packet += [UInt8](hex: "00250000")
        packet[3] = UInt8(packet.count - 20)
        let message = try STUNMessage(parsing: packet)
        #expect(message.isAuthentic(key: [1]))
        #expect(!message.usesCandidate)
    }

    @Test func writesWhatItReads() throws {
        var generator = SeededRandom(seed: 1)
        for address in ["10.1.2.3", "2001:db8::1"] {
            let id = STUNTransactionID(using: &generator)
            let address = try #require(SocketAddress(host: address, port: 50_123))
            var writer = STUNWriter(.success, transactionID: id)
            writer.write(mappedAddress: address)
            let message = try STUNMessage(parsing: try #require(writer.finish(key: [7, 7])))
            #expect(message.transactionID == id)
            #expect(message.mappedAddress == address)
            #expect(message.isAuthentic(key: [7, 7]))
            #expect(message.hasFingerprint)
        }
    }

    @Test func limitsAttributesAndUsername() throws {
        var many = STUNWriter(.request, transactionID: STUNTransactionID(high: 0, low: 0))
        for _ in 0...Limits.ICE.attributes { many.writeUseCandidate() }
        let bytes = many.finishWithoutIntegrity()
        #expect(throws: STUNError.tooManyAttributes) { try STUNMessage(parsing: bytes) }
        var long = STUNWriter(.request, transactionID: STUNTransactionID(high: 0, low: 0))
        long.write(username: String(repeating: "a", count: Limits.ICE.usernameBytes + 1))
        let longBytes = long.finishWithoutIntegrity()
        #expect(throws: STUNError.attribute) { try STUNMessage(parsing: longBytes) }
    }

    @Test func survivesRandomBytes() {
        var generator = SeededRandom(seed: 5769)
        for round in 0..<20_000 {
            var bytes = round % 2 == 0 ? RFC5769.request : [UInt8].random(round % 200, using: &generator)
            if bytes.count >= 20 {
                bytes.replaceSubrange(4..<8, with: [0x21, 0x12, 0xa4, 0x42])
                bytes[0] &= 0x3f
                bytes[2] = 0
                bytes[3] = UInt8(bytes.count - 20) & 0xfc
            }
            for _ in 0..<4 where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[at] = UInt8.random(in: 0...255, using: &generator)
            }
            guard let message = try? STUNMessage(parsing: bytes) else { continue }
            _ = message.isAuthentic(key: RFC5769.password)
            _ = message.localUsernameFragment
        }
    }

    @Test(arguments: ["evtj", ":", ":b", "a b:c", "a\u{0}:b", "é:b"])
    func namesNoFragmentThatNobodyGave(_ username: String) throws {
        var writer = STUNWriter(.request, transactionID: STUNTransactionID(high: 0, low: 0))
        writer.write(username: username)
        let message = try STUNMessage(parsing: writer.finishWithoutIntegrity())
        #expect(message.localUsernameFragment == nil)
    }
}
