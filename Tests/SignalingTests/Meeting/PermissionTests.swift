// What a token allows, and what it does not.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct PermissionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var canPublish: Bool?
        var sources: [String]?
        var source: LiveKitTrackSource
        var isAllowed: Bool
        var testDescription: String { "\(canPublish as Any) \(sources as Any) \(source)" }
    }

    @Test(arguments: [
        Case(canPublish: nil, sources: nil, source: .camera, isAllowed: true),
        Case(canPublish: nil, sources: [], source: .unknown, isAllowed: true),
        Case(canPublish: true, sources: ["microphone"], source: .microphone, isAllowed: true),
        Case(canPublish: true, sources: ["microphone"], source: .camera, isAllowed: false),
        Case(canPublish: true, sources: ["microphone"], source: .unknown, isAllowed: false),
        Case(
            canPublish: true, sources: ["screen_share", "screen_share_audio"], source: .screenShareAudio,
            isAllowed: true),
        Case(canPublish: false, sources: nil, source: .camera, isAllowed: false),
        Case(canPublish: false, sources: ["camera"], source: .camera, isAllowed: false),
        Case(canPublish: true, sources: ["nonsense"], source: .camera, isAllowed: false),
    ])
    func publishing(_ given: Case) {
        let world = MeetingWorld()
        let alice = world.join("alice") {
            $0.canPublish = given.canPublish
            $0.canPublishSources = given.sources
        }
        let bob = world.join("bob")
        alice.publish("t", .video, source: given.source)
        world.advance(.seconds(1))
        #expect(alice.published.count == (given.isAllowed ? 1 : 0))
        #expect(world.relay.publications.count == (given.isAllowed ? 1 : 0))
        #expect(bob.roster[alice.sid]?.tracks.count == (given.isAllowed ? 1 : 0))
        if !given.isAllowed {
            let response = alice.responses.last
            #expect(response?.reason == .notAllowed)
            // The browser SDK finds its request by the cid in the echo.
            #expect(response?.addTrack.cid == "t")
        }
        #expect(alice.join.fastPublish == (given.canPublish ?? true))
    }

    @Test(arguments: Version.allCases) func subscribingForbidden(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob") { $0.canSubscribe = false }
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        bob.send(
            .subscription(
                .with {
                    $0.trackSids = [alice.published[0].track.sid]
                    $0.subscribe = true
                }))
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.isEmpty)
        let told = bob.messages { if case .subscriptionPermissionUpdate(let value) = $0 { value } else { nil } }
        #expect(told.last?.allowed == false)
    }

    @Test(arguments: Version.allCases) func audience(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        let carol = world.join("carol")
        alice.publish("cam", .video)
        alice.publish("mic", .audio)
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 4)
        let camera = alice.published[0].track.sid
        let permission = LiveKitSubscriptionPermission.with {
            $0.trackPermissions = [
                .with {
                    $0.participantIdentity = "bob"
                    $0.allTracks = true
                },
                .with {
                    $0.participantSid = carol.sid
                    $0.trackSids = [camera]
                },
            ]
        }
        alice.send(.subscriptionPermission(permission))
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 3)
        func told(_ client: TestClient) -> [Bool] {
            client.messages { if case .subscriptionPermissionUpdate(let value) = $0 { value.allowed } else { nil } }
        }
        #expect(told(bob).isEmpty && told(carol) == [false])
        // Asking for it does not help.
        carol.send(
            .subscription(
                .with {
                    $0.trackSids = [alice.published[1].track.sid]
                    $0.subscribe = true
                }))
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 3)
        // Whoever comes later is not on the list.
        world.join("dave")
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 3)
        alice.send(.subscriptionPermission(.with { $0.allParticipants = true }))
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 6 && told(carol).last == true)
    }

    @Test func metadata() throws {
        let world = MeetingWorld()
        let alice = world.join("alice") { $0.canUpdateOwnMetadata = true }
        let bob = world.join("bob")
        world.advance(.seconds(1))
        func update(_ client: TestClient, _ change: (inout LiveKitUpdateParticipantMetadata) -> Void) {
            var update = LiveKitUpdateParticipantMetadata.with { $0.requestID = 7 }
            change(&update)
            client.send(.updateMetadata(update))
            world.advance(.seconds(1))
        }
        update(alice) {
            $0.metadata = "m"
            $0.name = "Alice"
            $0.attributes = ["a": "1", "b": "2"]
        }
        #expect(alice.responses.last?.reason == .ok && alice.responses.last?.requestID == 7)
        #expect(bob.roster[alice.sid]?.metadata == "m" && bob.roster[alice.sid]?.name == "Alice")
        #expect(alice.ownInfo.metadata == "m")
        update(alice) { $0.attributes = ["a": ""] }
        #expect(bob.roster[alice.sid]?.attributes == ["b": "2"] && bob.roster[alice.sid]?.name == "Alice")
        update(alice) { $0.metadata = String(repeating: "x", count: Limits.metadataBytes + 1) }
        #expect(alice.responses.last?.reason == .limitExceeded && bob.roster[alice.sid]?.metadata == "m")
        update(alice) { $0.attributes = ["c": String(repeating: "x", count: Limits.attributesBytes)] }
        #expect(alice.responses.last?.reason == .limitExceeded)
        update(bob) { $0.name = "Eve" }
        #expect(bob.responses.last?.reason == .notAllowed && alice.roster[bob.sid]?.name == "BOB")
    }

    @Test func unservedRequestsAreAnswered() {
        let world = MeetingWorld()
        let alice = world.join("alice")
        alice.send(.publishDataTrackRequest(.with { $0.pubHandle = 3 }))
        #expect(
            alice.responses.last?.reason == .unsupportedType && alice.responses.last?.publishDataTrack.pubHandle == 3)
        alice.send(.storeDataBlobRequest(.with { $0.requestID = 5 }))
        #expect(alice.responses.last?.reason == .unsupportedType && alice.responses.last?.requestID == 5)
        alice.addTrack("backup", .video) { $0.sid = "TR_x" }
        #expect(alice.responses.last?.reason == .unsupportedType)
        alice.addTrack("data", .video) { $0.type = .data }
        #expect(alice.responses.last?.reason == .unsupportedType)
        #expect(alice.published.isEmpty && alice.isOpen)
        alice.send(.simulate(.with { $0.nodeFailure = true }))
        alice.send(.syncState(.init()))
        #expect(alice.isOpen)
    }

    @Test func limits() {
        let world = MeetingWorld()
        let alice = world.join("alice")
        for index in 0..<Limits.pendingTracks { alice.addTrack("t\(index)", .audio) }
        #expect(alice.published.count == Limits.pendingTracks)
        alice.addTrack("more", .audio)
        #expect(alice.responses.last?.reason == .limitExceeded && alice.responses.last?.addTrack.cid == "more")
        let bob = world.join("bob")
        bob.addTrack(String(repeating: "x", count: 1000), .audio)
        #expect(bob.responses.last?.reason == .invalidRequest)
        bob.addTrack("", .audio)
        #expect(bob.responses.last?.reason == .invalidRequest)
    }
}
