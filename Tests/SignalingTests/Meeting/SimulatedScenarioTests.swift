// Failures on request: each looks to the client like the real one, and hits nobody else.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct SimulatedScenarioTests {
    private func couple(isAllowed: Bool = true) -> (MeetingWorld, TestClient, TestClient) {
        var configuration = MeetingConfiguration()
        configuration.simulatesScenarios = isAllowed
        let world = MeetingWorld(configuration)
        let watcher = world.join("watcher")
        let client = world.join("client")
        client.publish("mic", .audio)
        world.advance(.seconds(2))
        return (world, watcher, client)
    }

    private func simulate(_ client: TestClient, _ scenario: LiveKitSimulateScenario.OneOf_Scenario?) {
        client.send(.simulate(.with { $0.scenario = scenario }))
    }

    @Test(arguments: [
        LiveKitSimulateScenario.OneOf_Scenario.speakerUpdate(3), .nodeFailure(true), .migration(true),
        .serverLeave(true), .switchCandidateProtocol(.tcp), .subscriberBandwidth(1000),
        .disconnectSignalOnResume(true), .disconnectSignalOnResumeNoMessages(true), .leaveRequestFullReconnect(true),
    ])
    func notWithoutTheOperatorsLeave(_ scenario: LiveKitSimulateScenario.OneOf_Scenario) {
        let (world, _, client) = couple(isAllowed: false)
        simulate(client, scenario)
        #expect(client.responses.last?.reason == .notAllowed)
        #expect(client.isOpen && client.leaves.isEmpty && client.speakers.isEmpty)
        world.closeSocket(client)
        world.resume(client)
        #expect(client.isOpen)
    }

    @Test func speech() throws {
        let (world, watcher, client) = couple()
        simulate(client, .speakerUpdate(3))
        let speaker = try #require(watcher.speakers.last?.speakers.first)
        #expect(speaker.sid == client.sid && speaker.active && speaker.level > 0.5)
        world.advance(.seconds(2))
        #expect(watcher.speakers.count == 1)
        world.advance(.seconds(3))
        #expect(watcher.speakers.last?.speakers.first?.active == false)
        simulate(client, .speakerUpdate(.max))
        simulate(client, .speakerUpdate(.min))
        world.advance(.seconds(2))
        #expect(watcher.speakers.last?.speakers.first?.active == false)
    }

    @Test func nodeFailure() {
        let (world, watcher, client) = couple()
        simulate(client, .nodeFailure(true))
        #expect(client.wasAborted && client.closed == nil && client.leaves.isEmpty)
        #expect(!world.resume(client), "nothing is left of it")
        #expect(world.relay.transports.count == 1 && world.relay.publications.isEmpty)
        world.advance(.seconds(1))
        #expect(watcher.names.isEmpty && watcher.isOpen)
    }

    @Test func serverLeave() {
        let (world, watcher, client) = couple()
        simulate(client, .serverLeave(true))
        #expect(client.leaves.last?.action == .disconnect && client.leaves.last?.reason == .serverShutdown)
        world.advance(.seconds(1))
        #expect(watcher.names.isEmpty)
    }

    @Test func fullReconnect() {
        let (world, _, client) = couple()
        simulate(client, .leaveRequestFullReconnect(true))
        #expect(client.leaves.last?.action == .reconnect && client.closed?.code == CloseCode.goingAway)
        #expect(!world.resume(client))
    }

    @Test(arguments: [
        LiveKitSimulateScenario.OneOf_Scenario.migration(true), .switchCandidateProtocol(.tcp),
        .switchCandidateProtocol(.tls),
    ])
    func aSocketThatEndsIsAllThatIsLost(_ scenario: LiveKitSimulateScenario.OneOf_Scenario) {
        let (world, watcher, client) = couple()
        simulate(client, scenario)
        #expect(client.leaves.isEmpty && client.closed?.code == CloseCode.goingAway)
        world.advance(.milliseconds(300))
        #expect(world.resume(client) && client.isOpen)
        world.advance(.seconds(30))
        #expect(watcher.names == ["client"] && world.relay.publications.count == 1)
    }

    /// The protocols of the candidates in the newest description from us.
    private func protocols(in descriptions: [LiveKitSessionDescription]) throws -> Set<String> {
        let description = try SessionDescription(parsing: #require(descriptions.last).sdp)
        return Set(description.sections.flatMap(\.candidates).map(\.transport))
    }

    @Test(arguments: [Version.v0, .v1]) func aSwitchToTCPAndBack(_ version: Version) throws {
        var configuration = MeetingConfiguration()
        configuration.simulatesScenarios = true
        let world = MeetingWorld(configuration, version: version)
        let watcher = world.join("watcher")
        var client = world.join("client")
        client.publish("mic", .audio)
        watcher.publish("mic", .audio)
        world.advance(.seconds(2))
        func told() throws -> [Set<String>] {
            let answer = try protocols(in: client.answersReceived)
            return version == .v1 ? [answer] : [answer, try protocols(in: client.offersReceived)]
        }
        #expect(try told().allSatisfy { $0 == ["udp", "tcp"] })
        for (wanted, expected) in [
            (LiveKitCandidateProtocol.tcp, Set(["tcp"])), (.tls, ["tcp"]), (.udp, ["udp", "tcp"]), (.tcp, ["tcp"]),
        ] {
            simulate(client, .switchCandidateProtocol(wanted))
            #expect(!client.isOpen)
            world.advance(.milliseconds(300))
            #expect(world.resume(client))
            world.advance(.seconds(2))
            #expect(try told().allSatisfy { $0 == expected })
        }
        // JavaScript's SDK leaves and joins anew.
        client.send(.leave(.init()))
        client = world.join("client")
        client.publish("mic", .audio)
        world.advance(.seconds(2))
        #expect(try told().allSatisfy { $0 == ["tcp"] })
        // Nobody else is meant.
        #expect(try protocols(in: watcher.answersReceived) == ["udp", "tcp"])
    }

    @Test(arguments: [true, false]) func aResumeThatIsCutOff(withMessages: Bool) {
        let (world, watcher, client) = couple()
        simulate(
            client, withMessages ? .disconnectSignalOnResume(true) : .disconnectSignalOnResumeNoMessages(true))
        #expect(client.isOpen)
        world.closeSocket(client)
        world.resume(client)
        #expect(!client.isOpen && client.newest.isEmpty != withMessages && client.leaves.isEmpty)
        world.advance(.milliseconds(300))
        #expect(world.resume(client) && client.isOpen, "only once")
        world.advance(.seconds(30))
        #expect(watcher.names == ["client"])
    }

    @Test func whatIsNotServedIsSaid() {
        let (world, _, client) = couple()
        simulate(client, .subscriberBandwidth(100_000))
        #expect(client.responses.last?.reason == .unsupportedType)
        simulate(client, nil)
        #expect(client.responses.count == 2)
        world.advance(.seconds(30))
        #expect(client.isOpen)
    }
}
