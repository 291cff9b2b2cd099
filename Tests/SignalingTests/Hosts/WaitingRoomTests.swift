// The waiting room byte by byte: everything a waiting client is sent is searched for everything it must not know.

import Foundation
import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct WaitingRoomTests {
    /// A lively meeting: names, tracks, chat, metadata, speakers, comings and goings.
    private func world(_ version: Version, max: Int = 300) -> (MeetingWorld, host: TestClient, alice: TestClient) {
        var configuration = MeetingConfiguration()
        configuration.maximumParticipants = max
        let world = MeetingWorld(configuration, version: version)
        let host = world.enter("host-secret", .host) { $0.meeting = world.terms { $0.waitingRoom = .guests } }
        let alice = world.enter("alice-secret", .member)
        alice.publish("cam-secret", .video)
        alice.publish("mic-secret", .audio)
        world.run { state in try? state.setMetadata("metadata-secret") }
        world.advance(.seconds(6))
        return (world, host, alice)
    }

    private func bustle(_ world: MeetingWorld, _ alice: TestClient) {
        alice.sendData(
            .with {
                // What is numbered is kept for those who were away.
                $0.sequence = UInt32(truncatingIfNeeded: world.messagesSent)
                $0.user = .with { $0.payload = .init("chat-secret".utf8) }
            })
        alice.send(.updateMetadata(.with { $0.name = "name-secret" }))
        let publications = world.state.publications.filter { world.state.tracks[$0.value]?.kind == .audio }
        for publication in publications.keys {
            world.report(.audioActivity([AudioActivity(publication: publication, level: 0.5, isActive: true)]))
        }
        let passer = world.enter("bob-secret", .member)
        passer.publish("bob-track-secret", .audio)
        world.advance(.seconds(3))
        passer.send(.leave(LiveKitLeaveRequest()))
        world.run { state in try? state.setMetadata("metadata-secret-\(state.lastEvent)") }
        alice.send(.subscriptionPermission(.with { $0.allParticipants = false }))
        alice.send(.subscriptionPermission(.with { $0.allParticipants = true }))
        world.advance(.seconds(8))
    }

    /// Everything that reached the client, in both encodings of a frame, and its data packets.
    private func bytes(_ client: TestClient) throws -> String {
        var all = ""
        for message in client.inbox {
            all += String(decoding: try message.serializedData(), as: UTF8.self) + (try message.jsonString())
        }
        for (_, packet) in client.packets { all += String(decoding: try packet.serializedData(), as: UTF8.self) }
        return all
    }

    private func secrets(_ world: MeetingWorld, except client: TestClient) -> [String] {
        ["secret"] + world.state.participants.values.map(\.sid).filter { $0 != client.sid } + world.state.trackOrder
    }

    private func expectIgnorance(_ client: TestClient, _ world: MeetingWorld) throws {
        let all = try bytes(client)
        for secret in secrets(world, except: client) { #expect(!all.contains(secret), "\(secret)") }
        #expect(client.join.otherParticipants.isEmpty && client.roster.isEmpty && client.packets.isEmpty)
        #expect(client.join.room.metadata.isEmpty && client.join.room.numParticipants == 0)
        let transports = world.dataTransports(of: client)
        #expect(!world.relay.subscriptions.values.contains { $0.transport == transports?.receives })
    }

    @Test(arguments: Version.allCases) func whoWaitsIsToldNothing(_ version: Version) throws {
        let (world, host, alice) = world(version)
        let guest = world.enter("guest", .guest)
        #expect(guest.ownInfo.attributes["hutong.waiting"] == "1" && guest.ownInfo.permission.hidden)
        #expect(!guest.ownInfo.permission.canSubscribe && !guest.ownInfo.permission.canPublish)
        bustle(world, alice)
        try expectIgnorance(guest, world)
        // Asking, guessing and coming back do not help.
        guest.addTrack("mic", .audio)
        #expect(guest.responses.last?.reason == .notAllowed)
        guest.sendData(.with { $0.user = .with { $0.payload = .init("hello".utf8) } })
        let sids = world.state.trackOrder
        guest.send(
            .subscription(
                .with {
                    $0.trackSids = sids
                    $0.subscribe = true
                }))
        guest.send(.trackSetting(.with { $0.trackSids = sids }))
        guest.send(
            .syncState(
                .with {
                    $0.subscription = .with {
                        $0.trackSids = sids
                        $0.subscribe = true
                    }
                    $0.datachannelReceiveStates = [.with { $0.publisherSid = alice.sid }]
                }))
        world.closeSocket(guest)
        #expect(world.resume(guest))
        bustle(world, alice)
        try expectIgnorance(guest, world)
        #expect(world.drops == [.notAllowed] && alice.payloads.isEmpty)
        // Nobody has heard of it, but the hosts, and these without a name.
        for other in [host, alice] {
            #expect(!(try bytes(other)).contains("guest\"") && !other.names.contains("guest"))
        }
        #expect(host.notices == ["someone_waits"] && alice.notices.isEmpty)
        #expect(world.view?.waiting.map(\.identity) == ["guest"])

        #expect(world.ask(.notifyWaiting("马上开始"), as: "host-secret").isChange)
        #expect(guest.ownInfo.attributes["hutong.notice"] == "马上开始")
        try expectIgnorance(guest, world)

        #expect(world.ask(.admit(["guest"]), as: "host-secret").isChange)
        world.advance(.seconds(3))
        #expect(guest.names == ["host-secret", "alice-secret"] && alice.names.contains("guest"))
        #expect(guest.ownInfo.attributes == ["hutong.role": "guest"] && !guest.ownInfo.permission.hidden)
        #expect(guest.rooms.last?.metadata.hasPrefix("metadata-secret") == true)
        #expect(Set(guest.midToTrackID.values) == Set(sids))
        // What was written before is not for it, also when it comes back.
        world.closeSocket(guest)
        world.resume(guest)
        guest.send(.syncState(.with { $0.datachannelReceiveStates = [.with { $0.publisherSid = alice.sid }] }))
        #expect(guest.payloads.isEmpty)
        alice.sendData(.with { $0.user = .with { $0.payload = .init("later".utf8) } })
        #expect(guest.payloads == ["later"])
        guest.publish("guest-mic", .audio)
        world.advance(.seconds(1))
        #expect(alice.roster.values.contains { !$0.tracks.isEmpty && $0.identity == "guest" })
    }

    @Test func waitingTakesNoPlaceAndAdmissionOne() {
        let (world, _, _) = world(.v0, max: 3)
        for name in ["one", "two"] {
            #expect(world.refusal(name, .guest) == nil)
            world.enter(name, .guest)
        }
        #expect(world.ask(.admit(["one", "two"])).refusal == .meetingFull && world.view?.waiting.count == 2)
        #expect(world.ask(.admitAll).isChange)
        #expect(world.view?.waiting.map(\.identity) == ["two"] && world.view?.participants.count == 3)
        #expect(world.ask(.admitAll).refusal == .meetingFull)
        #expect(world.refusal("member", .member) == .meetingFull && world.refusal("three", .guest) == nil)
    }

    @Test func howManyWaitIsBounded() {
        let (world, _, _) = world(.v0)
        world.isAutomatic = false
        for number in 0..<Limits.waitingPerMeeting { world.enter("guest-\(number)", .guest) }
        #expect(world.refusal("one more", .guest) == .meetingFull && world.refusal("member", .member) == nil)
    }

    @Test func whoIsRefusedHearsNoVerdictAndWaitsAgain() {
        let (world, _, alice) = world(.v1)
        let guest = world.enter("guest", .guest)
        #expect(world.ask(.refuse(["guest"])).isChange)
        #expect(guest.leaves.map(\.reason) == [.participantRemoved] && guest.closed?.reason == "host-not-ready")
        world.advance(.seconds(2))
        #expect(alice.updates.allSatisfy { $0.participants.allSatisfy { $0.identity != "guest" } })
        #expect(world.enter("guest", .guest).ownInfo.permission.hidden)
        #expect(world.revoked.isEmpty)
    }

    @Test func whoWasInComesBackWithoutWaitingUnlessRemoved() {
        let (world, _, _) = world(.v0)
        let guest = world.enter("guest", .guest)
        world.ask(.admit(["guest"]))
        guest.send(.leave(LiveKitLeaveRequest()))
        #expect(!world.enter("guest", .guest).ownInfo.permission.hidden)
        // A second tab takes the place as it is.
        #expect(!world.enter("guest", .guest).ownInfo.permission.hidden)
        world.ask(.remove(["guest"], mayReturn: true))
        #expect(world.revoked.isEmpty && world.enter("guest", .guest).ownInfo.permission.hidden)
        world.ask(.remove(["guest"], mayReturn: false))
        #expect(world.revoked == ["guest"])
    }

    @Test func nobodyEntersBeforeTheHostAndAllDoWithIt() {
        let world = MeetingWorld()
        let early = world.enter("early", .member) { $0.meeting = world.terms { $0.enterBeforeHost = false } }
        #expect(early.ownInfo.permission.hidden)
        world.enter("host", .host)
        world.advance(.seconds(1))
        #expect(!early.ownInfo.permission.hidden && early.names == ["host"])
    }

    @Test func typedRefusalsAtTheDoor() {
        let world = MeetingWorld()
        let start = world.now.unixSeconds + 3600
        let terms = world.terms {
            $0.startsAt = start
            $0.allowGuests = false
        }
        #expect(world.refusal("member", .member, terms)?.reason.hasPrefix("too_early: ") == true)
        #expect(world.refusal("guest", .guest, terms)?.reason.hasPrefix("not_invited: ") == true)
        #expect(world.refusal("host", .host, terms) == nil && world.refusal("stock") == nil)
        world.enter("host", .host) { $0.meeting = terms }
        #expect(world.refusal("member", .member) == nil)
        var change = RulesChange()
        change.isLocked = true
        let member = world.enter("member", .member)
        world.ask(.set(change))
        #expect(world.refusal("late", .member)?.reason.hasPrefix("locked: ") == true)
        #expect(world.refusal("late")?.status == 403 && world.refusal("cohost", .cohost) == nil)
        // Who was in may come back.
        member.send(.leave(LiveKitLeaveRequest()))
        #expect(world.refusal("member", .member) == nil)
    }
}
