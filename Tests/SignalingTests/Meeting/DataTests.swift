// Packets of the data channels: who gets them, what they say about their sender, and what is kept for whom.

import Foundation
import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct DataTests {
    private func trio(
        _ version: Version = .v0, _ grant: (inout VideoGrant) -> Void = { _ in }
    ) -> (MeetingWorld, TestClient, TestClient, TestClient) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice", grant: grant)
        let bob = world.join("bob")
        let carol = world.join("carol")
        world.advance(.seconds(1))
        return (world, alice, bob, carol)
    }

    @Test func channelsAreOpenedWhereTheClientWaitsForThem() throws {
        let world = MeetingWorld()
        let alice = world.join("alice")
        let place = try #require(world.dataTransports(of: alice))
        let channels = try #require(world.relay.dataChannels[place.receives])
        #expect(
            channels == [
                DataChannelParameters(label: "_reliable"),
                DataChannelParameters(label: "_lossy", isOrdered: false, maximumRetransmissions: 0),
            ])
        // A client that only publishes opens its own.
        let bob = world.join("bob") { $0.canSubscribe = false }
        bob.sendOffer()
        // So does one with a single connection.
        let carol = world.join("carol", version: .v1)
        for client in [bob, carol] {
            let other = try #require(world.dataTransports(of: client))
            #expect(world.relay.dataChannels[other.receives] == nil && other.sends == other.receives)
        }
    }

    @Test(arguments: ["_reliable", "_lossy"], Version.allCases)
    func everybodyElseGetsAPacketOnTheSameChannelStampedWithItsSender(channel: String, _ version: Version) {
        let (world, alice, bob, carol) = trio(version)
        alice.sendText("hello", on: channel, sequence: 1) {
            // What it says about itself is overwritten, its kind above all: one SDK has it inverted.
            $0.kind = channel == "_lossy" ? .reliable : .lossy
            $0.participantSid = bob.sid
            $0.participantIdentity = "bob"
            $0.user.participantSid = bob.sid
            $0.user.participantIdentity = "bob"
            $0.user.topic = "lights"
        }
        for client in [bob, carol] {
            #expect(client.payloads == ["hello"] && client.packets.first?.channel == channel)
            let packet = client.packets[0].packet
            #expect(packet.participantSid == alice.sid && packet.participantIdentity == "alice")
            #expect(packet.user.participantSid == alice.sid && packet.user.participantIdentity == "alice")
            #expect(packet.user.topic == "lights" && packet.sequence == 1)
        }
        #expect(alice.packets.isEmpty && world.drops.isEmpty)
        #expect(world.relay.dataHandled.last?.recipients.count == 2)
    }

    @Test func aPacketIsEncodedOnceForAll() {
        let (world, alice, bob, carol) = trio()
        alice.sendText("one")
        #expect(bob.packets.count == 1 && carol.packets.count == 1)
        #expect(world.relay.dataHandled.count == 1)
    }

    @Test func destinationsAreHonouredWhereverTheClientNamesThem() {
        let (world, alice, bob, carol) = trio()
        alice.sendText("by identity", to: ["bob", "alice", "nobody"])
        alice.sendText("by the packet's old field") { $0.user.destinationIdentities = ["bob"] }
        alice.sendText("by sid") { $0.user.destinationSids = [bob.sid] }
        alice.sendText("to a stranger", to: ["dave"])
        #expect(bob.payloads == ["by identity", "by the packet's old field", "by sid"])
        #expect(carol.packets.isEmpty && alice.packets.isEmpty)
        #expect(world.drops.isEmpty)
    }

    @Test func contentThatOnlyClientsUnderstandPassesAsItIs() {
        let (world, alice, bob, _) = trio()
        var values: [LiveKitDataPacket.OneOf_Value] = [
            .chatMessage(.with { $0.message = "hi" }),
            .rpcRequest(.with { $0.method = "add" }),
            .rpcAck(.with { $0.requestID = "1" }),
            .rpcResponse(.with { $0.payload = "3" }),
            .streamHeader(.with { $0.streamID = "s" }),
            .streamChunk(.with { $0.content = Data([1, 2, 3]) }),
            .streamTrailer(.with { $0.streamID = "s" }),
            .encryptedPacket(.with { $0.encryptedValue = Data([9]) }),
            .sipDtmf(.with { $0.digit = "5" }),
        ]
        for value in values { alice.sendData(.with { $0.value = value }) }
        #expect(bob.packets.compactMap(\.packet.value) == values && world.drops.isEmpty)
        // A member newer than this server: field 40, a length-delimited one.
        alice.sendData([0xC2, 0x02, 0x02, 0x08, 0x01])
        values.removeAll()
        #expect(bob.packets.count == 10 && world.drops.isEmpty)
        #expect(bob.packets.last?.packet.unknownFields != UnknownStorage())
    }

    @Test func whoMayNotSendDataIsHeardByNobody() {
        let (world, alice, bob, _) = trio(.v0) { $0.canPublishData = false }
        alice.sendText("psst")
        #expect(bob.packets.isEmpty && world.drops == [.notAllowed])
    }

    @Test func onlyAgentsTranscribeAndNobodyNamesSpeakers() {
        let (world, alice, bob, _) = trio()
        alice.sendData(.with { $0.transcription = .init() })
        alice.sendData(.with { $0.speaker = .init() })
        #expect(bob.packets.isEmpty && world.drops == [.notAllowed, .notAllowed])
        let agent = world.join("agent") { $0.agent = true }
        world.advance(.seconds(1))
        agent.sendData(.with { $0.transcription = .init() })
        #expect(bob.packets.count == 1)
    }

    @Test func metricsGoToThoseWhoMaySeeThem() {
        let (world, alice, bob, _) = trio()
        let reader = world.join("reader") { $0.canSubscribeMetrics = true }
        world.advance(.seconds(1))
        alice.sendData(.with { $0.metrics = Data([8, 1]) })
        #expect(reader.packets.count == 1 && bob.packets.isEmpty)
    }

    @Test func aHiddenSenderHasNoName() {
        let (world, alice, bob, _) = trio(.v0) { $0.hidden = true }
        alice.sendText("recording starts")
        let packet = bob.packets.first?.packet
        #expect(packet?.participantIdentity == "" && packet?.user.participantIdentity == "")
        #expect(packet?.user.participantSid == "" && packet?.participantSid == alice.sid)
        #expect(world.drops.isEmpty)
    }

    @Test func aReliablePacketSentAgainIsDropped() {
        let (world, alice, bob, _) = trio()
        for sequence in [1, 2, 2, 1, 3] { alice.sendText("\(sequence)", sequence: UInt32(sequence)) }
        #expect(bob.payloads == ["1", "2", "3"] && world.drops == [.duplicate, .duplicate])
        let id = world.state.identities["alice"]
        #expect(id.map { world.state.lastDataSequence(of: $0) } == 3)
        // Lossy packets and those of older SDKs are not counted.
        alice.sendText("lossy", on: "_lossy", sequence: 1)
        alice.sendText("uncounted")
        #expect(bob.payloads.suffix(2) == ["lossy", "uncounted"])
    }

    @Test func whoJoinsGetsWhatWasSentBeforeItsConnectionStood() throws {
        let (world, alice, bob, _) = trio()
        alice.sendText("too early", sequence: 1)
        world.advance(.seconds(1))
        world.isAutomatic = false
        let dave = world.join("dave")
        alice.sendText("a1", sequence: 2)
        bob.sendText("b1", sequence: 1)
        alice.sendText("not for dave", sequence: 3, to: ["bob"])
        alice.sendText("lossy", on: "_lossy")
        alice.sendText("a2", sequence: 4)
        #expect(dave.packets.isEmpty)
        let place = try #require(world.dataTransports(of: dave))
        world.report(.transport(place.receives, .connected(.aeadAES128GCM)))
        #expect(dave.payloads == ["a1", "b1", "a2"])
    }

    @Test func whoResumesGetsWhatItSaysToHaveMissed() throws {
        let (world, alice, bob, carol) = trio()
        for sequence in 1...4 { alice.sendText("a\(sequence)", sequence: UInt32(sequence)) }
        carol.sendText("c1", sequence: 1)
        let before = bob.packets.count
        let id = try #require(world.state.identities["bob"])
        world.run { $0.replayData(to: id, after: [alice.sid: 2, carol.sid: 1]) }
        #expect(bob.payloads.dropFirst(before) == ["a3", "a4"])
        world.run { $0.replayData(to: id, after: [alice.sid: 4]) }
        #expect(bob.payloads.last == "c1")
    }

    @Test func historyIsBoundedInTimeAndBytes() throws {
        let (world, alice, bob, _) = trio()
        let id = try #require(world.state.identities["bob"])
        alice.sendText("old", sequence: 1)
        world.advance(MeetingTimes.dataHistory + .seconds(1))
        let before = bob.packets.count
        world.run { $0.replayData(to: id) }
        #expect(bob.packets.count == before)
        let large = String(repeating: "x", count: 15_000)
        for sequence in 2...40 { alice.sendText(large, sequence: UInt32(sequence)) }
        let sent = bob.packets.count
        world.run { $0.replayData(to: id) }
        let replayed = bob.packets.dropFirst(sent)
        #expect(replayed.count == Limits.dataHistoryBytes / 15_400 && replayed.last?.packet.sequence == 40)
        // Tiny ones count their bookkeeping as well.
        for sequence in 41...5000 { alice.sendText("", sequence: UInt32(sequence)) }
        let now = bob.packets.count
        world.run { $0.replayData(to: id) }
        #expect(bob.packets.count - now <= Limits.dataHistoryBytes / Limits.dataHistoryPacketCost)
    }

    @Test func hostilePacketsAreCountedAndChangeNothing() {
        let (world, alice, bob, _) = trio()
        alice.sendData([])
        alice.sendData([0xFF, 0xFF, 0xFF])
        alice.sendData([0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F])
        alice.sendText(String(repeating: "x", count: Limits.dataPacketBytes - 50))
        alice.sendText("data track", on: "_data_track")
        alice.sendText("", on: "")
        #expect(world.drops == [.malformed, .malformed, .malformed, .tooLarge, .channel, .channel])
        #expect(bob.packets.isEmpty && alice.isOpen)
        alice.sendText("still here", sequence: .max)
        #expect(bob.payloads == ["still here"])
    }

    @Test func whoTakesUpDataTooSlowlyStartsAnew() throws {
        let (world, alice, bob, _) = trio()
        let place = try #require(world.dataTransports(of: bob))
        world.report(.dataOverflow(place.receives))
        #expect(bob.leaves.last?.action == .reconnect && bob.closed?.code == CloseCode.goingAway)
        world.advance(.seconds(1))
        #expect(alice.names == ["carol"] && world.notes.last?.reason == "data-overflow")
        alice.sendText("to those who are left")
        #expect(bob.packets.isEmpty)
    }

    @Test func aConnectionThatIsGoneIsNotAnswered() throws {
        let (world, alice, bob, _) = trio()
        let place = try #require(world.dataTransports(of: alice))
        alice.leave()
        world.report(.data(place.sends, DataMessage(channel: "_reliable", bytes: [1])))
        #expect(world.relay.dataHandled.isEmpty && bob.packets.isEmpty)
    }
}
