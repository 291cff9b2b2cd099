// A meeting in virtual time with clients that are nothing but their messages, and a relay that is nothing but the list
// of what it was told. Whatever a test does, the world watches what must always hold:
//
//   clients   nothing before Join or Reconnect · the validator finds nothing · versions never fall · a description
//             carries only tracks the client has been told of, and its map is complete
//   v1        never an offer of ours · one request for an offer at a time · no section goes from track to track
//   relay     every name is opened once, used while open, and closed · every data event is answered once
//   events    are numbered without a gap
//
// Clients of both protocols do what they do in the same words, so that a test runs in both.

import Foundation
import LiveKitProtocol
import Logging
import MediaRelay
import ScenarioSupport
import SwiftProtobuf
import Testing

@testable import Signaling

/// What clients speak: `@Test(arguments: Version.allCases)` runs a test with either.
typealias Version = SignalRequest.Version

final class MeetingWorld {
    var state: MeetingState
    private(set) var now = Moment(uptime: .seconds(100), unixMilliseconds: 1_700_000_000_000)
    private(set) var clients: [SessionID: TestClient] = [:]
    var relay = RecordedRelay()
    private(set) var notes: [MeetingNote] = []
    private(set) var drops: [DataPacketDrop] = []
    /// To be signed, with the moment.
    private(set) var tokens: [(claims: AccessClaims, terms: TokenTerms, session: SessionID, at: Duration)] = []
    /// What other meetings are told.
    var forwarded: [ForwardMessage] = []
    private(set) var callsEnded: [RemoteCallID: RemoteCallOutcome] = [:]
    private(set) var events: [MeetingEvent] = []
    /// Whose tokens died; nil is everybody.
    private(set) var revoked: [String?] = []
    private(set) var hasEnded = false
    /// Every message to every recipient.
    private(set) var messagesSent = 0
    private var lastSession: UInt64 = 0
    private var transactions = 0
    /// What clients speak that are not told otherwise.
    let version: Version
    /// Answer our offers and bring connections up as soon as they are described.
    var isAutomatic = true

    init(
        _ configuration: MeetingConfiguration = MeetingConfiguration(), version: Version = .v0, seed: UInt64 = 1,
        identifiers: IdentifierPool = IdentifierPool(workers: 1)
    ) {
        self.version = version
        let media = MeetingState.MediaSide(
            worker: WorkerIndex(rawValue: 0),
            fingerprint: Fingerprint(algorithm: "sha-256", bytes: .init(repeating: 7, count: 32)),
            candidates: ([.udp, .tcp] as [SocketAddress.Kind]).compactMap {
                SocketAddress(host: "127.0.0.1", port: 7882, kind: $0).map { .host($0) }
            },
            identifiers: identifiers)
        state = MeetingState(
            name: "m", owner: OwnerTag(rawValue: 9), configuration: configuration, media: media,
            random: RandomNames(SeededRandom(seed: seed)), now: now)
    }

    // MARK: Driving it

    /// - Parameters:
    ///   - publishing: audio tracks announced in the join request itself (v1).
    ///   - embedsOffer: the join request brings the first offer (v1); else the client sends it after Join.
    @discardableResult
    func join(
        _ identity: String, version: Version? = nil, autoSubscribe: Bool = true,
        publishing: [String] = [], embedsOffer: Bool = true, grant: (inout VideoGrant) -> Void = { _ in },
        claims change: (inout AccessClaims) -> Void = { _ in }
    ) -> TestClient {
        var claims = AccessClaims.join(meeting: "m", identity: identity, name: identity.uppercased())
        change(&claims)
        grant(&claims.video)
        lastSession += 1
        let client = TestClient(
            identity: identity, session: SessionID(rawValue: lastSession), version: version ?? self.version,
            world: self)
        clients[client.session] = client
        var newcomer = Newcomer(
            claims: claims, settings: JoinSettings(version: client.version, autoSubscribe: autoSubscribe),
            client: .with {
                $0.sdk = .python
                $0.protocol = 17
                $0.clientProtocol = 2
            }, terms: TokenTerms(key: "key", lifetime: 3600))
        if client.version == .v1, embedsOffer {
            newcomer.tracks = publishing.map { client.request($0, .audio) }
            newcomer.offer = client.firstOffer(publishing: publishing)
        }
        run { $0.join(newcomer, session: client.session) }
        if client.version == .v1, !embedsOffer { client.sendOffer() }
        return client
    }

    /// The connection on whose state the client waits.
    func primaryTransport(of client: TestClient) -> TransportID? {
        state.participants.values.first { $0.sid == client.sid }?.primaryTransport
    }

    func send(_ message: LiveKitSignalRequest.OneOf_Message, from client: TestClient) {
        run { $0.receive(.with { $0.message = message }, from: client.session) }
    }

    func closeSocket(_ client: TestClient) {
        client.isOpen = false
        run { $0.socketClosed(client.session) }
    }

    func report(_ events: Event...) {
        let answers = relay.dataHandled.count
        var dataEvents = 0
        for case .data(let transport, _) in events where relay.transports.contains(transport) { dataEvents += 1 }
        run { $0.receive(events) }
        #expect(relay.dataHandled.count == answers + dataEvents)
    }

    /// Where a client's packets come from and where it gets its own.
    func dataTransports(of client: TestClient) -> (sends: TransportID, receives: TransportID)? {
        guard let id = state.sessions[client.session], let participant = state.participants[id],
            let primary = participant.primaryTransport
        else { return nil }
        return (participant.publisher.connection?.transport ?? primary, primary)
    }

    /// The same client on a new socket, where it offers anew as SDKs do. False: it has no place to come back to.
    @discardableResult
    func resume(_ client: TestClient) -> Bool {
        guard let id = state.stay(of: client.identity, sid: client.sid) else { return false }
        clients[client.session] = nil
        lastSession += 1
        client.begin(SessionID(rawValue: lastSession))
        clients[client.session] = client
        run { $0.resume(id, session: client.session) }
        if isAutomatic, client.isOpen, client.hasOffered { client.restartICE() }
        return true
    }

    func shutDown() { run { $0.shutDown() } }

    /// Lets time pass, stopping at every deadline on the way. Clients that live ping as the SDKs do.
    func advance(_ duration: Duration, pinging: Bool = true) {
        let end = now.uptime + duration
        while !hasEnded {
            let next = min(state.nextDeadline, end)
            move(to: max(next, now.uptime))
            if pinging {
                for client in clients.values.sorted(by: { $0.session.rawValue < $1.session.rawValue })
                where client.isOpen && client.isAlive && now.uptime - client.pingedAt >= .seconds(5) {
                    client.pingedAt = now.uptime
                    send(.pingReq(.with { $0.timestamp = now.unixMilliseconds }), from: client)
                }
            }
            run { $0.advance() }
            if next >= end { break }
        }
        if now.uptime < end { move(to: end) }
    }

    private func move(to uptime: Duration) {
        let step = uptime - now.uptime
        now = Moment(uptime: uptime, unixMilliseconds: now.unixMilliseconds + Int64(step / .milliseconds(1)))
    }

    func run(_ body: (inout MeetingState) -> Void) {
        let effects = state.transaction(at: now, body)
        var reactions: [() -> Void] = []
        for effect in effects {
            switch effect {
            case .send(let message, let recipients):
                #expect(OutputValidator.fault(in: message) == nil)
                for session in recipients {
                    messagesSent += 1
                    guard let client = clients[session], client.isOpen else {
                        Issue.record("message to a closed session")
                        continue
                    }
                    client.receive(message)
                    guard isAutomatic, client.isAlive, !client.isDeaf else { continue }
                    switch message.message {
                    case .offer(let offer): reactions.append { client.answer(offer) }
                    case .mediaSectionsRequirement(let requirement):
                        reactions.append { client.fulfil(requirement) }
                    default: break
                    }
                }
            case .close(let session, let code, let reason):
                clients[session]?.isOpen = false
                clients[session]?.closed = (code, reason)
            case .abort(let session):
                clients[session]?.isOpen = false
                clients[session]?.wasAborted = true
            case .refreshToken(let claims, let terms, let session):
                #expect(clients[session]?.isOpen == true)
                tokens.append((claims, terms, session, now.uptime))
            case .relay(let commands):
                for command in commands {
                    relay.take(command)
                    if case .sendData(let recipients, let message) = command { deliver(message, to: recipients) }
                    if isAutomatic, case .setRemote(let transport, _) = command,
                        relay.connected.insert(transport).inserted
                    {
                        reactions.append { self.report(.transport(transport, .connected(.aeadAES128GCM))) }
                    }
                }
            case .note(let note): notes.append(note)
            case .dropped(let drop): drops.append(drop)
            case .forward(let message): forwarded.append(message)
            case .callEnded(let id, let outcome):
                #expect(callsEnded.updateValue(outcome, forKey: id) == nil)
            case .revoke(let identity, _): revoked.append(identity)
            case .event(let event):
                #expect(event.sequence == UInt64(events.count + 1), "events are numbered without a gap")
                events.append(event)
            case .ended: hasEnded = true
            }
        }
        checkInvariants()
        for reaction in reactions { reaction() }
    }

    private func deliver(_ message: DataMessage, to transports: [TransportID]) {
        for client in clients.values {
            guard let place = dataTransports(of: client), transports.contains(place.receives) else { continue }
            client.receive(message)
        }
    }

    /// After every step; in crowds, where it is the test's whole cost, after some.
    private func checkInvariants() {
        transactions += 1
        guard state.roster.count < 20 || transactions % 100 == 0 else { return }
        for (name, place) in state.subscriptions {
            #expect(relay.subscriptions[name] != nil)
            #expect(state.tracks[place.track] != nil)
            #expect(state.participants[place.subscriber] != nil)
            #expect(state.tracks[place.track]?.publisher != place.subscriber)
        }
        #expect(Set(state.subscriptions.keys) == Set(relay.subscriptions.keys))
        #expect(Set(state.publications.keys) == Set(relay.publications.keys))
        #expect(Set(state.publisherTransports.keys).union(state.subscriberTransports.keys) == relay.transports)
        #expect(state.participants.count == state.roster.count)
        #expect(state.identities.count == state.roster.count)
        #expect(state.sessions.count <= state.roster.count)
        #expect(Set(state.trackOrder) == Set(state.tracks.keys))
    }
}

/// What the relay was told, and that it makes sense.
struct RecordedRelay {
    var transports: Set<TransportID> = []
    var connected: Set<TransportID> = []
    var publications: [PublicationID: PublicationParameters] = [:]
    var subscriptions: [SubscriptionID: SubscriptionParameters] = [:]
    var paused: Set<SubscriptionID> = []
    var muted: Set<PublicationID> = []
    /// Of other meetings on the same worker.
    var publicationsElsewhere: Set<PublicationID> = []
    var keyframeRequests = 0
    var dataChannels: [TransportID: [DataChannelParameters]] = [:]
    /// In their order: whose event, and to whom it went.
    var dataHandled: [(TransportID, recipients: [TransportID])] = []
    /// New credentials of ours, in their order.
    var restarts: [(transport: TransportID, ice: ICECredentials)] = []
    private var everOpened: Set<ObjectKey> = []

    private enum ObjectKey: Hashable {
        case transport(TransportID)
        case publication(PublicationID)
        case subscription(SubscriptionID)
    }

    mutating func take(_ command: Command) {
        switch command {
        case .openTransport(let id, _, _, let local):
            #expect(everOpened.insert(.transport(id)).inserted)
            #expect(local.usernameFragment.count >= 4 && local.password.count >= 22)
            transports.insert(id)
        case .setRemote(let id, _), .setHeaderExtensions(let id, _): #expect(transports.contains(id))
        case .restartICE(let id, let ice):
            #expect(transports.contains(id))
            #expect(!restarts.contains { $0.ice.usernameFragment == ice.usernameFragment })
            restarts.append((id, ice))
        case .openDataChannel(let id, let parameters):
            #expect(transports.contains(id))
            #expect(dataChannels[id]?.contains { $0.label == parameters.label } != true)
            dataChannels[id, default: []].append(parameters)
        case .sendData(let recipients, let message):
            #expect(!recipients.isEmpty && transports.isSuperset(of: recipients))
            #expect(Set(recipients).count == recipients.count)
            #expect(!message.bytes.isEmpty)
        case .dataHandled(let id, let recipients):
            #expect(transports.contains(id) && transports.isSuperset(of: recipients))
            dataHandled.append((id, recipients))
        case .closeTransport(let id):
            #expect(transports.remove(id) != nil)
            #expect(!subscriptions.values.contains { $0.transport == id })
        case .openPublication(let id, let parameters):
            #expect(everOpened.insert(.publication(id)).inserted)
            #expect(!parameters.formats.isEmpty && !parameters.encodings.isEmpty)
            if case .transport(let transport, _) = parameters.source { #expect(transports.contains(transport)) }
            publications[id] = parameters
        case .updatePublication(let id, let parameters):
            #expect(publications[id] != nil)
            publications[id] = parameters
        case .setMuted(let id, let isMuted):
            #expect(publications[id] != nil)
            if isMuted { muted.insert(id) } else { muted.remove(id) }
        case .requestKeyframe(let id):
            #expect(publications[id] != nil)
            keyframeRequests += 1
        case .closePublication(let id):
            #expect(publications.removeValue(forKey: id) != nil)
            #expect(!subscriptions.values.contains { $0.publication == id })
        case .push: Issue.record("a meeting pushes nothing")
        case .openSubscription(let id, let parameters):
            #expect(everOpened.insert(.subscription(id)).inserted)
            #expect(
                publications[parameters.publication] != nil || publicationsElsewhere.contains(parameters.publication))
            #expect(transports.contains(parameters.transport))
            #expect(!parameters.formats.isEmpty)
            #expect(
                !subscriptions.values.contains { $0.transport == parameters.transport && $0.ssrc == parameters.ssrc })
            subscriptions[id] = parameters
        case .setPaused(let id, let isPaused):
            #expect(subscriptions[id] != nil)
            if isPaused { paused.insert(id) } else { paused.remove(id) }
        case .closeSubscription(let id): #expect(subscriptions.removeValue(forKey: id) != nil)
        }
    }

    var isEmpty: Bool { transports.isEmpty && publications.isEmpty && subscriptions.isEmpty }
}

/// One client as far as its messages show it.
final class TestClient {
    let identity: String
    private(set) var session: SessionID
    let version: Version
    private unowned let world: MeetingWorld
    private(set) var inbox: [LiveKitSignalResponse] = []
    /// Others by sid, as the client would list them.
    private(set) var roster: [String: LiveKitParticipantInfo] = [:]
    private(set) var ownInfo = LiveKitParticipantInfo()
    private(set) var join = LiveKitJoinResponse()
    var isOpen = true
    /// False: the host vanished; nothing more comes from it, and its socket does not close.
    var isAlive = true
    /// Nothing reaches it any more, and nobody has noticed.
    var isDeaf = false
    var closed: (code: UInt16, reason: String)?
    /// The socket ended without a close frame.
    var wasAborted = false
    var pingedAt: Duration = .zero
    private var versions: [String: UInt32] = [:]
    private var sids: [String: String] = [:]
    private var sections: [OfferedSection] = []
    private var offers: UInt32 = 0
    /// What it cannot decode.
    var refusedKind: MediaKind?
    /// What it receives in which section, by the newest description that says so.
    private(set) var midToTrackID: [String: String] = [:]
    /// v1: the msid of each section that is sent in.
    private var sent: [String: String] = [:]
    private var isAskedForOffer = false
    /// By channel label.
    private(set) var packets: [(channel: String, packet: LiveKitDataPacket)] = []
    /// How often it restarted ICE.
    private var restarts = 0
    /// Of messages in `inbox`, how many came on earlier sockets.
    private var earlier = 0
    private var awaitsReconnect = false

    init(identity: String, session: SessionID, version: Version, world: MeetingWorld) {
        self.identity = identity
        self.session = session
        self.version = version
        self.world = world
        pingedAt = world.now.uptime
        // SDKs of v1 begin with three places for each kind.
        if version == .v1 {
            for kind in [MediaKind.audio, .video] { for _ in 0..<3 { addReceivingSection(kind) } }
        }
    }

    var sid: String { join.participant.sid }
    var names: Set<String> { Set(roster.values.map(\.identity)) }

    func messages<Value>(_ pick: (LiveKitSignalResponse.OneOf_Message) -> Value?) -> [Value] {
        inbox.compactMap { $0.message.flatMap(pick) }
    }

    var published: [LiveKitTrackPublishedResponse] {
        messages { if case .trackPublished(let value) = $0 { value } else { nil } }
    }
    var offersReceived: [LiveKitSessionDescription] {
        messages { if case .offer(let value) = $0 { value } else { nil } }
    }
    var answersReceived: [LiveKitSessionDescription] {
        messages { if case .answer(let value) = $0 { value } else { nil } }
    }
    var requirements: [LiveKitMediaSectionsRequirement] {
        messages { if case .mediaSectionsRequirement(let value) = $0 { value } else { nil } }
    }
    /// Negotiations that the server began.
    var rounds: Int { version == .v0 ? offersReceived.count : requirements.count }
    var subscriptionErrors: [LiveKitSubscriptionError] {
        messages { if case .subscriptionResponse(let value) = $0 { value.err } else { nil } }
    }
    var updates: [LiveKitParticipantUpdate] {
        messages { if case .update(let value) = $0 { value } else { nil } }
    }
    var leaves: [LiveKitLeaveRequest] {
        messages { if case .leave(let value) = $0 { value } else { nil } }
    }
    var responses: [LiveKitRequestResponse] {
        messages { if case .requestResponse(let value) = $0 { value } else { nil } }
    }
    var speakers: [LiveKitSpeakersChanged] {
        messages { if case .speakersChanged(let value) = $0 { value } else { nil } }
    }

    func begin(_ session: SessionID) {
        self.session = session
        earlier = inbox.count
        awaitsReconnect = true
        isAskedForOffer = false
        isOpen = true
        isDeaf = false
        closed = nil
        wasAborted = false
        pingedAt = world.now.uptime
    }

    func receive(_ response: LiveKitSignalResponse) {
        if isDeaf { return }
        if awaitsReconnect {
            awaitsReconnect = false
            guard case .reconnect? = response.message else {
                Issue.record("first message is not Reconnect")
                return
            }
        }
        if inbox.isEmpty {
            guard case .join(let join)? = response.message else {
                Issue.record("first message is not Join")
                return
            }
            self.join = join
            ownInfo = join.participant
            for info in join.otherParticipants { see(info) }
        }
        inbox.append(response)
        switch response.message {
        case .join: #expect(inbox.count == 1)
        case .update(let update): for info in update.participants { see(info) }
        case .offer(let offer):
            #expect(version == .v0, "an offer where only clients offer")
            see(offer)
        case .answer(let answer):
            guard version == .v1 else { break }
            see(answer)
            let sent = ClientDescription.sent(in: answer.sdp)
            for (mid, stream) in sent { #expect(self.sent[mid] ?? stream == stream, "another track in a used section") }
            self.sent = sent
        case .mediaSectionsRequirement:
            #expect(version == .v1 && !isAskedForOffer, "asked for an offer twice")
            isAskedForOffer = true
        default: break
        }
    }

    private func see(_ description: LiveKitSessionDescription) {
        midToTrackID = description.midToTrackID
        let known = Set(roster.values.flatMap(\.tracks).map(\.sid))
        #expect(Set(midToTrackID.values).isSubset(of: known), "negotiated before announced")
        let sent = ClientDescription.sent(in: description.sdp)
        #expect(Set(sent.keys) == Set(midToTrackID.keys), "the map is not complete")
        for (mid, sid) in midToTrackID { #expect(sent[mid]?.hasSuffix("|\(sid) \(sid)") == true) }
    }

    private func see(_ info: LiveKitParticipantInfo) {
        #expect(info.version >= versions[info.sid] ?? 0, "version fell")
        versions[info.sid] = info.version
        if info.sid == sid {
            ownInfo = info
            return
        }
        // As the SDKs do: the same identity with a new sid takes the old one's place.
        if let known = sids[info.identity], known != info.sid { roster[known] = nil }
        let isGone = info.state == .disconnected
        sids[info.identity] = isGone ? nil : info.sid
        roster[info.sid] = isGone ? nil : info
    }

    func receive(_ message: DataMessage) {
        guard let packet = try? LiveKitDataPacket(serializedBytes: message.bytes) else {
            Issue.record("a packet that does not parse")
            return
        }
        #expect(packet.kind == (message.channel == "_lossy" ? .lossy : .reliable))
        packets.append((message.channel, packet))
    }

    /// The payloads of user packets that came.
    var payloads: [String] { packets.map { String(decoding: $0.packet.user.payload, as: UTF8.self) } }

    func forgetInbox() {
        inbox.removeSubrange(1...)
        earlier = min(earlier, 1)
    }

    /// What came on the newest socket.
    var newest: [LiveKitSignalResponse.OneOf_Message] { inbox[earlier...].compactMap(\.message) }

    // MARK: What it does

    func send(_ message: LiveKitSignalRequest.OneOf_Message) { world.send(message, from: self) }

    func addTrack(
        _ cid: String, _ kind: MediaKind, source: LiveKitTrackSource? = nil,
        change: (inout LiveKitAddTrackRequest) -> Void = { _ in }
    ) {
        var request = request(cid, kind, source: source)
        change(&request)
        send(.addTrack(request))
    }

    func request(_ cid: String, _ kind: MediaKind, source: LiveKitTrackSource? = nil) -> LiveKitAddTrackRequest {
        .with {
            $0.cid = cid
            $0.name = cid
            $0.type = kind == .audio ? .audio : .video
            $0.source = source ?? (kind == .audio ? .microphone : .camera)
        }
    }

    /// Offers a new sending section.
    func offerTrack(_ cid: String, _ kind: MediaKind, codecs: [Codec]? = nil) {
        appendSection(cid, kind, codecs: codecs)
        sendOffer()
    }

    /// 7 is the first to send in with either protocol, after seven sections of v1 or of a connection that fell back: the mid
    /// is never the section's place.
    private var nextMid: String { String(sections.count + (version == .v0 ? 7 : 1)) }

    private func appendSection(_ cid: String, _ kind: MediaKind, codecs: [Codec]? = nil) {
        sections.append(OfferedSection(nextMid, kind, track: cid, codecs: codecs))
    }

    /// AddTrack and offer.
    func publish(_ cid: String, _ kind: MediaKind, source: LiveKitTrackSource? = nil) {
        addTrack(cid, kind, source: source)
        offerTrack(cid, kind)
    }

    func unpublish(_ cid: String) {
        for index in sections.indices where sections[index].track == cid { sections[index].track = nil }
        sendOffer()
    }

    func replace(_ cid: String, with other: String) {
        for index in sections.indices where sections[index].track == cid { sections[index].track = other }
        sendOffer()
    }

    func sendOffer() { send(.offer(nextOffer())) }

    /// v1: what the join request brings.
    func firstOffer(publishing: [String]) -> LiveKitSessionDescription {
        for cid in publishing { appendSection(cid, .audio) }
        return nextOffer()
    }

    private func nextOffer() -> LiveKitSessionDescription {
        offers += 1
        isAskedForOffer = false
        let offered = sections.map { section in
            var section = section
            if section.isReceiving, section.kind == refusedKind { section.codecs = [] }
            return section
        }
        return .with {
            $0.type = "offer"
            $0.sdp = ClientDescription.offer(offered, generation: restarts)
            $0.id = offers
        }
    }

    /// v1: adds what is wanted and offers.
    func fulfil(_ requirement: LiveKitMediaSectionsRequirement) {
        for _ in 0..<requirement.numAudios { addReceivingSection(.audio) }
        for _ in 0..<requirement.numVideos { addReceivingSection(.video) }
        sendOffer()
    }

    func addReceivingSection(_ kind: MediaKind) {
        sections.append(.receiving(nextMid, kind))
    }

    /// Sections that the client takes for nothing any more, or takes back, whatever they were.
    func setReceiving(_ isReceiving: Bool, _ index: Int) {
        guard sections.indices.contains(index), sections[index].track == nil else { return }
        sections[index].isReceiving = isReceiving
        sendOffer()
    }

    var hasOffered: Bool { offers > 0 }

    /// As after a resume: new credentials, nothing else.
    func restartICE() {
        restarts += 1
        sendOffer()
    }

    func answer(_ offer: LiveKitSessionDescription, id: UInt32? = nil) {
        send(
            .answer(
                .with {
                    $0.type = "answer"
                    $0.sdp = ClientDescription.answer(to: offer.sdp, refusing: refusedKind)
                    $0.id = id ?? offer.id
                }))
    }

    func sendData(_ packet: LiveKitDataPacket, on channel: String = "_reliable") {
        guard let bytes: [UInt8] = try? packet.serializedBytes() else {
            Issue.record("a packet that does not encode")
            return
        }
        sendData(bytes, on: channel)
    }

    func sendData(_ bytes: [UInt8], on channel: String = "_reliable") {
        guard let place = world.dataTransports(of: self) else {
            Issue.record("no connection to send on")
            return
        }
        world.report(.data(place.sends, DataMessage(channel: channel, bytes: bytes)))
    }

    func sendText(
        _ text: String, on channel: String = "_reliable", sequence: UInt32 = 0, to identities: [String] = [],
        change: (inout LiveKitDataPacket) -> Void = { _ in }
    ) {
        var packet = LiveKitDataPacket.with {
            $0.user = .with { $0.payload = Data(text.utf8) }
            $0.sequence = sequence
            $0.destinationIdentities = identities
        }
        change(&packet)
        sendData(packet, on: channel)
    }

    func leave() { send(.leave(.with { $0.reason = .clientInitiated })) }
}
