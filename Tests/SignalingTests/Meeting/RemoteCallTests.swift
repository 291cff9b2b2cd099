// A back end's calls of methods at participants: the request, and every way in which the wait ends.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct RemoteCallTests {
    private func call(
        _ world: MeetingWorld, _ change: (inout LiveKitPerformRpcRequest) -> Void = { _ in }
    ) throws(AdministrationError) -> RemoteCallID {
        var request = LiveKitPerformRpcRequest.with {
            $0.destinationIdentity = "alice"
            $0.method = "greet"
            $0.payload = "hi"
        }
        change(&request)
        var result = Result<RemoteCallID, AdministrationError>.failure(.noSuchRoom)
        world.run { state in result = Result { () throws(AdministrationError) in try state.call(request) } }
        return try result.get()
    }

    private func pair() -> (MeetingWorld, TestClient, TestClient) {
        let world = MeetingWorld()
        let (alice, bob) = (world.join("alice"), world.join("bob"))
        world.advance(.seconds(1))
        return (world, alice, bob)
    }

    private func answer(_ id: RemoteCallID, _ value: LiveKitRpcResponse.OneOf_Value?) -> LiveKitDataPacket {
        .with {
            $0.destinationIdentities = ["server"]
            $0.rpcResponse = .with {
                $0.requestID = id.rawValue
                $0.value = value
            }
        }
    }

    @Test func theAnswerOfTheCalleeEndsTheCallAndReachesNobodyElse() throws {
        let (world, alice, bob) = pair()
        let id = try call(world) { $0.responseTimeoutMs = 3000 }
        let request = try #require(alice.packets.first).packet
        #expect(request.rpcRequest.method == "greet" && request.rpcRequest.payload == "hi")
        #expect(request.rpcRequest.id == id.rawValue && request.rpcRequest.responseTimeoutMs == 3000)
        #expect(request.participantIdentity == "server" && request.rpcRequest.version == 1)
        // Somebody else's answer is a packet like any other.
        bob.sendData(answer(id, .payload("forged")))
        #expect(world.callsEnded.isEmpty)
        alice.sendData(.with { $0.rpcAck.requestID = id.rawValue })
        alice.sendData(answer(id, .payload("hello")))
        #expect(world.callsEnded == [id: .answered("hello")] && bob.packets.isEmpty)
        // A second one comes too late.
        alice.sendData(answer(id, .payload("again")))
        world.advance(.seconds(10))
        #expect(world.callsEnded == [id: .answered("hello")])
    }

    @Test func errorsAndUnreadableAnswersEndTheCall() throws {
        let (world, alice, _) = pair()
        let refused = try call(world)
        alice.sendData(
            answer(
                refused,
                .error(
                    .with {
                        $0.code = 1400
                        $0.message = "no such method"
                    })))
        #expect(world.callsEnded[refused] == .failed(code: 1400, message: "no such method"))
        let empty = try call(world)
        alice.sendData(answer(empty, nil))
        #expect(world.callsEnded[empty] == .failed(code: 0, message: "the answer cannot be read"))
    }

    @Test func aCallEndsWhenItsTimeIsOver() throws {
        let (world, _, _) = pair()
        let short = try call(world) { $0.responseTimeoutMs = 500 }
        let ordinary = try call(world)
        let long = try call(world) { $0.responseTimeoutMs = .max }
        world.advance(.milliseconds(499))
        #expect(world.callsEnded.isEmpty)
        world.advance(.milliseconds(1))
        #expect(world.callsEnded == [short: .timedOut])
        world.advance(MeetingTimes.call)
        #expect(world.callsEnded[ordinary] == .timedOut && world.callsEnded[long] == nil)
        world.advance(MeetingTimes.longestCall)
        #expect(world.callsEnded[long] == .timedOut && world.state.calls.isEmpty)
    }

    @Test func aCallEndsWithItsCalleeAndItsMeeting() throws {
        let (world, alice, _) = pair()
        let first = try call(world)
        alice.leave()
        #expect(world.callsEnded == [first: .gone])
        #expect(throws: AdministrationError.noSuchParticipant) { try call(world) }
        let second = try call(world) { $0.destinationIdentity = "bob" }
        world.run { $0.delete() }
        #expect(world.callsEnded[second] == .gone && world.hasEnded)
    }

    @Test func callsAreLimited() throws {
        let (world, _, _) = pair()
        #expect(throws: AdministrationError.tooLong(field: "payload")) {
            try call(world) { $0.payload = String(repeating: "x", count: Limits.callPayloadBytes + 1) }
        }
        #expect(throws: AdministrationError.tooLong(field: "method")) {
            try call(world) { $0.method = String(repeating: "x", count: Limits.nameBytes + 1) }
        }
        for _ in 0..<Limits.callsPerMeeting { _ = try call(world) }
        #expect(throws: AdministrationError.tooManyCalls) { try call(world) }
    }
}
