// libFuzzer target: any sequence of frames, in both forms, from two clients into one meeting, with time, relay events and
// hosts' controls between them, and of join requests (v1). Nothing may trap; nothing that would break a client may come
// out; and when both have left, nothing may be left. The input is records: a byte for what it is, two for the length, the
// bytes.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

@testable import Signaling

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSignal(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var rest = Array(UnsafeBufferPointer(start: bytes, count: count))[...]
    var house = House()
    // Enough for every path; more only makes inputs slow.
    var records = 0
    while rest.count >= 3, records < 64 {
        records += 1
        let kind = rest[rest.startIndex]
        let length = Int(rest[rest.startIndex + 1]) << 8 | Int(rest[rest.startIndex + 2])
        rest = rest.dropFirst(3)
        let payload = [UInt8](rest.prefix(length))
        rest = rest.dropFirst(length)
        house.take(kind, payload)
    }
    house.close()
    return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// SwiftPM makes this the program's `main`, in place of libFuzzer's own.
@_cdecl("fuzz_signal_main")
public func start(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    var count = count
    var arguments = arguments
    return withUnsafeMutablePointer(to: &arguments) { runDriver(&count, $0, fuzzSignal) }
}

private struct House {
    var state: MeetingState
    var now = Moment(uptime: .seconds(1), unixMilliseconds: 1)
    var transports: Set<TransportID> = []
    var publications: Set<PublicationID> = []
    var subscriptions: Set<SubscriptionID> = []
    var lastOffer: [SessionID: LiveKitSessionDescription] = [:]
    var sessions: UInt64 = 0
    var dataUnanswered = 0

    init() {
        var configuration = MeetingConfiguration()
        configuration.simulatesScenarios = true
        let media = MeetingState.MediaSide(
            worker: WorkerIndex(rawValue: 0),
            fingerprint: Fingerprint(algorithm: "sha-256", bytes: [UInt8](repeating: 1, count: 32)), candidates: [],
            identifiers: IdentifierPool(workers: 1))
        state = MeetingState(
            name: "m", owner: OwnerTag(rawValue: 1), configuration: configuration, media: media,
            random: RandomNames(Counter()), now: now)
        join(0)
        join(1)
        connect()
    }

    mutating func take(_ kind: UInt8, _ payload: [UInt8]) {
        let session = SessionID(rawValue: UInt64(kind & 1) &+ (sessions > 2 && kind & 2 != 0 ? sessions &- 1 : 1))
        switch kind >> 2 & 7 {
        case 0: receive(.binary(payload), session)
        case 1: data(payload, session)
        case 2: receive(.text(String(decoding: payload, as: UTF8.self)), session)
        case 3: offer(String(decoding: payload, as: UTF8.self), session)
        case 4: answer(payload, session)
        case 5: advance(.milliseconds(payload.prefix(2).reduce(0) { $0 << 8 | Int($1) }))
        case 6: event(payload)
        default:
            if payload.isEmpty { join(kind & 1, hasRole: kind & 2 != 0) } else { join(kind & 1, payload) }
            connect()
        }
    }

    /// v1: the payload is the parameter of a join request, or the message inside.
    mutating func join(_ who: UInt8, _ payload: [UInt8]) {
        let decoded = try? JoinRequestParameter.decode(String(decoding: payload, as: UTF8.self))
        guard let request = decoded ?? (try? LiveKitJoinRequest(serializedBytes: payload)),
            let newcomer = try? JoinQuery(request).newcomer(claims(who))
        else { return }
        sessions &+= 1
        let session = SessionID(rawValue: sessions)
        run { $0.join(newcomer, session: session) }
    }

    mutating func receive(_ frame: SignalFrame, _ session: SessionID) {
        guard let request = try? SignalCoding.decode(frame) else { return }
        run { $0.receive(request, from: session) }
    }

    /// A byte for the channel, then the packet.
    mutating func data(_ payload: [UInt8], _ session: SessionID) {
        guard let first = payload.first, let id = state.sessions[session],
            let transport = state.participants[id]?.primaryTransport
        else { return }
        let channel = ["_reliable", "_lossy", "_data_track"][Int(first) % 3]
        dataUnanswered += 1
        run { $0.receive([.data(transport, DataMessage(channel: channel, bytes: Array(payload.dropFirst())))]) }
        precondition(dataUnanswered == 0)
        if first == 255 { run { $0.receive([.dataOverflow(transport)]) } }
    }

    mutating func offer(_ sdp: String, _ session: SessionID) {
        run { $0.receive(.with { $0.offer = .with { $0.sdp = sdp } }, from: session) }
    }

    /// Our own offer turned round; the payload's bytes are put over it, so that answers are almost right.
    mutating func answer(_ payload: [UInt8], _ session: SessionID) {
        guard let offer = lastOffer[session] else { return }
        var text =
            Array(
                offer.sdp.split(separator: "\r\n").filter { $0 != "a=ice-lite" }
                    .map { $0 == "a=sendonly" ? "a=recvonly" : $0 == "a=setup:actpass" ? "a=setup:active" : String($0) }
                    .joined(separator: "\r\n").utf8) + [13, 10]
        var index = 0
        while index + 2 < payload.count {
            text[(Int(payload[index]) << 8 | Int(payload[index + 1])) % text.count] = payload[index + 2]
            index += 3
        }
        let sdp = String(decoding: text, as: UTF8.self)
        run { $0.receive(.with { $0.answer = .with { $0.sdp = sdp } }, from: session) }
    }

    mutating func join(_ who: UInt8, hasRole: Bool = false) {
        sessions &+= 1
        let session = SessionID(rawValue: sessions)
        let newcomer = Newcomer(claims: claims(who, hasRole: hasRole), settings: JoinSettings(), client: .init())
        run { $0.join(newcomer, session: session) }
    }

    /// With a role: the first is the host, and keeps guests waiting, of whom the other is one.
    func claims(_ who: UInt8, hasRole: Bool = false) -> AccessClaims {
        var claims = AccessClaims.join(meeting: "m", identity: who == 0 ? "a" : "b")
        claims.video.canUpdateOwnMetadata = true
        guard hasRole else { return claims }
        claims.hutong = HutongClaim(role: who == 0 ? .host : .guest)
        claims.hutong?.meeting = MeetingTerms()
        claims.hutong?.meeting?.waitingRoom = .guests
        claims.hutong?.meeting?.preset = .welink
        return claims
    }

    /// Bytes: which control, about whom, by whom, a number.
    mutating func control(_ payload: [UInt8]) {
        func byte(_ index: Int) -> Int { index < payload.count ? Int(payload[index]) : 0 }
        let (subject, number) = (["a", "b", ""][byte(1) % 3], byte(3))
        let device: HostControl.Device = number & 1 == 0 ? .microphone : .camera
        var policy = MutePolicy()
        policy.all = number & 2 != 0
        policy.allow = number & 4 != 0 ? [subject] : []
        policy.deny = number & 8 != 0 ? [subject] : []
        policy.allowSelfUnmute = number & 16 != 0
        var rules = RulesChange()
        rules.waitingRoom = number & 2 != 0 ? .all : .off
        rules.sharing = number & 4 != 0 ? .hosts : .all
        rules.chat = number & 8 != 0 ? .off : .all
        rules.isLocked = number & 16 != 0
        rules.hostKey = number & 32 != 0 ? "123456" : nil
        let controls: [HostControl] = [
            .mute([subject], device, allowSelfUnmute: number & 2 == 0), .muteAll(device, policy),
            .askToUnmute([subject], device), .askToMute([subject], device), .stopShare(subject), .set(rules),
            .rename(subject, to: "名"), .raiseHand(subject), .lowerHand(subject), .lowerAllHands,
            .spotlight(number & 1 == 0 ? subject : nil), .admit([subject]), .admitAll, .refuse([subject]),
            .notifyWaiting("wait"), .remove([subject], mayReturn: number & 1 == 0), .extend(minutes: number),
            .transfer(to: subject), .setCohost(subject, number & 1 == 0),
            .claimHost(key: number & 1 == 0 ? "123456" : nil), .rollCall(number & 1 == 0 ? subject : nil), .end,
        ]
        let by = byte(2)
        let actor: ControlActor = by % 3 == 2 ? .server : .person(claims(UInt8(by & 1), hasRole: by & 4 == 0))
        run { state in _ = try? state.perform(controls[byte(0) % controls.count], by: actor) }
    }

    mutating func connect() {
        for transport in transports.sorted(by: { $0.name.index < $1.name.index }) {
            run { $0.receive([.transport(transport, .connected(.aeadAES128GCM))]) }
        }
    }

    mutating func event(_ payload: [UInt8]) {
        guard let first = payload.first else { return }
        if first == 11 { return control(Array(payload.dropFirst())) }
        let place = payload.count > 1 ? Int(payload[1]) : 0
        func pick<Name>(_ names: [Name]) -> Name? { names.isEmpty ? nil : names[place % names.count] }
        let states: [TransportState] = [
            .iceConnected, .connected(.aeadAES128GCM), .disconnected, .closedByPeer, .failed(.dtlsTimeout),
        ]
        if let transport = pick(transports.sorted { $0.name.index < $1.name.index }), first < 5 {
            run { $0.receive([.transport(transport, states[Int(first)])]) }
        }
        if let publication = pick(publications.sorted { $0.name.index < $1.name.index }) {
            let activity = AudioActivity(
                publication: publication, level: Float(bitPattern: UInt32(first) << 24), isActive: first & 1 == 0)
            run { $0.receive(first == 5 ? [.publicationClosed(publication)] : [.audioActivity([activity])]) }
        }
        if let subscription = pick(subscriptions.sorted { $0.name.index < $1.name.index }), first == 6 || first == 7 {
            run {
                $0.receive([first == 6 ? .subscriptionClosed(subscription) : .subscriptionUnsupported(subscription)])
            }
        }
        if first == 8 { run { $0.socketClosed(SessionID(rawValue: UInt64(place))) } }
        if first == 9, let id = pick(state.roster) {
            sessions &+= 1
            let session = SessionID(rawValue: sessions)
            run { $0.resume(id, session: session) }
        }
        if first == 10, let transport = pick(transports.sorted(by: { $0.name.index < $1.name.index })) {
            let loss = Float(bitPattern: UInt32(place) << 24)
            let health = TransportHealth(
                transport: transport, audioLoss: loss, videoLoss: loss,
                roundTrip: .microseconds(UInt64(place) << 56), silence: .seconds(UInt64(place)))
            run { $0.receive([.transportHealth([health])]) }
        }
    }

    mutating func advance(_ duration: Duration) {
        let end = now.uptime + duration
        while state.nextDeadline <= end, !state.hasEnded {
            now.uptime = max(now.uptime, state.nextDeadline)
            run { $0.advance() }
        }
        now.uptime = end
    }

    mutating func close() {
        run { $0.shutDown() }
        precondition(transports.isEmpty && publications.isEmpty && subscriptions.isEmpty)
        precondition(state.participants.isEmpty && state.tracks.isEmpty && state.sessions.isEmpty)
    }

    mutating func run(_ body: (inout MeetingState) -> Void) {
        for effect in state.transaction(at: now, body) {
            switch effect {
            case .send(let message, let recipients):
                precondition(OutputValidator.fault(in: message) == nil, OutputValidator.fault(in: message) ?? "")
                _ = try? SignalCoding.encode(message, as: .binary)
                if case .offer(let offer)? = message.message { for id in recipients { lastOffer[id] = offer } }
            case .relay(let commands): for command in commands { take(command) }
            case .event(let event): precondition((try? event.message.jsonString()) != nil)
            case .close, .abort, .refreshToken, .revoke, .note, .dropped, .forward, .callEnded, .ended: break
            }
        }
    }

    mutating func take(_ command: Command) {
        switch command {
        case .openTransport(let id, _, _, _): precondition(transports.insert(id).inserted)
        case .closeTransport(let id): precondition(transports.remove(id) != nil)
        case .openPublication(let id, _): precondition(publications.insert(id).inserted)
        case .closePublication(let id): precondition(publications.remove(id) != nil)
        case .openSubscription(let id, _): precondition(subscriptions.insert(id).inserted)
        case .closeSubscription(let id): precondition(subscriptions.remove(id) != nil)
        case .setRemote(let id, _), .setHeaderExtensions(let id, _), .restartICE(let id, _),
            .openDataChannel(let id, _):
            precondition(transports.contains(id))
        case .sendData(let recipients, let message):
            precondition(!recipients.isEmpty && transports.isSuperset(of: recipients))
            precondition((try? LiveKitDataPacket(serializedBytes: message.bytes)) != nil)
        case .dataHandled(let id, let recipients):
            precondition(transports.contains(id) && transports.isSuperset(of: recipients))
            dataUnanswered -= 1
        case .updatePublication(let id, _), .setMuted(let id, _), .requestKeyframe(let id):
            precondition(publications.contains(id))
        case .setPaused(let id, _): precondition(subscriptions.contains(id))
        case .push: preconditionFailure("a meeting pushes nothing")
        }
    }
}

/// The same names in every run, so that an input that fails fails again.
private struct Counter: RandomNumberGenerator, Sendable {
    private var state: UInt64 = 1
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
