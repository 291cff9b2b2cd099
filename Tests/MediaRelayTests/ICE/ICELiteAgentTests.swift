import ScenarioSupport
import Testing

@testable import MediaRelay

/// A browser's side, message by message.
private struct Peer {
    var local = ICECredentials(usernameFragment: "browser", password: "browserpasswordbrowser")
    var remote = ICECredentials(usernameFragment: "server", password: "serverpasswordserverpa")
    var generator = SeededRandom(seed: 8445)

    mutating func check(
        nominate: Bool = false, password: String? = nil, username: String? = nil,
        configure: (inout STUNWriter) -> Void = { $0.write(controllingTieBreaker: 1) }
    ) throws -> STUNMessage {
        var writer = STUNWriter(.request, transactionID: STUNTransactionID(using: &generator))
        writer.write(username: username ?? "\(remote.usernameFragment):\(local.usernameFragment)")
        writer.write(priority: 0x6e00_01ff)
        if nominate { writer.writeUseCandidate() }
        configure(&writer)
        let bytes = try #require(writer.finish(key: Array((password ?? remote.password).utf8)))
        return try STUNMessage(parsing: bytes)
    }

    static func address(_ port: UInt16, _ kind: SocketAddress.Kind = .udp) throws -> SocketAddress {
        try #require(SocketAddress(host: "192.0.2.7", port: port, kind: kind))
    }
}

extension [ICEAction] {
    fileprivate var answers: [(message: STUNMessage, to: SocketAddress)] {
        get throws {
            try compactMap {
                guard case .send(let bytes, let to) = $0 else { return nil }
                return (try STUNMessage(parsing: bytes), to)
            }
        }
    }

    fileprivate var decisions: [ICEAction] {
        filter {
            if case .send = $0 { return false }
            return true
        }
    }
}

@Suite struct ICELiteAgentTests {
    private var peer = Peer()
    private var agent: ICELiteAgent

    init() { agent = ICELiteAgent(local: Peer().remote, remote: Peer().local) }

    @Test mutating func answersAndSelectsTheFirstValidCheck() throws {
        let from = try Peer.address(1)
        let check = try peer.check()
        let actions = agent.receive(check, from: from, now: .seconds(1))
        #expect(actions.decisions == [.validated(from), .selected(from)])
        let answer = try #require(try actions.answers.first)
        #expect(answer.to == from)
        #expect(answer.message.messageClass == .success)
        #expect(answer.message.transactionID == check.transactionID)
        #expect(answer.message.mappedAddress == from)
        #expect(answer.message.isAuthentic(key: Array(peer.remote.password.utf8)))
        #expect(answer.message.bytes.count <= check.bytes.count)
        let again = try peer.check()
        #expect(agent.receive(again, from: from, now: .seconds(2)).decisions.isEmpty)
    }

    @Test mutating func saysNothingToStrangers() throws {
        let from = try Peer.address(1)
        let wrong = [
            try peer.check(password: "serverpasswordserverpb"), try peer.check(username: "other:browser"),
            try peer.check(username: "server:other"), try peer.check(username: "server"),
        ]
        for check in wrong { #expect(agent.receive(check, from: from, now: .seconds(1)).isEmpty) }
        #expect(agent.counters.unauthenticated == 1)
        #expect(agent.counters.unknownUsername == 3)
        // No integrity at all, with and without something unknown that must be understood.
        for unknown in [false, true] {
            var writer = STUNWriter(.request, transactionID: STUNTransactionID(high: 1, low: 1))
            writer.write(username: "server:browser")
            if unknown { writer.write(type: 0x7f00, value: []) }
            let bare = try STUNMessage(parsing: writer.finishWithoutIntegrity())
            #expect(agent.receive(bare, from: from, now: .seconds(1)).isEmpty)
        }
        // Indications keep a binding open and are not answered; answers to nothing we asked are not believed.
        for kind in [STUNMessageClass.indication, .success, .error] {
            var writer = STUNWriter(kind, transactionID: STUNTransactionID(high: 1, low: 1))
            writer.write(username: "server:browser")
            let message = try STUNMessage(parsing: try #require(writer.finish(key: Array(peer.remote.password.utf8))))
            #expect(agent.receive(message, from: from, now: .seconds(1)).isEmpty)
        }
        #expect(agent.selected == nil)
        #expect(agent.nextDeadline == .never)
    }

    @Test mutating func refusesWhatItMustUnderstandAndDoesNot() throws {
        let check = try peer.check { $0.write(type: 0x7f01, value: [1, 2, 3]) }
        let actions = agent.receive(check, from: try Peer.address(1), now: .seconds(1))
        #expect(actions.decisions.isEmpty)
        let answer = try #require(try actions.answers.first).message
        #expect(answer.messageClass == .error)
        #expect(answer.errorCode == 420)
        #expect(answer.isAuthentic(key: Array(peer.remote.password.utf8)))
        #expect(answer.bytes.suffix(32 + 8).prefix(8) == [UInt8](hex: "000a0002 7f010000")[...])
        // An unknown optional one is skipped: Chromium's network cost.
        let cost = try peer.check { $0.write(type: 0xc057, value: [0, 0, 0, 10]) }
        #expect(agent.receive(cost, from: try Peer.address(1), now: .seconds(1)).decisions.count == 2)
    }

    @Test mutating func staysControlled() throws {
        let check = try peer.check { $0.write(controlledTieBreaker: .max) }
        let actions = agent.receive(check, from: try Peer.address(1), now: .seconds(1))
        #expect(actions.decisions.isEmpty)
        #expect(try actions.answers.first?.message.errorCode == 487)
    }

    @Test mutating func movesOnlyForANomination() throws {
        let (first, second) = (try Peer.address(1), try Peer.address(2))
        _ = agent.receive(try peer.check(), from: first, now: .seconds(1))
        #expect(agent.receive(try peer.check(), from: second, now: .seconds(2)).decisions == [.validated(second)])
        #expect(agent.selected == first)
        let nominated = try peer.check(nominate: true)
        #expect(agent.receive(nominated, from: second, now: .seconds(3)).decisions == [.selected(second)])
        let back = try peer.check(nominate: true)
        #expect(agent.receive(back, from: first, now: .seconds(4)).decisions == [.selected(first)])
    }

    @Test mutating func takesTCPForAnotherAddress() throws {
        let (udp, tcp) = (try Peer.address(1), try Peer.address(1, .tcp))
        #expect(
            agent.receive(try peer.check(), from: tcp, now: .seconds(1)).decisions == [.validated(tcp), .selected(tcp)])
        let actions = agent.receive(try peer.check(), from: udp, now: .seconds(2))
        #expect(actions.decisions == [.validated(udp)])
        #expect(try actions.answers.first?.to == udp)
        // A nomination of UDP always counts, and so does one of TCP by a client that nominates nothing else.
        #expect(
            agent.receive(try peer.check(nominate: true), from: udp, now: .seconds(3)).decisions == [.selected(udp)])
        #expect(
            agent.receive(try peer.check(nominate: true), from: tcp, now: .seconds(5)).decisions == [.selected(tcp)])
        #expect(agent.nextDeadline == .seconds(35))
    }

    /// Aggressive nomination (RFC 5245): the client means the best of all pairs it nominates.
    @Test mutating func prefersUDPWhileBothAreNominated() throws {
        let (udp, tcp) = (try Peer.address(1), try Peer.address(2, .tcp))
        for step in UInt64(0)..<20 {
            let now = MediaTime(microseconds: 1_000_000 + step * 50_000)
            let actions = agent.receive(try peer.check(nominate: true), from: step % 2 == 0 ? udp : tcp, now: now)
            if step > 0 { #expect(!actions.decisions.contains(.selected(tcp))) }
            #expect(agent.selected == udp)
        }
        // The other way round, UDP takes over at once.
        agent = ICELiteAgent(local: Peer().remote, remote: Peer().local)
        _ = agent.receive(try peer.check(nominate: true), from: tcp, now: .seconds(1))
        let better = agent.receive(try peer.check(nominate: true), from: udp, now: .milliseconds(1_020))
        #expect(better.decisions.contains(.selected(udp)))
        // Checks of UDP that nominate nothing do not hold a client back that has changed to TCP.
        _ = agent.receive(try peer.check(), from: udp, now: .milliseconds(2_000))
        let changed = agent.receive(try peer.check(nominate: true), from: tcp, now: .milliseconds(2_050))
        #expect(changed.decisions == [.selected(tcp)])
    }

    @Test mutating func losesConsentAfterThirtySeconds() throws {
        let from = try Peer.address(1)
        _ = agent.receive(try peer.check(), from: from, now: .seconds(10))
        _ = agent.receive(try peer.check(), from: from, now: .seconds(15))
        #expect(agent.nextDeadline == .seconds(45))
        #expect(agent.handleTimeout(now: .milliseconds(44_999)).isEmpty)
        #expect(agent.handleTimeout(now: .seconds(45)) == [.disconnected])
        #expect(agent.selected == nil)
        #expect(agent.handleTimeout(now: .seconds(50)).isEmpty)
        let actions = agent.receive(try peer.check(), from: from, now: .seconds(51))
        #expect(actions.decisions == [.validated(from), .selected(from)])
    }

    @Test mutating func followsAClientWhoseSelectedAddressFellSilent() throws {
        let (first, second) = (try Peer.address(1), try Peer.address(2))
        _ = agent.receive(try peer.check(), from: first, now: .seconds(10))
        _ = agent.receive(try peer.check(), from: second, now: .seconds(30))
        #expect(agent.handleTimeout(now: .seconds(40)) == [.selected(second)])
        #expect(agent.nextDeadline == .seconds(60))
    }

    @Test mutating func keepsTheSelectedAddressAmongTenThousand() throws {
        let selected = try Peer.address(1)
        _ = agent.receive(try peer.check(nominate: true), from: selected, now: .seconds(1))
        for port in UInt16(2)..<10_002 {
            let from = try Peer.address(port)
            #expect(
                agent.receive(try peer.check(), from: from, now: .milliseconds(1_000 + UInt64(port))).decisions == [
                    .validated(from)
                ])
        }
        #expect(agent.selected == selected)
        #expect(agent.receive(try peer.check(), from: selected, now: .seconds(20)).decisions.isEmpty)
        // The first of the others has made room long ago, the last has not.
        #expect(
            !agent.receive(try peer.check(), from: try Peer.address(10_001), now: .seconds(20)).decisions.contains(
                .validated(try Peer.address(10_001))))
        #expect(
            agent.receive(try peer.check(), from: try Peer.address(2), now: .seconds(20)).decisions.contains(
                .validated(try Peer.address(2))))
    }

    @Test mutating func restartsWithoutAGap() throws {
        let from = try Peer.address(1)
        let old = try peer.check()
        _ = agent.receive(old, from: from, now: .seconds(1))
        let new = ICECredentials(usernameFragment: "server2", password: "secondpasswordsecondpa")
        #expect(agent.restart(local: new).isEmpty)
        #expect(agent.localUsernameFragments == ["server2", "server"])
        #expect(try agent.receive(peer.check(), from: from, now: .seconds(2)).answers.count == 1)
        // The new fragment with the old password proves nothing.
        peer.remote.usernameFragment = "server2"
        #expect(agent.receive(try peer.check(), from: from, now: .seconds(3)).isEmpty)
        peer.remote = new
        let actions = agent.receive(try peer.check(), from: from, now: .seconds(4))
        #expect(actions.decisions == [.retired(usernameFragment: "server")])
        #expect(agent.localUsernameFragments == ["server2"])
        #expect(agent.receive(old, from: from, now: .seconds(5)).isEmpty)
        #expect(agent.selected == from)
    }
}
