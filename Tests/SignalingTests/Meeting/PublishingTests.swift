// From AddTrack to a track that others receive, and its end.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct PublishingTests {
    @Test(arguments: Version.allCases) func publishSubscribeUnpublish(_ version: Version) throws {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        world.advance(.seconds(1))
        alice.addTrack("cam", .video) {
            $0.width = 1280
            $0.height = 720
            $0.encryption = .gcm
            $0.packetTrailerFeatures = [.ptfFrameID]
            $0.layers = [.with { $0.quality = .high }]
        }
        // The reply comes before any media, and others know nothing yet.
        let published = try #require(alice.published.last)
        #expect(published.cid == "cam" && published.track.sid.hasPrefix("TR_") && published.track.type == .video)
        #expect(
            published.track.source == .camera && published.track.stream == "camera" && published.track.width == 1280)
        #expect(published.track.encryption == .gcm && published.track.packetTrailerFeatures == [.ptfFrameID])
        #expect(bob.roster[alice.sid]?.tracks.isEmpty == true && world.relay.publications.isEmpty)

        alice.offerTrack("cam", .video)
        let answer = try #require(alice.answersReceived.last)
        #expect(answer.id == (version == .v0 ? 1 : 2) && answer.type == "answer" && answer.sdp.contains("a=recvonly"))
        world.advance(.seconds(1))
        let track = try #require(bob.roster[alice.sid]?.tracks.first)
        #expect(track.sid == published.track.sid && track.mid == "7" && track.mimeType == "video/VP8")
        #expect(track.codecs.first?.cid == "cam" && bob.roster[alice.sid]?.isPublisher == true)
        let subscription = try #require(world.relay.subscriptions.values.first)
        #expect(subscription.publication == world.relay.publications.keys.first)
        #expect(subscription.retransmissionSSRC != nil && subscription.canonicalName == alice.sid)
        // The first place for video that bob has.
        let mid = version == .v0 ? "1" : "4"
        #expect(bob.midToTrackID == [mid: track.sid])
        let description = try #require(version == .v0 ? bob.offersReceived.last : bob.answersReceived.last)
        #expect(description.sdp.contains("a=msid:\(alice.sid)|\(track.sid) \(track.sid)\r\n"))
        #expect(
            alice.messages { if case .trackSubscribed(let value) = $0 { value.trackSid } else { nil } } == [track.sid])

        alice.unpublish("cam")
        world.advance(.seconds(1))
        #expect(world.relay.publications.isEmpty && world.relay.subscriptions.isEmpty)
        #expect(bob.roster[alice.sid]?.tracks.isEmpty == true && bob.roster[alice.sid]?.isPublisher == false)
        #expect(bob.midToTrackID.isEmpty)

        // The section is used again, by another track.
        alice.publish("screen", .video, source: .screenShare)
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 1)
        #expect(bob.midToTrackID.keys.sorted() == [mid])
        #expect(bob.roster[alice.sid]?.tracks.first?.stream == "screen")
    }

    @Test(arguments: Version.allCases) func offerBeforeAddTrack(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.offerTrack("mic", .audio)
        #expect(world.relay.publications.isEmpty)
        alice.addTrack("mic", .audio)
        world.advance(.seconds(1))
        #expect(world.relay.publications.count == 1 && bob.roster[alice.sid]?.tracks.count == 1)
    }

    /// Some browsers rename their tracks.
    @Test(arguments: Version.allCases) func unknownTrackIDTakesTheOldestOfItsKind(_ version: Version) throws {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        alice.addTrack("mic", .audio)
        alice.addTrack("first", .video)
        alice.addTrack("second", .video)
        alice.offerTrack("{renamed}", .video)
        let sid = try #require(alice.published.first { $0.cid == "first" }?.track.sid)
        #expect(Array(world.state.tracks.keys) == [sid])
        #expect(world.state.participants.values.first?.publisher.pending.map(\.cid) == ["mic", "second"])
    }

    /// Two publishers with the same cid have nothing to do with each other.
    @Test(arguments: Version.allCases) func sameClientTrackIDTwice(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.publish("cam", .video)
        bob.publish("cam", .video)
        world.advance(.seconds(1))
        #expect(world.relay.publications.count == 2 && world.relay.subscriptions.count == 2)
        #expect(Set(world.state.trackOrder).count == 2)
    }

    @Test(arguments: Version.allCases) func replacedTrackInASection(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        let before = bob.roster[alice.sid]?.tracks.map(\.sid) ?? []
        alice.addTrack("other", .video)
        alice.replace("cam", with: "other")
        world.advance(.seconds(1))
        let after = bob.roster[alice.sid]?.tracks.map(\.sid) ?? []
        #expect(before.count == 1 && after.count == 1 && before != after)
        #expect(world.relay.publications.count == 1 && world.relay.subscriptions.count == 1)
    }

    @Test(arguments: Version.allCases) func repeatedAddTrackIsTheSameTrack(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        alice.addTrack("mic", .audio)
        alice.addTrack("mic", .audio)
        #expect(alice.published.count == 2 && alice.published[0] == alice.published[1])
    }

    @Test(arguments: Version.allCases) func muteIsTold(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.addTrack("mic", .audio) { $0.muted = true }
        alice.offerTrack("mic", .audio)
        world.advance(.seconds(1))
        let sid = alice.published[0].track.sid
        #expect(bob.roster[alice.sid]?.tracks.first?.muted == true && world.relay.muted.count == 1)
        alice.send(.mute(.with { $0.sid = sid }))
        world.advance(.seconds(1))
        #expect(bob.roster[alice.sid]?.tracks.first?.muted == false && world.relay.muted.isEmpty)
        // Only its own.
        bob.send(
            .mute(
                .with {
                    $0.sid = sid
                    $0.muted = true
                }))
        #expect(world.relay.muted.isEmpty)
    }

    /// Some clients take a refused section for a success, so they are told, and nobody else is.
    @Test(arguments: Version.allCases) func nothingInCommon(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.publish("mic", .audio)
        alice.addTrack("cam", .video)
        alice.offerTrack("cam", .video, codecs: [])
        world.advance(.seconds(1))
        let gone = alice.messages { if case .trackUnpublished(let value) = $0 { value.trackSid } else { nil } }
        #expect(gone == [alice.published[1].track.sid] && alice.isOpen)
        #expect(world.relay.publications.count == 1 && bob.roster[alice.sid]?.tracks.map(\.name) == ["mic"])
    }

    @Test func features() throws {
        let world = MeetingWorld()
        let alice = world.join("alice")
        alice.addTrack("mic", .audio) {
            $0.stereo = true
            $0.disableDtx = true
            $0.disableRed = true
        }
        let info = try #require(alice.published.first?.track)
        #expect(Set(info.audioFeatures) == [.tfStereo, .tfNoDtx] && info.stereo && info.disableDtx && info.disableRed)
        alice.offerTrack("mic", .audio, codecs: [.opus, .red])
        let answer = alice.answersReceived.last?.sdp ?? ""
        #expect(answer.contains("stereo=1") && !answer.contains("usedtx=1") && !answer.contains("red/48000"))
        alice.send(
            .updateAudioTrack(
                .with {
                    $0.trackSid = info.sid
                    $0.features = [.tfNoiseSuppression]
                }))
        world.advance(.seconds(1))
        #expect(alice.ownInfo.tracks.first?.audioFeatures == [.tfNoiseSuppression])
    }

    @Test(arguments: ["", "v=0", "v=0\r\n", String(repeating: "a=b\r\n", count: 100_000)])
    func descriptionsThatAreNone(_ sdp: String) {
        let world = MeetingWorld()
        let alice = world.join("alice")
        alice.send(.offer(.with { $0.sdp = sdp }))
        #expect(alice.leaves.last?.action == .reconnect && !alice.isOpen)
        #expect(world.relay.isEmpty)
    }

    @Test(arguments: Version.allCases) func refusedByTheWorker(_ version: Version) throws {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        let publication = try #require(world.relay.publications.keys.first)
        world.report(.publicationClosed(publication))
        let gone = alice.messages { if case .trackUnpublished(let value) = $0 { value.trackSid } else { nil } }
        #expect(gone == [alice.published[0].track.sid])
        world.advance(.seconds(1))
        #expect(bob.roster[alice.sid]?.tracks.isEmpty == true)
    }
}
