// A whole meeting in virtual time: the meeting's state, a relay core and any number of people, who exchange the messages
// and packets that real ones would, over a network that exists only here. Nothing waits, nothing is random but the seed.
//
//   VirtualPerson ──signals──▶ MeetingState ──commands──▶ RelayCore ◀──datagrams──▶ VirtualPerson's connections

import LiveKitProtocol
import MediaRelay
import ScenarioSupport
import SwiftProtobuf
import Testing

@testable import Signaling

final class VirtualMeeting: CustomStringConvertible {
    let seed: UInt64
    let network: VirtualNetwork
    let server: MeetingServer
    private var random: SeededRandom
    private var joined = 0

    /// - Parameter workers: people join them in turn.
    init(seed: UInt64, configuration: MeetingConfiguration = MeetingConfiguration(), workers: Int = 1) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        network = VirtualNetwork(seed: random.next())
        server = MeetingServer(seed: random.next(), configuration: configuration, now: network.now, workers: workers)
        for worker in server.workers { network.add(worker) }
    }

    /// For the comment of an expectation: enough to run it again.
    var description: String { "seed \(seed)" }

    func join(
        _ name: String, _ version: SignalRequest.Version = .v0, hutong: HutongClaim? = nil
    ) -> VirtualPerson {
        joined += 1
        let person = VirtualPerson(
            name: name, number: joined, version: version, meeting: self, session: SessionID(rawValue: UInt64(joined)),
            random: SeededRandom(seed: random.next()))
        server.admit(person, network.now, hutong: hutong)
        return person
    }

    func nextSession() -> SessionID {
        joined += 1
        return SessionID(rawValue: UInt64(joined))
    }

    func run(for span: MediaSpan) { network.run(for: span) }

    func run(within limit: MediaSpan, until condition: () -> Bool) -> Bool {
        network.run(until: condition, within: limit)
    }
}

/// The server's side: one relay core, and the state that tells it what to do.
final class MeetingServer: CoreHost {
    private(set) var state: MeetingState
    private(set) var people: [SessionID: VirtualPerson] = [:]
    private(set) var notes: [MeetingNote] = []
    private var mailbox: [(inout MeetingState) -> Void] = []
    private var isBusy = false
    private var nextPing: MediaTime
    private var admitted = 0

    /// As often as Join asks clients to.
    private static let pingInterval = MediaSpan.seconds(5)
    private static let unixMilliseconds: Int64 = 1_767_225_600_000

    init(seed: UInt64, configuration: MeetingConfiguration, now: MediaTime, workers: Int = 1) {
        let address = Scenario.address("203.0.113.1", 7_882)
        state = MeetingState(
            name: "virtual", owner: Scenario.owner, configuration: configuration,
            media: MeetingState.MediaSide(
                worker: WorkerIndex(rawValue: 0), fingerprint: Fingerprint(algorithm: "sha-256", bytes: []),
                candidates: [.host(address)], identifiers: IdentifierPool(workers: 1)),
            random: RandomNames(SeededRandom(seed: seed)), now: Self.moment(now))
        nextPing = now + Self.pingInterval
        super.init(address: address, seed: seed, workers: workers)
        state = MeetingState(
            name: "virtual", owner: Scenario.owner, configuration: configuration,
            media: MeetingState.MediaSide(
                worker: WorkerIndex(rawValue: 0), fingerprint: core.fingerprint, candidates: [.host(address)],
                identifiers: identifiers),
            random: RandomNames(SeededRandom(seed: seed)), now: Self.moment(now))
        for number in 1..<max(workers, 1) {
            let address = Scenario.address("203.0.113.1", 7_882 + UInt16(number))
            _ = MeetingWorker(address: address, seed: seed &+ UInt64(number), of: self)
        }
    }

    /// Where the next one's connections are.
    private func nextPlace() -> MediaPlace {
        let worker = workers[admitted % workers.count]
        admitted += 1
        return MediaPlace(worker: worker.index, candidates: [.host(worker.address)])
    }

    func admit(_ person: VirtualPerson, _ now: MediaTime, hutong: HutongClaim? = nil) {
        people[person.session] = person
        var claims = AccessClaims.join(meeting: state.name, identity: person.name, name: person.name)
        claims.hutong = hutong
        let newcomer = Newcomer(
            claims: claims,
            settings: JoinSettings(version: person.version),
            client: .with {
                $0.sdk = .js
                $0.protocol = 16
            },
            offer: person.version == .v1 ? person.nextOffer() : nil)
        let place = nextPlace()
        submit(now) { $0.join(newcomer, session: person.session, place: place) }
    }

    /// What a back end or a host does.
    func administer(_ now: MediaTime, _ body: @escaping (inout MeetingState) -> Void) { submit(now, body) }

    func loseSocket(of person: VirtualPerson, _ now: MediaTime) {
        people[person.session] = nil
        submit(now) { [session = person.session] in $0.socketClosed(session) }
    }

    /// False: it has no place to come back to.
    func readmit(_ person: VirtualPerson, as session: SessionID, _ now: MediaTime) -> Bool {
        guard let id = state.stay(of: person.name, sid: person.ownInfo.sid) else { return false }
        people[person.session] = nil
        people[session] = person
        person.session = session
        submit(now) { $0.resume(id, session: session) }
        return true
    }

    func receive(_ message: LiveKitSignalRequest.OneOf_Message, from session: SessionID, _ now: MediaTime) {
        submit(now) { $0.receive(.with { $0.message = message }, from: session) }
    }

    // MARK: Host

    override var nextDeadline: MediaTime {
        min(super.nextDeadline, nextPing, Self.time(state.nextDeadline))
    }

    override func run(_ now: MediaTime) {
        super.run(now)
        if nextPing <= now {
            nextPing = now + Self.pingInterval
            for person in people.values where person.isAlive {
                receive(.pingReq(LiveKitPing()), from: person.session, now)
            }
        }
        submit(now) { _ in }
    }

    override func handle(_ event: Event, _ now: MediaTime) { submit(now) { $0.receive([event]) } }

    // MARK: Transactions

    /// One at a time and in order, as the Meeting actor does it: what an effect brings about waits for its turn.
    private func submit(_ now: MediaTime, _ body: @escaping (inout MeetingState) -> Void) {
        mailbox.append(body)
        guard !isBusy else { return }
        isBusy = true
        defer { isBusy = false }
        while !mailbox.isEmpty {
            let next = mailbox.removeFirst()
            let effects = state.transaction(at: Self.moment(now)) { state in
                next(&state)
                state.advance()
            }
            for effect in effects { carryOut(effect, now) }
        }
    }

    private func carryOut(_ effect: Effect, _ now: MediaTime) {
        switch effect {
        case .send(let message, let recipients):
            #expect(OutputValidator.fault(in: message) == nil)
            for session in recipients { people[session]?.receive(message, now) }
        case .close(let session, _, let reason): people.removeValue(forKey: session)?.closed = reason
        case .abort(let session): people.removeValue(forKey: session)?.closed = "aborted"
        case .refreshToken: break
        case .relay(let commands): for command in commands { post(command, now) }
        case .note(let note): notes.append(note)
        case .dropped(let drop): Issue.record("a packet was dropped: \(drop)")
        case .forward, .callEnded, .event, .revoke, .ended: break
        }
    }

    private static func moment(_ now: MediaTime) -> Moment {
        Moment(
            uptime: .microseconds(Int64(now.microseconds)),
            unixMilliseconds: unixMilliseconds + Int64(now.microseconds / 1000))
    }

    private static func time(_ uptime: Duration) -> MediaTime {
        MediaTime(microseconds: UInt64(uptime / .microseconds(1)))
    }
}

/// A further packet loop of the server. Its events go where all go.
final class MeetingWorker: CoreHost {
    private unowned let meeting: MeetingServer

    init(address: SocketAddress, seed: UInt64, of meeting: MeetingServer) {
        self.meeting = meeting
        super.init(address: address, seed: seed, beside: meeting)
    }

    override func handle(_ event: Event, _ now: MediaTime) { meeting.handle(event, now) }
}
