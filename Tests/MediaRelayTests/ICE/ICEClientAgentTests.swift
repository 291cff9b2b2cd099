import ScenarioSupport
import Testing

@testable import MediaRelay

/// A controlling client and a lite server with a network between them that can lose, move and go dark.
private struct Connection {
    let server = SocketAddress(host: "198.51.100.1", port: 7882)!
    let deadServer = SocketAddress(host: "203.0.113.9", port: 7882)!
    var clientAddress = SocketAddress(host: "192.0.2.7", port: 40_000)!
    var client: ICEClientAgent
    var lite: ICELiteAgent
    var generator: SeededRandom
    var now = MediaTime.seconds(1_000)
    var lossPercent = 0
    var isDark = false
    var clientEvents: [ICEAction] = []
    var serverEvents: [ICEAction] = []
    var checks = 0

    init(seed: UInt64, deadFirst: Bool = false) {
        let clientCredentials = ICECredentials(usernameFragment: "clnt", password: "clientpasswordclientpa")
        let serverCredentials = ICECredentials(usernameFragment: "srvr", password: "serverpasswordserverpa")
        client = ICEClientAgent(
            local: clientCredentials, remote: serverCredentials,
            candidates: deadFirst ? [deadServer, server] : [server, deadServer], tieBreaker: 1)
        lite = ICELiteAgent(local: serverCredentials, remote: clientCredentials)
        generator = SeededRandom(seed: seed)
    }

    private mutating func isLost() -> Bool { isDark || Int.random(in: 0..<100, using: &generator) < lossPercent }

    /// Runs until `end`, 1 ms of travel each way being ignored.
    mutating func run(until end: MediaTime) throws {
        while true {
            let next = min(client.nextDeadline, lite.nextDeadline)
            guard next < end else { break }
            now = max(now, next)
            serverEvents += lite.handleTimeout(now: now)
            try deliver(client.handleTimeout(now: now, using: &generator))
        }
        now = end
    }

    private mutating func deliver(_ actions: [ICEAction]) throws {
        for action in actions {
            guard case .send(let bytes, let to) = action else {
                clientEvents.append(action)
                continue
            }
            checks += 1
            guard to == server, !isLost() else { continue }
            for answer in lite.receive(try STUNMessage(parsing: bytes), from: clientAddress, now: now) {
                guard case .send(let bytes, _) = answer else {
                    serverEvents.append(answer)
                    continue
                }
                if isLost() { continue }
                let message = try STUNMessage(parsing: bytes)
                #expect(client.isAwaiting(message.transactionID))
                try deliver(client.receive(message, from: server, now: now, using: &generator))
            }
        }
    }
}

@Suite struct ICEClientAgentTests {
    @Test func connectsInOneRoundTrip() throws {
        var connection = Connection(seed: 1)
        try connection.run(until: .milliseconds(1_000_001))
        #expect(connection.client.selected == connection.server)
        #expect(connection.clientEvents == [.validated(connection.server), .selected(connection.server)])
        #expect(connection.client.mappedAddress == connection.clientAddress)
        #expect(connection.lite.selected == connection.clientAddress)
    }

    @Test func nominatesTheCandidateThatAnswers() throws {
        var connection = Connection(seed: 2, deadFirst: true)
        try connection.run(until: .milliseconds(1_000_200))
        #expect(connection.client.selected == connection.server)
    }

    @Test(arguments: UInt64(0)..<20) func connectsThroughLossAndStays(_ seed: UInt64) throws {
        var connection = Connection(seed: seed)
        connection.lossPercent = 30
        try connection.run(until: .seconds(1_010))
        #expect(connection.client.selected == connection.server, "seed \(seed)")
        try connection.run(until: .seconds(1_300))
        #expect(!connection.clientEvents.contains(.disconnected), "seed \(seed)")
        #expect(!connection.serverEvents.contains(.disconnected), "seed \(seed)")
    }

    @Test func asksForConsentAtRandomIntervals() throws {
        var connection = Connection(seed: 3)
        try connection.run(until: .seconds(1_001))
        let before = connection.checks
        try connection.run(until: .seconds(1_301))
        // The dead candidate is asked every 4 s beside it.
        #expect((60 + 70...120 + 80).contains(connection.checks - before))
    }

    @Test func losesConsentAndComesBack() throws {
        var connection = Connection(seed: 4)
        try connection.run(until: .seconds(1_010))
        connection.isDark = true
        try connection.run(until: .seconds(1_045))
        #expect(connection.clientEvents.last == .disconnected)
        #expect(connection.serverEvents.last == .disconnected)
        connection.isDark = false
        try connection.run(until: .seconds(1_050))
        #expect(connection.client.selected == connection.server)
        #expect(connection.lite.selected == connection.clientAddress)
    }

    @Test func movesWithItsAddress() throws {
        var connection = Connection(seed: 5)
        try connection.run(until: .seconds(1_010))
        connection.clientAddress = SocketAddress(host: "192.0.2.99", port: 1)!
        try connection.run(until: .seconds(1_016))
        #expect(connection.lite.selected == connection.clientAddress)
        connection.clientAddress = SocketAddress(host: "2001:db8::5", port: 2)!
        connection.client.networkChanged(now: connection.now)
        try connection.run(until: .milliseconds(1_016_001))
        #expect(connection.lite.selected == connection.clientAddress)
        #expect(connection.client.mappedAddress == connection.clientAddress)
    }

    @Test func believesOnlyAnswersToItsOwnChecks() throws {
        var connection = Connection(seed: 6)
        var generator = SeededRandom(seed: 7)
        guard case .send(let bytes, _) = connection.client.handleTimeout(now: .seconds(1), using: &generator).first
        else {
            Issue.record("no check")
            return
        }
        let check = try STUNMessage(parsing: bytes)
        #expect(check.isControlling && check.usesCandidate)
        func answer(_ id: STUNTransactionID, _ password: String) throws -> STUNMessage {
            var writer = STUNWriter(.success, transactionID: id)
            writer.write(mappedAddress: connection.clientAddress)
            return try STUNMessage(parsing: try #require(writer.finish(key: Array(password.utf8))))
        }
        let forged = [
            (try answer(check.transactionID, "wrong"), connection.server),
            (try answer(STUNTransactionID(high: 0, low: 0), "serverpasswordserverpa"), connection.server),
            (try answer(check.transactionID, "serverpasswordserverpa"), connection.deadServer),
        ]
        for (message, from) in forged {
            #expect(connection.client.receive(message, from: from, now: .seconds(1), using: &generator).isEmpty)
        }
        let real = try answer(check.transactionID, "serverpasswordserverpa")
        #expect(
            connection.client.receive(real, from: connection.server, now: .seconds(1), using: &generator).count == 2)
    }
}
