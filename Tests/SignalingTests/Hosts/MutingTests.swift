// Muting that holds: whatever a client says, the relay's gate is closed, and the client hears of it as stock SDKs expect.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct MutingTests {
    private func room(_ version: Version, _ terms: (inout MeetingTerms) -> Void = { _ in }) -> (
        MeetingWorld, TestClient, TestClient
    ) {
        let world = MeetingWorld(version: version)
        let host = world.enter("host", .host) { $0.meeting = world.terms(terms) }
        let member = world.enter("member", .member)
        for client in [host, member] { client.publish("mic-\(client.identity)", .audio) }
        world.advance(.seconds(5))
        return (world, host, member)
    }

    /// At the relay, and as others see it.
    private func isOpen(_ client: TestClient, _ world: MeetingWorld) -> Bool? {
        guard let sid = client.trackSid, let track = world.state.tracks[sid] else { return nil }
        #expect(world.relay.muted.contains(track.publication) == track.info.muted)
        return !track.info.muted
    }

    @Test(arguments: Version.allCases) func whoMayNotUnmuteIsMutedAgain(_ version: Version) {
        let (world, host, member) = room(version)
        #expect(world.ask(.mute(["member"], .microphone, allowSelfUnmute: false), as: "host").isChange)
        #expect(isOpen(member, world) == false && member.mutes.count == 1 && host.mutes.isEmpty)
        for count in 2...5 {
            member.unmute()
            #expect(isOpen(member, world) == false && member.mutes.count == count)
        }
        // Another track is no way round, nor a name for it.
        member.publish("again", .audio)
        member.publish("fake", .audio, source: .screenShareAudio)
        member.publish("nameless", .audio, source: .unknown)
        world.advance(.seconds(5))
        for track in world.state.tracks.values where world.state.participants[track.publisher]?.identity == "member" {
            #expect(track.info.muted && world.relay.muted.contains(track.publication), "\(track.info.source)")
        }
        // Who is asked may.
        #expect(world.ask(.askToUnmute(["member"], .microphone), as: "host").isChange)
        #expect(member.notices == ["ask_unmute"] && host.notices.isEmpty)
        member.unmute()
        #expect(isOpen(member, world) == true)
    }

    @Test func muteAllWithExceptionsAndWithoutSelfUnmute() {
        let (world, host, member) = room(.v0)
        let free = world.enter("free", .guest)
        free.publish("mic", .audio)
        world.advance(.seconds(5))
        let policy = MutePolicy(all: true, allow: ["free"], allowSelfUnmute: false)
        #expect(world.ask(.muteAll(.microphone, policy), as: "host").isChange)
        #expect(isOpen(host, world) == true && isOpen(free, world) == true && isOpen(member, world) == false)
        member.unmute()
        #expect(isOpen(member, world) == false)
        let late = world.enter("late", .member)
        late.publish("mic", .audio)
        world.advance(.seconds(5))
        #expect(isOpen(late, world) == false && !late.mutes.isEmpty)
        var change = RulesChange()
        change.allowSelfUnmute = true
        world.ask(.set(change), as: "host")
        member.unmute()
        #expect(isOpen(member, world) == true)
        #expect(world.ask(.muteAll(.microphone, MutePolicy()), as: "host").isChange)
        // Nobody is opened by anybody else.
        #expect(isOpen(late, world) == false)
    }

    @Test(arguments: EntryMuting.allCases) func microphonesAreClosedOnEntry(_ rule: EntryMuting) {
        let (world, host, member) = room(.v0) { $0.muteOnEntry = rule }
        #expect(isOpen(host, world) == true && isOpen(member, world) == (rule != .on))
        for number in 3...8 {
            let client = world.enter("person-\(number)", .member)
            client.publish("mic", .audio)
            // A stock SDK that has not heard of it yet says how things are with it.
            client.unmute()
            let isClosed = rule == .on || (rule == .crowd && number > 6)
            #expect(isOpen(client, world) == !isClosed, "\(number)")
            world.advance(.seconds(4))
            client.unmute()
            #expect(isOpen(client, world) == true)
        }
    }

    @Test func rollCallOpensOneAndClosesAllOthers() {
        let (world, host, member) = room(.v0)
        let other = world.enter("other", .member)
        other.publish("mic", .audio)
        world.advance(.seconds(5))
        #expect(world.ask(.rollCall("other"), as: "host").isChange)
        // The one who calls may speak again.
        #expect(isOpen(host, world) == false)
        host.unmute()
        #expect(isOpen(host, world) == true)
        #expect(isOpen(member, world) == false && isOpen(other, world) == true)
        #expect(other.notices == ["ask_unmute"] && member.notices.isEmpty)
        member.unmute()
        #expect(isOpen(member, world) == false)
        #expect(world.ask(.rollCall("member"), as: "host").isChange)
        member.unmute()
        #expect(isOpen(member, world) == true && isOpen(other, world) == false)
        #expect(world.ask(.rollCall(nil), as: "host").isChange)
        other.unmute()
        #expect(isOpen(other, world) == true)
    }

    @Test func camerasAndShares() {
        let (world, _, member) = room(.v0)
        member.publish("cam", .video)
        member.publish("screen", .video, source: .screenShare)
        world.advance(.seconds(5))
        func track(_ source: LiveKitTrackSource) -> Track? {
            world.state.tracks.values.first { $0.info.source == source }
        }
        #expect(world.ask(.mute(["member"], .camera, allowSelfUnmute: true), as: "host").isChange)
        #expect(track(.camera)?.info.muted == true && track(.screenShare)?.info.muted == false)
        // One at a time.
        let other = world.enter("other", .member)
        other.addTrack("screen", .video, source: .screenShare)
        #expect(other.responses.last?.reason == .notAllowed)
        let sid = track(.screenShare)?.sid
        #expect(world.ask(.stopShare("member"), as: "host").isChange)
        #expect(track(.screenShare) == nil && member.withdrawn == [sid])
        #expect(world.ask(.stopShare("member"), as: "host").isNoChange)
        other.publish("screen2", .video, source: .screenShare)
        world.advance(.seconds(5))
        #expect(track(.screenShare) != nil)
        // Hosts only: what is shared ends, and the permission says so.
        var change = RulesChange()
        change.sharing = .hosts
        #expect(world.ask(.set(change), as: "host").isChange)
        world.advance(.seconds(5))
        #expect(track(.screenShare) == nil)
        #expect(Set(other.ownInfo.permission.canPublishSources) == [.camera, .microphone])
        other.addTrack("screen3", .video, source: .screenShare)
        #expect(other.responses.last?.reason == .notAllowed)
        change.sharing = .all
        world.ask(.set(change), as: "host")
        world.advance(.seconds(5))
        #expect(other.ownInfo.permission.canPublishSources.isEmpty && other.ownInfo.permission.canPublish)
    }

    @Test func chatRules() {
        let (world, host, member) = room(.v0)
        let other = world.enter("other", .member)
        func say(_ text: String, _ client: TestClient, to identities: [String] = []) {
            client.sendData(
                .with {
                    $0.destinationIdentities = identities
                    $0.user = .with { $0.payload = .init(text.utf8) }
                })
        }
        var change = RulesChange()
        change.chat = .hosts
        #expect(world.ask(.set(change), as: "host").isChange)
        world.advance(.seconds(1))
        #expect(!member.ownInfo.permission.canPublishData && host.ownInfo.permission.canPublishData)
        say("public", member)
        say("sideways", member, to: ["other", "host"])
        say("concern", member, to: ["host"])
        say("word", host)
        #expect(
            other.payloads == ["word"] && host.payloads == ["concern"] && world.drops == [.notAllowed, .notAllowed])
        change.chat = .off
        world.ask(.set(change), as: "host")
        say("word2", host)
        #expect(other.payloads == ["word"])
    }
}
