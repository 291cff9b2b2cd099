// Meetings in which clients do anything in any order. What must hold then is checked by MeetingWorld after every step;
// here at the end: nothing is left behind.

import LiveKitProtocol
import MediaRelay
import ScenarioSupport
import SwiftProtobuf
import Testing

@testable import Signaling

struct RandomMeetingTests {
    /// A failure names its seed; give it here to see it again.
    @Test(arguments: (0..<40).map { UInt64($0) })
    func anythingInAnyOrder(seed: UInt64) {
        var generator = SeededRandom(seed: seed &+ 1000)
        var configuration = MeetingConfiguration()
        configuration.autoSubscribedAudio = 2
        configuration.autoSubscribedVideo = 2
        configuration.simulatesScenarios = true
        let world = MeetingWorld(configuration, seed: seed)
        world.isAutomatic = seed % 4 != 0
        for _ in 0..<300 { step(world, &generator) }
        for client in world.clients.values where client.isOpen { client.leave() }
        world.advance(.seconds(32), pinging: false)
        #expect(world.state.participants.isEmpty)
        #expect(world.relay.isEmpty && world.state.tracks.isEmpty && world.state.sessions.isEmpty)
        #expect(world.state.speakers.isEmpty)
        world.advance(.seconds(30))
        #expect(world.hasEnded)
    }

    private func step(_ world: MeetingWorld, _ generator: inout SeededRandom) {
        func pick(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
        let present = world.clients.values.filter(\.isOpen).sorted { $0.session.rawValue < $1.session.rawValue }
        guard let client = present.randomElement(using: &generator), pick(0..<10) > 0 else {
            let version = pick(0..<2) == 0 ? Version.v0 : .v1
            let autoSubscribe = pick(0..<4) > 0
            let publishing = pick(0..<3) == 0 ? ["c0"] : []
            let embedsOffer = pick(0..<3) > 0
            let hidden = pick(0..<8) == 0
            let (publish, subscribe) = (pick(0..<6) > 0, pick(0..<6) > 0)
            let identity = "p\(pick(0..<6))"
            world.join(
                identity, version: version, autoSubscribe: autoSubscribe, publishing: publishing,
                embedsOffer: embedsOffer
            ) {
                $0.hidden = hidden
                $0.canPublish = publish
                $0.canSubscribe = subscribe
            }
            return
        }
        let sids = world.state.trackOrder.sorted() + ["TR_none"]
        let sid = sids[pick(0..<sids.count)]
        let kind: MediaKind = pick(0..<2) == 0 ? .audio : .video
        let cid = "c\(pick(0..<3))"
        switch pick(0..<32) {
        case 0, 1: client.addTrack(cid, kind)
        case 2, 3: client.offerTrack(cid, kind, codecs: pick(0..<8) == 0 ? [] : nil)
        case 4, 5: client.publish(cid, kind)
        case 6: client.unpublish(cid)
        case 7: client.replace(cid, with: "c\(pick(0..<3))")
        case 8: client.leave()
        case 9: world.closeSocket(client)
        case 10:
            let wants = pick(0..<2) == 0
            client.send(
                .subscription(
                    .with {
                        $0.trackSids = [sid, sid]
                        $0.subscribe = wants
                    }))
        case 11:
            let disabled = pick(0..<2) == 0
            client.send(
                .trackSetting(
                    .with {
                        $0.trackSids = [sid]
                        $0.disabled = disabled
                    }))
        case 12:
            let muted = pick(0..<2) == 0
            client.send(
                .mute(
                    .with {
                        $0.sid = sid
                        $0.muted = muted
                    }))
        case 13:
            let all = pick(0..<2) == 0
            client.send(
                .subscriptionPermission(
                    .with {
                        $0.allParticipants = all
                        $0.trackPermissions = [
                            .with {
                                $0.participantIdentity = "p1"
                                $0.trackSids = [sid]
                            }
                        ]
                    }))
        case 14:
            if let offer = client.offersReceived.last { client.answer(offer, id: UInt32(pick(0..<3))) }
        case 15:
            let transports = world.relay.transports.union(world.relay.connected)
                .sorted { ($0.name.index, $0.name.generation) < ($1.name.index, $1.name.generation) }
            guard let transport = transports.randomElement(using: &generator) else { break }
            let states: [TransportState] = [
                .iceConnected, .connected(.aeadAES128GCM), .disconnected, .closedByPeer, .failed(.dtlsTimeout),
            ]
            world.report(.transport(transport, states[pick(0..<states.count)]))
        case 16:
            let publication = world.state.publications.keys.min { $0.name.index < $1.name.index }
            if let publication, pick(0..<4) == 0 { world.report(.publicationClosed(publication)) }
            let subscription = world.state.subscriptions.keys.min { $0.name.index < $1.name.index }
            if let subscription, pick(0..<4) == 0 { world.report(.subscriptionClosed(subscription)) }
        case 17:
            if let publication = world.state.publications.keys.min(by: { $0.name.index < $1.name.index }) {
                let activity = AudioActivity(
                    publication: publication, level: Float(pick(0..<3)) - 1, isActive: pick(0..<2) == 0)
                world.report(.audioActivity([activity]))
            }
        case 18:
            if let requirement = client.requirements.last { client.fulfil(requirement) } else { client.sendOffer() }
        case 19 where client.version == .v1: client.setReceiving(pick(0..<2) == 0, pick(0..<10))
        case 20 where world.dataTransports(of: client) != nil:
            let addressees = [[], ["p\(pick(0..<6))"], ["nobody"]][pick(0..<3)]
            client.sendText(
                "hello", on: ["_reliable", "_lossy", "_data_track"][pick(0..<3)], sequence: UInt32(pick(0..<4)),
                to: addressees)
        case 21 where world.dataTransports(of: client) != nil:
            client.sendData((0..<pick(0..<40)).map { _ in UInt8(pick(0..<256)) })
        case 22:
            guard pick(0..<4) == 0, let place = world.dataTransports(of: client) else { break }
            world.report(.dataOverflow(place.receives))
        case 23:
            let rights = Rights(
                .with {
                    $0.canPublish = pick(0..<2) == 0
                    $0.canSubscribe = pick(0..<2) == 0
                    $0.hidden = pick(0..<4) == 0
                    $0.canPublishSources = pick(0..<3) == 0 ? [.camera] : []
                })
            if let id = world.state.sessions[client.session] { world.run { $0.setRights(rights, of: id) } }
        case 24:
            let request = LiveKitMuteRoomTrackRequest.with {
                $0.identity = client.identity
                $0.trackSid = sid
                $0.muted = true
            }
            world.run { _ = try? $0.setMuted(request) }
        case 25, 26:
            let all = world.clients.values.sorted { $0.session.rawValue < $1.session.rawValue }
            if let returning = all.randomElement(using: &generator) { world.resume(returning) }
        case 27:
            client.send(
                .syncState(
                    .with {
                        $0.publishTracks = [.with { $0.track = .with { $0.sid = sid } }]
                        $0.trackSidsDisabled = [sid]
                        $0.subscription = .with { $0.trackSids = [sid, sid] }
                        $0.datachannelReceiveStates = [.with { $0.publisherSid = client.sid }]
                    }))
        case 28:
            let scenarios: [LiveKitSimulateScenario.OneOf_Scenario] = [
                .speakerUpdate(2), .nodeFailure(true), .migration(true), .serverLeave(true),
                .disconnectSignalOnResume(true), .disconnectSignalOnResumeNoMessages(true),
                .leaveRequestFullReconnect(true),
            ]
            client.send(.simulate(.with { $0.scenario = scenarios[pick(0..<scenarios.count)] }))
        case 29:
            guard let transport = world.primaryTransport(of: client) else { break }
            let health = TransportHealth(
                transport: transport, audioLoss: Float(pick(0..<10)) / 10, videoLoss: nil,
                roundTrip: .milliseconds(50), silence: .seconds(UInt64(pick(0..<20))))
            world.report(.transportHealth([health]))
        default: world.advance(.milliseconds(pick(0..<3000)))
        }
    }
}
