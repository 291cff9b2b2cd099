import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct DTLSEndpointTests {
    @Test func connectsAndAgreesOnKeys() throws {
        var pair = try #require(DTLSPair(seed: 1))
        pair.start()
        #expect(pair.client.takeKeys() == nil)
        pair.run(for: .milliseconds(20))
        #expect(pair.client.state == .connected(.aeadAES128GCM))
        #expect(pair.server.state == .connected(.aeadAES128GCM))
        var client = try #require(pair.client.takeKeys())
        let server = try #require(pair.server.takeKeys())
        #expect(client.local == server.remote && client.remote == server.local)
        #expect(client.local != client.remote)
        #expect(client.local.count == 28)
        #expect(pair.client.takeKeys() == nil)
        client.wipe()
        #expect(client.local.isEmpty && client.remote.isEmpty)
        #expect(pair.client.nextDeadline == .never && pair.server.nextDeadline == .never)
        #expect(pair.sent.allSatisfy { $0.datagram.count <= Limits.DTLS.datagramBytes })
    }

    @Test func carriesMessagesBothWaysAndSaysGoodbye() throws {
        var pair = try #require(DTLSPair(seed: 2))
        pair.start()
        #expect(!pair.client.send([1], now: pair.now))
        pair.run(for: .milliseconds(20))
        let long = [UInt8](repeating: 7, count: 1_100)
        for message in [[1, 2, 3], long] {
            #expect(pair.client.send(message, now: pair.now))
            #expect(pair.server.send(message, now: pair.now))
        }
        #expect(!pair.client.send([UInt8](repeating: 0, count: 1_201), now: pair.now))
        #expect(!pair.client.send([], now: pair.now))
        pair.collect()
        pair.run(for: .milliseconds(20))
        #expect(pair.server.takeApplicationData() == [[1, 2, 3], long])
        #expect(pair.client.takeApplicationData() == [[1, 2, 3], long])
        #expect(pair.client.takeApplicationData().isEmpty)
        pair.client.close(now: pair.now)
        #expect(pair.client.state == .closed)
        pair.collect()
        pair.run(for: .milliseconds(20))
        #expect(pair.server.state == .closed)
        #expect(!pair.server.send([1], now: pair.now))
    }

    /// RFC 6347: the handshake survives loss. The clock is virtual, so this also shows that libssl sees ours.
    @Test(arguments: UInt64(0)..<40) func connectsThroughLossReorderingAndDuplication(_ seed: UInt64) throws {
        var pair = try #require(DTLSPair(seed: seed))
        pair.lossPercent = 30
        pair.duplicationPercent = 20
        pair.jitter = .milliseconds(60)
        pair.start()
        pair.run(for: .seconds(20))
        #expect(pair.isConnected, "seed \(seed): \(pair.client.state) \(pair.server.state)")
    }

    @Test func repeatsItsFlightOnTime() throws {
        var pair = try #require(DTLSPair(seed: 3))
        pair.lossPercent = 100
        let begin = pair.now
        pair.start()
        #expect(pair.sent.count == 1)
        var times: [UInt64] = []
        while pair.client.state == .handshaking, times.count < 30 {
            let deadline = pair.client.nextDeadline
            times.append(deadline.since(begin).microseconds / 1_000)
            pair.run(until: deadline)
        }
        #expect(times.prefix(5) == [400, 1_200, 2_800, 6_000, 9_200])
        #expect(pair.sent.count == times.count)
        #expect(pair.client.state == .failed(.dtlsTimeout))
        #expect(pair.client.nextDeadline == .never)
    }

    /// Every handshake message cut into pieces of a few bytes and every message sent backwards.
    @Test(arguments: [1, 40, 300]) func reassemblesFragmentsInAnyOrder(_ size: Int) throws {
        var pair = try #require(DTLSPair(seed: 4))
        var records: (toServer: UInt64, toClient: UInt64) = (0, 0)
        pair.rewrite = { toServer, datagram in
            toServer
                ? DTLSRecords.fragmented(datagram, size: size, reversed: true, recordSequence: &records.toServer)
                : DTLSRecords.fragmented(datagram, size: size, reversed: true, recordSequence: &records.toClient)
        }
        pair.start()
        pair.run(for: .seconds(20))
        #expect(pair.isConnected)
    }

    /// Two datagrams, either order, repeated, damaged pieces between them: the server answers once it has both.
    @Test(arguments: [
        [ChromiumHello.first, ChromiumHello.second], [ChromiumHello.second, ChromiumHello.first],
        [ChromiumHello.second, ChromiumHello.second, [22, 254, 255], ChromiumHello.first],
    ])
    func answersThePostQuantumHelloOfChromium(_ datagrams: [[UInt8]]) throws {
        let certificate = try DTLSCertificate()
        let server = try #require(DTLSEndpoint(role: .server, certificate: certificate, peerFingerprints: []))
        for datagram in datagrams.dropLast() {
            server.receive(datagram, now: .seconds(1))
            #expect(server.takeOutgoing().isEmpty)
        }
        server.receive(try #require(datagrams.last), now: .seconds(2))
        let flight = server.takeOutgoing()
        #expect(server.state == .handshaking)
        // ServerHello: DTLS 1.2, and behind its random and empty session ECDHE-ECDSA-AES128-GCM.
        let hello = try #require(flight.first)
        #expect(hello[13] == 2)
        #expect(hello[25...26] == [0xfe, 0xfd])
        #expect(hello[(27 + 33)...(28 + 33)] == [0xc0, 0x2b])
        // use_srtp with our first choice (RFC 5764, 4.1.1; RFC 7714, 14.2).
        #expect(hello.firstRange(of: [0, 14, 0, 5, 0, 2, 0, 7, 0] as [UInt8]) != nil)
        #expect(server.nextDeadline == .milliseconds(2_400))
    }

    @Test func forgetsPartialHellos() throws {
        var pair = try #require(DTLSPair(seed: 6))
        var records: UInt64 = 0
        pair.rewrite = { toServer, datagram in
            toServer ? DTLSRecords.fragmented(datagram, size: 100, recordSequence: &records).dropLast() : [datagram]
        }
        pair.start()
        pair.run(for: .milliseconds(100))
        #expect(pair.server.nextDeadline == .milliseconds(105_001))
        pair.run(for: .milliseconds(5_000))
        #expect(pair.server.state == .handshaking)
        #expect(!pair.sent.contains { !$0.toServer })
        pair.rewrite = { [$1] }
        pair.run(for: .seconds(10))
        #expect(pair.isConnected)
    }

    @Test func refusesTheWrongFingerprint() throws {
        let wrong = Fingerprint(algorithm: "sha-256", bytes: [UInt8](repeating: 1, count: 32))
        var pair = try #require(DTLSPair(seed: 7, serverTrusts: [wrong]))
        pair.start()
        pair.run(for: .milliseconds(50))
        #expect(pair.server.state == .failed(.fingerprintMismatch))
        #expect(pair.server.takeKeys() == nil)
        #expect(pair.client.state == .closed)

        var other = try #require(DTLSPair(seed: 8, clientTrusts: [wrong]))
        other.start()
        other.run(for: .milliseconds(50))
        #expect(other.client.state == .failed(.fingerprintMismatch))
        #expect(other.client.takeKeys() == nil)
    }

    @Test func looksOnlyAtStrongFingerprints() throws {
        let right = try #require(DTLSPair.certificates.client).fingerprint
        let wrong = Fingerprint(algorithm: "sha-256", bytes: Array(right.bytes.reversed()))
        let short = Fingerprint(algorithm: "sha-256", bytes: Array(right.bytes.prefix(20)))
        let weak = Fingerprint(algorithm: "sha-1", bytes: right.bytes)
        let empty = Fingerprint(algorithm: "sha-512", bytes: [])
        for (trusted, connects) in [
            ([], false), ([weak], false), ([wrong, short, empty], false), ([weak, wrong, right], true),
        ] {
            var pair = try #require(DTLSPair(seed: 9, serverTrusts: trusted))
            pair.start()
            pair.run(for: .milliseconds(50))
            #expect(pair.server.isConnected == connects, "\(trusted.map(\.algorithm))")
        }
    }

    /// S-02: nothing that is not authenticated touches an association that is up.
    @Test func survivesUnauthenticatedRecords() throws {
        var pair = try #require(DTLSPair(seed: 10))
        pair.start()
        pair.run(for: .milliseconds(50))
        #expect(pair.isConnected)
        let hello = try #require(pair.sent.first).datagram
        var generator = SeededRandom(seed: 11)
        var hostile = pair.sent.map(\.datagram)
        hostile += [hello, hello]
        for description in [UInt8(0), 40, 10, 50, 100] {
            for (level, epoch) in [(UInt8(1), UInt16(0)), (2, 0), (2, 1), (2, 2)] {
                hostile.append(DTLSRecords.record(type: 21, epoch: epoch, sequence: 99, [level, description]))
            }
        }
        for epoch in UInt16(0)...2 {
            hostile.append(DTLSRecords.record(type: 20, epoch: epoch, sequence: 100, [1]))
            hostile.append(DTLSRecords.record(type: 22, epoch: epoch, sequence: 101, .random(60, using: &generator)))
            hostile.append(DTLSRecords.record(type: 23, epoch: epoch, sequence: 102, .random(60, using: &generator)))
            hostile.append(DTLSRecords.record(type: 63, epoch: epoch, sequence: 103, []))
        }
        // Too short to be encrypted at all, just long enough, and longer.
        for length in 0..<40 {
            for type in UInt8(21)...23 {
                let content = [UInt8].random(length, using: &generator)
                hostile.append(DTLSRecords.record(type: type, epoch: 1, sequence: UInt64(200 + length), content))
            }
        }
        for length in 0..<300 { hostile.append([22] + .random(length, using: &generator)) }
        for datagram in hostile {
            pair.server.receive(datagram, now: pair.now)
            pair.client.receive(datagram, now: pair.now)
            #expect(pair.isConnected)
        }
        #expect(pair.server.takeApplicationData().isEmpty)
        // A repeated Finished of the client may be answered; nothing else is.
        #expect(pair.server.takeOutgoing().count <= 1)
        #expect(pair.client.send([5], now: pair.now))
        pair.collect()
        pair.run(for: .milliseconds(20))
        #expect(pair.server.takeApplicationData() == [[5]])
    }

    @Test func survivesGarbageDuringTheHandshake() throws {
        for seed in UInt64(0)..<50 {
            var generator = SeededRandom(seed: seed)
            var pair = try #require(DTLSPair(seed: seed))
            // Well framed records of kinds that do not belong there, and broken framing.
            pair.rewrite = { _, datagram in
                [
                    [22] + .random(Int.random(in: 0..<100, using: &generator), using: &generator),
                    DTLSRecords.record(type: 23, epoch: 0, sequence: 7, .random(30, using: &generator)),
                    DTLSRecords.record(type: 24, epoch: 0, sequence: 8, .random(30, using: &generator)),
                    DTLSRecords.record(type: 22, epoch: 3, sequence: 9, .random(30, using: &generator)),
                    [], datagram,
                ]
            }
            pair.start()
            pair.run(for: .seconds(20))
            #expect(pair.isConnected, "seed \(seed)")
            #expect(pair.server.droppedRecords > 0)
        }
    }

    @Test func neverTrapsOnDamagedFlights() throws {
        for seed in UInt64(0)..<200 {
            var generator = SeededRandom(seed: seed)
            var pair = try #require(DTLSPair(seed: seed))
            pair.rewrite = { _, datagram in
                guard Int.random(in: 0..<3, using: &generator) == 0, !datagram.isEmpty else { return [datagram] }
                var damaged = datagram
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] ^=
                    1 << UInt8.random(in: 0..<8, using: &generator)
                return [Array(damaged.prefix(Int.random(in: 0...damaged.count * 2, using: &generator)))]
            }
            pair.start()
            pair.run(for: .seconds(40))
            // Whatever became of it, keys exist only on a connected end.
            #expect((pair.server.takeKeys() != nil) == pair.server.isConnected, "seed \(seed)")
        }
    }

    @Test func holdsHandshakesToABudget() throws {
        // 100 partial hellos of 16 KiB each, all with other message numbers.
        var filter = DTLSRecordFilter()
        var admitted = 0
        for sequence in UInt16(0)..<100 {
            let record = DTLSRecords.handshakeFragment(
                sequence: sequence, length: 8_000, offset: 0, [UInt8](repeating: 0, count: 10))
            if !filter.admit(record, isConnected: false).isEmpty { admitted += 1 }
        }
        #expect(admitted == 2)
        #expect(filter.dropped == 98)
        // The same fragment again costs nothing more.
        let again = DTLSRecords.handshakeFragment(sequence: 0, length: 8_000, offset: 10, [1, 2, 3])
        #expect(!filter.admit(again, isConnected: false).isEmpty)
        let beyond = DTLSRecords.handshakeFragment(sequence: 0, length: 10, offset: 9, [1, 2, 3])
        #expect(filter.admit(beyond, isConnected: false).isEmpty)
        let early = DTLSRecords.record(type: 22, epoch: 1, sequence: 0, [UInt8](repeating: 0, count: 40))
        let passed = (0..<100).filter { _ in !filter.admit(early, isConnected: false).isEmpty }.count
        #expect(passed == Limits.DTLS.earlyRecords)
        #expect(filter.admit([UInt8](repeating: 22, count: 4_000), isConnected: false).isEmpty)
    }
}
