// Somebody in a virtual meeting: a client with its two connections (v0) or its only one (v1), doing with each message what
// an SDK does.

import LiveKitProtocol
import MediaRelay
import ScenarioSupport
import SwiftProtobuf

@testable import Signaling

final class VirtualPerson {
    let name: String
    var session: SessionID
    let version: SignalRequest.Version
    /// The publisher and the subscriber connection; in v1 the same.
    let sending, receiving: VirtualClient
    /// False: the machine vanished without a word.
    private(set) var isAlive = true
    var closed: String?
    private(set) var ownInfo = LiveKitParticipantInfo()
    /// Others, by identity.
    private(set) var roster: [String: LiveKitParticipantInfo] = [:]
    private(set) var speakers: Set<String> = []
    /// By sid, its own among them.
    private(set) var qualities: [String: LiveKitConnectionQuality] = [:]

    private unowned let meeting: VirtualMeeting
    private var random: SeededRandom
    private var sections: [ClientSection] = []
    private var announced: Set<String> = []
    /// v1: how many places to receive in an SDK begins with, for each kind.
    private static let firstPlaces = 3
    private var offers: UInt32 = 0
    private var sendingCredentials, receivingCredentials: ICECredentials
    private var names: RandomNames
    private var isSendingOpen = false, isReceivingOpen = false
    /// The server's newest credentials on each connection: others mean an ICE restart.
    private var sendingRemote, receivingRemote: ICECredentials?
    /// By track sid.
    private var receivers: [String: VirtualReceiver] = [:]

    init(
        name: String, number: Int, version: SignalRequest.Version, meeting: VirtualMeeting, session: SessionID,
        random: SeededRandom
    ) {
        var random = random
        self.name = name
        self.version = version
        self.session = session
        self.meeting = meeting
        func client(_ suffix: String, _ port: UInt16) -> VirtualClient {
            VirtualClient(
                name: name + suffix,
                address: Scenario.address("198.51.\(100 + number / 200).\(1 + number % 200)", port),
                seed: random.next())
        }
        sending = client(" sending", 40_000)
        receiving = version == .v0 ? client(" receiving", 40_001) : sending
        var names = RandomNames(SeededRandom(seed: random.next()))
        sendingCredentials = names.credentials()
        receivingCredentials = names.credentials()
        self.names = names
        self.random = random
        if version == .v1 { addPlaces(audio: Self.firstPlaces, video: Self.firstPlaces) }
    }

    // MARK: What it does

    func publish(_ kind: MediaKind) {
        let section = ClientSection(
            mid: nextMid, kind: kind, track: "\(name)-\(sections.count)",
            ssrc: UInt32.random(in: 1...UInt32.max, using: &random),
            retransmissionSSRC: kind == .video ? UInt32.random(in: 1...UInt32.max, using: &random) : nil)
        sections.append(section)
        send(
            .addTrack(
                .with {
                    $0.cid = section.track ?? ""
                    $0.type = kind == .audio ? .audio : .video
                    $0.source = kind == .audio ? .microphone : .camera
                }))
    }

    func setMuted(_ isMuted: Bool, _ kind: MediaKind) {
        guard let track = ownInfo.tracks.first(where: { $0.type == (kind == .audio ? .audio : .video) }) else { return }
        send(
            .mute(
                .with {
                    $0.sid = track.sid
                    $0.muted = isMuted
                }))
    }

    private var nextMid: String { String(sections.count + 1) }

    private func addPlaces(audio: Int, video: Int) {
        for _ in 0..<audio { sections.append(ClientSection(mid: nextMid, kind: .audio)) }
        for _ in 0..<video { sections.append(ClientSection(mid: nextMid, kind: .video)) }
    }

    func leave() { send(.leave(.with { $0.reason = .clientInitiated })) }

    func loseSocket() { meeting.server.loseSocket(of: self, meeting.network.now) }

    /// On a new socket, with new credentials on both connections. False: there is no place to come back to.
    func resume() -> Bool {
        guard meeting.server.readmit(self, as: meeting.nextSession(), meeting.network.now) else { return false }
        sendingCredentials = names.credentials()
        sendOffer()
        return true
    }

    /// Kill -9, or the battery: neither socket nor connection says goodbye.
    func vanish() {
        isAlive = false
        meeting.network.remove(sending)
        meeting.network.remove(receiving)
    }

    /// What it sees or hears of somebody; nil before the subscription.
    func receives(_ kind: MediaKind, from other: VirtualPerson) -> VirtualReceiver? {
        roster[other.name]?.tracks.first { $0.type == (kind == .audio ? .audio : .video) }.flatMap { receivers[$0.sid] }
    }

    private func send(_ message: LiveKitSignalRequest.OneOf_Message) {
        meeting.server.receive(message, from: session, meeting.network.now)
    }

    // MARK: What it is told

    func receive(_ response: LiveKitSignalResponse, _ now: MediaTime) {
        guard isAlive else { return }
        switch response.message {
        case .join(let join):
            ownInfo = join.participant
            for other in join.otherParticipants { see(other) }
        case .update(let update): for info in update.participants { see(info) }
        case .trackPublished(let published):
            announced.insert(published.cid)
            sendOffer()
        case .answer(let answer): apply(answer, now)
        case .offer(let offer): reply(to: offer, now)
        case .mediaSectionsRequirement(let requirement):
            addPlaces(audio: Int(requirement.numAudios), video: Int(requirement.numVideos))
            sendOffer()
        case .speakersChanged(let change):
            for speaker in change.speakers {
                if speaker.active { speakers.insert(speaker.sid) } else { speakers.remove(speaker.sid) }
            }
        case .connectionQuality(let update):
            for info in update.updates { qualities[info.participantSid] = info.quality }
        default: break
        }
    }

    private func see(_ info: LiveKitParticipantInfo) {
        if info.sid == ownInfo.sid {
            ownInfo = info
        } else {
            roster[info.identity] = info.state == .disconnected ? nil : info
        }
    }

    private func sendOffer() { send(.offer(nextOffer())) }

    /// In v1 the first one comes with the join request.
    func nextOffer() -> LiveKitSessionDescription {
        offers += 1
        let text = ClientDescription.offer(
            sections.filter { isAnnounced($0) }, version: UInt64(offers), ice: sendingCredentials,
            fingerprint: sending.core.fingerprint)
        return .with {
            $0.type = "offer"
            $0.sdp = text
            $0.id = offers
        }
    }

    private func isAnnounced(_ section: ClientSection) -> Bool { section.track.map(announced.contains) ?? true }

    /// The server's answer: to what this client publishes, and in v1 with what it receives.
    private func apply(_ description: LiveKitSessionDescription, _ now: MediaTime) {
        guard let answer = try? SessionDescription(parsing: description.sdp) else { return }
        if !isSendingOpen {
            isSendingOpen = true
            open(sending, sendingCredentials, answer, ClientDescription.sendingExtensions, now)
        } else if Self.credentials(in: answer) != sendingRemote {
            restart(sending, sendingCredentials, answer, now)
        }
        sendingRemote = Self.credentials(in: answer)
        if version == .v1 { expect(answer, description.midToTrackID, now) }
        for index in sections.indices {
            let section = sections[index]
            guard section.track != nil, isAnnounced(section), !section.isSending else { continue }
            sections[index].isSending = true
            _ = sending.send(
                section.kind, mid: section.mid, ssrc: section.ssrc, retransmissionSSRC: section.retransmissionSSRC, now)
        }
    }

    private func reply(to offer: LiveKitSessionDescription, _ now: MediaTime) {
        guard let description = try? SessionDescription(parsing: offer.sdp) else { return }
        if !isReceivingOpen {
            isReceivingOpen = true
            open(receiving, receivingCredentials, description, ClientDescription.extensions(of: description), now)
        } else {
            receiving.perform(
                .setHeaderExtensions(receiving.transport, ClientDescription.extensions(of: description)), now)
            if Self.credentials(in: description) != receivingRemote {
                receivingCredentials = names.credentials()
                restart(receiving, receivingCredentials, description, now)
            }
        }
        receivingRemote = Self.credentials(in: description)
        expect(description, offer.midToTrackID, now)
        let text = ClientDescription.answer(
            to: description, ice: receivingCredentials, fingerprint: receiving.core.fingerprint)
        send(
            .answer(
                .with {
                    $0.type = "answer"
                    $0.sdp = text
                    $0.id = offer.id
                }))
    }

    private func expect(_ description: SessionDescription, _ midToTrackID: [String: String], _ now: MediaTime) {
        for section in ClientDescription.sent(in: description) {
            guard let track = midToTrackID[section.mid], receivers[track] == nil else { continue }
            receivers[track] = receiving.expect(
                section.kind, mid: section.mid, ssrc: section.ssrc, retransmissionSSRC: section.retransmissionSSRC, now)
        }
    }

    private static func credentials(in description: SessionDescription) -> ICECredentials? {
        description.sections.first.flatMap { description.transport(of: $0).ice }
    }

    private func restart(
        _ client: VirtualClient, _ local: ICECredentials, _ remote: SessionDescription, _ now: MediaTime
    ) {
        guard let section = remote.sections.first, let ice = remote.transport(of: section).ice else { return }
        client.perform(.restartICE(client.transport, local: local), now)
        client.perform(
            .setRemote(
                client.transport,
                RemoteTransportParameters(ice: ice, fingerprints: remote.transport(of: section).fingerprints)), now)
    }

    private func open(
        _ client: VirtualClient, _ local: ICECredentials, _ remote: SessionDescription,
        _ extensions: [HeaderExtension: UInt8], _ now: MediaTime
    ) {
        guard let section = remote.sections.first, let ice = remote.transport(of: section).ice else { return }
        let candidates = section.candidates.compactMap { SocketAddress(host: $0.address, port: $0.port) }
        let parameters = RemoteTransportParameters(ice: ice, fingerprints: remote.transport(of: section).fingerprints)
        client.perform(
            .openTransport(
                client.transport, owner: OwnerTag(rawValue: 1), role: .client(candidates: candidates), local: local),
            now)
        client.perform(.setHeaderExtensions(client.transport, extensions), now)
        client.perform(.setRemote(client.transport, parameters), now)
        meeting.network.add(client)
    }
}
