// The tokens that clients come back with: when they are given and what they say.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct TokenRefreshTests {
    @Test func oneAfterJoinAndThenEveryFiveMinutes() {
        let world = MeetingWorld()
        let alice = world.join("alice")
        #expect(world.tokens.map(\.session) == [alice.session])
        #expect(world.tokens.first?.terms == TokenTerms(key: "key", lifetime: 3600))
        world.advance(.seconds(290))
        #expect(world.tokens.count == 1)
        world.advance(.seconds(12))
        #expect(world.tokens.count == 2)
        world.advance(.seconds(600))
        #expect(world.tokens.count == 4)
    }

    @Test func itSaysWhatIsTrueNow() throws {
        let world = MeetingWorld()
        let alice = world.join("alice") {
            $0.canUpdateOwnMetadata = true
            $0.canPublishSources = ["microphone"]
            $0.roomAdmin = true
        }
        let first = try #require(world.tokens.last).claims
        #expect(first.identity == "alice" && first.name == "ALICE" && first.video.room == "m")
        #expect(first.video.roomJoin == true && first.video.roomAdmin == true)
        #expect(Rights(first.video) == world.state.participants.values.first?.rights)
        alice.send(
            .updateMetadata(
                .with {
                    $0.metadata = "desk 7"
                    $0.name = "Alice"
                    $0.attributes = ["hand": "up"]
                }))
        world.advance(.seconds(2))
        #expect(world.tokens.count == 2)
        let second = try #require(world.tokens.last).claims
        #expect(second.metadata == "desk 7" && second.name == "Alice" && second.attributes == ["hand": "up"])
        world.advance(.seconds(10))
        #expect(world.tokens.count == 2)
    }

    @Test func noneForWhoIsAwayAndOneOnTheReturn() {
        let world = MeetingWorld()
        let alice = world.join("alice")
        world.closeSocket(alice)
        world.advance(.seconds(5))
        #expect(world.tokens.count == 1)
        world.resume(alice)
        #expect(world.tokens.count == 2 && world.tokens.last?.session == alice.session)
    }
}
