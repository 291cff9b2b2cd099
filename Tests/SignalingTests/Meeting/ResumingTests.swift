// Clients that come back to their place: what they keep, what they are told, and what ends the attempt.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct ResumingTests {
    /// Both publish a camera and see each other.
    private func couple(_ version: Version) -> (MeetingWorld, TestClient, TestClient) {
        let world = MeetingWorld(version: version)
        let watcher = world.join("watcher")
        let client = world.join("client")
        client.publish("cam", .video)
        watcher.publish("cam2", .video)
        world.advance(.seconds(2))
        return (world, watcher, client)
    }

    private func away(_ world: MeetingWorld, _ client: TestClient, for time: Duration = .seconds(3)) {
        world.closeSocket(client)
        world.advance(time)
    }

    private func syncState(_ client: TestClient, tracks: [String]) -> LiveKitSyncState {
        .with { state in
            state.publishTracks = tracks.map { sid in .with { $0.track = .with { $0.sid = sid } } }
        }
    }

    @Test(arguments: Version.allCases) func theStayGoesOn(_ version: Version) throws {
        let (world, watcher, client) = couple(version)
        let subscriptions = world.relay.subscriptions.keys
        let transports = world.relay.transports
        watcher.forgetInbox()
        away(world, client)
        #expect(world.resume(client))
        world.advance(.seconds(60))
        #expect(client.isOpen && world.state.participants.count == 2)
        #expect(world.relay.subscriptions.keys == subscriptions && world.relay.transports == transports)
        #expect(watcher.names == ["client"])
        #expect(!watcher.updates.flatMap(\.participants).contains { $0.sid == client.sid }, "others notice nothing")
        #expect(world.notes.count { $0.kind == .resumed } == 1)
    }

    @Test(arguments: Version.allCases) func thePresentComesInOrder(_ version: Version) throws {
        let (world, _, client) = couple(version)
        away(world, client)
        world.resume(client)
        var kinds: [String] = []
        for message in client.newest {
            switch message {
            case .reconnect(let reconnect):
                #expect(reconnect.serverInfo.version == ServerIdentity.version)
                kinds.append("reconnect")
            case .update(let update):
                #expect(Set(update.participants.map(\.identity)) == ["watcher", "client"], "itself included")
                #expect(update.participants.allSatisfy { $0.tracks.count == 1 })
                kinds.append("update")
            case .roomUpdate(let update):
                #expect(update.room.numParticipants == 2)
                kinds.append("room")
            case .speakersChanged: kinds.append("speakers")
            case .offer: kinds.append("offer")
            case .answer: kinds.append("answer")
            default: kinds.append("other")
            }
        }
        #expect(kinds.prefix(4) == ["reconnect", "update", "room", "speakers"])
        // Its own offer is answered; in v0 ours comes before.
        #expect(kinds.dropFirst(4) == (version == .v0 ? ["offer", "answer"] : ["answer"]))
    }

    /// v0: where we offer.
    @Test func ourOfferRestartsICE() throws {
        let (world, _, client) = couple(.v0)
        let transport = try #require(world.primaryTransport(of: client))
        let before = try #require(client.offersReceived.last)
        away(world, client)
        world.resume(client)
        let restart = try #require(world.relay.restarts.first)
        let offer = try #require(client.offersReceived.last)
        #expect(restart.transport == transport)
        #expect(offer.sdp.contains("a=ice-ufrag:\(restart.ice.usernameFragment)\r\n"))
        #expect(offer.sdp.contains("a=ice-pwd:\(restart.ice.password)\r\n"))
        #expect(!before.sdp.contains(restart.ice.usernameFragment))
        #expect(offer.id > before.id && offer.midToTrackID == before.midToTrackID)
        // What is offered from now on keeps them.
        world.advance(.seconds(1))
        client.publish("more", .audio)
        world.join("third").publish("cam3", .video)
        world.advance(.seconds(1))
        #expect(client.offersReceived.last?.sdp.contains("a=ice-ufrag:\(restart.ice.usernameFragment)\r\n") == true)
        #expect(world.relay.restarts.count { $0.transport == transport } == 1)
    }

    @Test(arguments: Version.allCases) func aRoundOfNegotiationThatWasCutOffBeginsAnew(_ version: Version) throws {
        let (world, watcher, client) = couple(version)
        client.isDeaf = true
        watcher.publish("mic", .audio)
        world.advance(.seconds(1))
        world.closeSocket(client)
        world.resume(client)
        world.advance(.seconds(1))
        let id = try #require(world.state.identities["client"])
        let subscriptions = try #require(world.state.participants[id]?.subscriber?.subscriptions)
        #expect(subscriptions.count == 2)
        for subscription in subscriptions.values {
            guard case .open = subscription.stage else {
                Issue.record("not open: \(subscription)")
                continue
            }
        }
    }

    /// With or without a resume around it (RFC 8839, 4.4.3.1.1).
    @Test(arguments: Version.allCases) func theClientsRestartIsAnsweredByOurs(_ version: Version) throws {
        let (world, _, client) = couple(version)
        let id = try #require(world.state.identities["client"])
        let transport = try #require(world.state.participants[id]?.publisher.connection?.transport)
        let first = try #require(client.answersReceived.last)
        client.sendOffer()
        #expect(world.relay.restarts.isEmpty)
        client.restartICE()
        let restart = try #require(world.relay.restarts.last)
        let answer = try #require(client.answersReceived.last)
        #expect(restart.transport == transport)
        #expect(answer.sdp.contains("a=ice-ufrag:\(restart.ice.usernameFragment)\r\n"))
        #expect(!first.sdp.contains(restart.ice.usernameFragment))
        client.sendOffer()
        #expect(client.answersReceived.last?.sdp.contains(restart.ice.usernameFragment) == true)
        #expect(world.relay.restarts.count == 1)
        #expect(world.relay.publications.count == 2, "media goes on")
    }

    @Test(arguments: Version.allCases) func theOldSocketsLateWordsTouchNobody(_ version: Version) {
        let (world, watcher, client) = couple(version)
        let old = client.session
        let leaves = client.leaves.count
        #expect(world.resume(client))
        #expect(client.leaves.count == leaves, "the old socket is closed without a word")
        world.run { $0.receive(.with { $0.leave = .init() }, from: old) }
        world.run { $0.socketClosed(old) }
        world.advance(.seconds(60))
        #expect(client.isOpen && watcher.names == ["client"])
    }

    @Test(arguments: Version.allCases) func whoWentMeanwhileIsNamed(_ version: Version) {
        let (world, _, client) = couple(version)
        let third = world.join("third")
        let fourth = world.join("fourth")
        world.advance(.seconds(1))
        #expect(client.names.count == 3)
        // Before the loss was noticed …
        client.isDeaf = true
        third.leave()
        world.advance(.seconds(1))
        world.closeSocket(client)
        // … and after.
        fourth.leave()
        world.advance(.seconds(3))
        world.resume(client)
        #expect(client.names == ["watcher"])
        let update = client.newest.compactMap { if case .update(let update) = $0 { update } else { nil } }.first
        #expect(
            Set(update?.participants.filter { $0.state == .disconnected }.map(\.identity) ?? []) == ["third", "fourth"])
    }

    @Test(arguments: Version.allCases) func whoWentAndCameBackMeanwhileIsHere(_ version: Version) {
        let (world, watcher, client) = couple(version)
        world.closeSocket(client)
        watcher.leave()
        let again = world.join("watcher")
        world.advance(.seconds(2))
        world.resume(client)
        #expect(client.names == ["watcher"] && client.roster[again.sid] != nil)
        let infos = client.newest.flatMap { message -> [LiveKitParticipantInfo] in
            if case .update(let update) = message { update.participants } else { [] }
        }
        #expect(!infos.contains { $0.state == .disconnected })
    }

    @Test(arguments: Version.allCases) func longGoneDeparturesAreForgotten(_ version: Version) {
        let world = MeetingWorld(version: version)
        world.join("watcher")
        world.advance(.seconds(1))
        for number in 0..<5 {
            let guest = world.join("guest-\(number)")
            world.advance(.seconds(1))
            guest.leave()
        }
        #expect(world.state.recentDepartures.count == 5)
        world.advance(MeetingTimes.longestAbsence + .seconds(2))
        #expect(world.state.recentDepartures.isEmpty)
    }

    @Test(arguments: Version.allCases) func tracksThatCameAndWentMeanwhile(_ version: Version) throws {
        let (world, watcher, client) = couple(version)
        world.closeSocket(client)
        watcher.unpublish("cam2")
        watcher.publish("mic", .audio)
        world.advance(.seconds(2))
        world.resume(client)
        world.advance(.seconds(1))
        let tracks = try #require(client.roster.values.first?.tracks)
        #expect(tracks.count == 1 && tracks.first?.type == .audio)
        #expect(client.midToTrackID.values.sorted() == tracks.map(\.sid))
        #expect(world.relay.subscriptions.count == 2)
    }

    @Test(arguments: Version.allCases) func muteAndSpeakersAreAsTheyAre(_ version: Version) throws {
        let (world, watcher, client) = couple(version)
        watcher.publish("mic", .audio)
        world.advance(.seconds(1))
        let (publication, _) = try #require(world.relay.publications.first { $0.value.kind == .audio })
        world.report(.audioActivity([.init(publication: publication, level: 0.5, isActive: true)]))
        #expect(client.speakers.last?.speakers.first?.active == true)
        world.closeSocket(client)
        watcher.send(
            .mute(
                .with {
                    $0.sid = watcher.ownInfo.tracks.first { $0.type == .audio }?.sid ?? ""
                    $0.muted = true
                }))
        world.advance(.seconds(2))
        world.resume(client)
        #expect(client.roster.values.first?.tracks.first { $0.type == .audio }?.muted == true)
        let silent = try #require(client.speakers.last?.speakers.first { $0.sid == watcher.sid })
        #expect(!silent.active, "some clients keep who is not named")
    }

    @Test(arguments: Version.allCases) func permissionsThatChangedMeanwhile(_ version: Version) throws {
        let (world, watcher, client) = couple(version)
        func told(_ client: TestClient) -> [Bool] {
            client.newest.compactMap {
                if case .subscriptionPermissionUpdate(let update) = $0 { update.allowed } else { nil }
            }
        }
        world.closeSocket(client)
        watcher.send(.subscriptionPermission(.with { $0.allParticipants = false }))
        world.advance(.seconds(1))
        world.resume(client)
        #expect(told(client) == [false])
        world.closeSocket(client)
        watcher.send(.subscriptionPermission(.with { $0.allParticipants = true }))
        world.advance(.seconds(1))
        world.resume(client)
        #expect(told(client) == [true])
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 2)
        world.closeSocket(client)
        world.resume(client)
        #expect(told(client) == [])
    }

    @Test(arguments: Version.allCases) func aConfirmationThatDidNotArriveComesAgain(_ version: Version) throws {
        let (world, _, client) = couple(version)
        client.addTrack("mic", .audio)
        let sid = try #require(client.published.last?.track.sid)
        away(world, client)
        world.resume(client)
        let again = client.newest.compactMap { message -> LiveKitTrackPublishedResponse? in
            if case .trackPublished(let published) = message { published } else { nil }
        }
        #expect(again.map(\.cid) == ["mic"] && again.map(\.track.sid) == [sid])
    }

    @Test(arguments: Version.allCases) func theFirstSubscriberIsNotMissed(_ version: Version) throws {
        let world = MeetingWorld(version: version)
        let bot = world.join("bot")
        bot.publish("cam", .video)
        world.advance(.seconds(1))
        world.closeSocket(bot)
        world.join("viewer")
        world.advance(.seconds(1))
        world.resume(bot)
        let sids = bot.newest.compactMap { if case .trackSubscribed(let told) = $0 { told.trackSid } else { nil } }
        #expect(sids == bot.ownInfo.tracks.map(\.sid))
        world.closeSocket(bot)
        world.resume(bot)
        #expect(!bot.newest.contains { if case .trackSubscribed = $0 { true } else { false } })
    }

    @Test(arguments: Version.allCases) func onlySoMuchIsKeptForWhoIsAway(_ version: Version) throws {
        let (world, _, client) = couple(version)
        world.closeSocket(client)
        let id = try #require(world.state.identities["client"])
        world.run { state in
            for _ in 0..<1000 { state.send(.mute(.with { $0.sid = "TR_x" }), to: id) }
            for _ in 0..<1000 { state.send(.pong(1), to: id) }
        }
        #expect(world.state.participants[id]?.owed.count == Limits.owedMessages)
    }

    @Test(arguments: Version.allCases) func reliablePacketsThatWereMissedComeAgain(_ version: Version) {
        let (world, watcher, client) = couple(version)
        watcher.sendText("one", sequence: 1)
        client.sendText("mine", sequence: 7)
        world.closeSocket(client)
        watcher.sendText("two", sequence: 2)
        let before = client.payloads.count
        world.resume(client)
        let sequences = client.newest.compactMap {
            if case .reconnect(let told) = $0 { told.lastMessageSeq } else { nil }
        }
        #expect(sequences == [7], "it sends the later ones again")
        var state = syncState(client, tracks: client.ownInfo.tracks.map(\.sid))
        client.send(.syncState(state))
        #expect(client.payloads.count == before, "a client that counts nothing gets nothing twice")
        state.datachannelReceiveStates = [
            .with {
                $0.publisherSid = watcher.sid
                $0.lastSeq = 1
            }
        ]
        client.send(.syncState(state))
        #expect(client.payloads.dropFirst(before) == ["two"])
    }

    // MARK: What ends it

    @Test(arguments: Version.allCases) func onlyTheOwnStay(_ version: Version) {
        let (world, watcher, client) = couple(version)
        #expect(world.state.stay(of: "client", sid: client.sid) != nil)
        #expect(world.state.stay(of: "client", sid: watcher.sid) == nil)
        #expect(world.state.stay(of: "watcher", sid: client.sid) == nil)
        #expect(world.state.stay(of: "nobody", sid: client.sid) == nil)
        #expect(world.state.stay(of: "client", sid: "") == nil)
        client.leave()
        #expect(world.state.stay(of: "client", sid: client.sid) == nil)
    }

    @Test(arguments: Version.allCases) func aNewJoinTakesThePlaceForGood(_ version: Version) {
        let (world, _, client) = couple(version)
        world.closeSocket(client)
        world.join("client")
        #expect(world.state.stay(of: "client", sid: client.sid) == nil)
    }

    @Test(arguments: Version.allCases) func nobodyComesBackToAMeetingThatEnded(_ version: Version) {
        let (world, _, client) = couple(version)
        world.shutDown()
        #expect(world.state.stay(of: "client", sid: client.sid) == nil)
    }

    @Test(arguments: Version.allCases) func aLostConnectionGetsTheWholeTimeAgain(_ version: Version) throws {
        let (world, _, client) = couple(version)
        let transport = try #require(world.primaryTransport(of: client))
        world.report(.transport(transport, .disconnected))
        world.advance(MeetingTimes.mediaLostGrace - .seconds(2))
        world.resume(client)
        world.advance(MeetingTimes.mediaLostGrace - .seconds(2))
        #expect(client.isOpen)
        world.advance(.seconds(5))
        #expect(!client.isOpen && client.leaves.last?.action == .reconnect)
    }

    // MARK: What the client holds

    @Test(arguments: Version.allCases) func aTrackUnknownToUsIsPublishedAnew(_ version: Version) {
        let (world, _, client) = couple(version)
        away(world, client)
        world.resume(client)
        client.send(.syncState(syncState(client, tracks: client.ownInfo.tracks.map(\.sid))))
        #expect(client.isOpen)
        client.send(.syncState(syncState(client, tracks: client.ownInfo.tracks.map(\.sid) + ["TR_unknown"])))
        #expect(client.leaves.last?.action == .reconnect && client.leaves.last?.reason == .stateMismatch)
        #expect(client.closed?.code == CloseCode.goingAway)
    }

    @Test(arguments: Version.allCases) func aTrackThatWasTakenAwayMeanwhileIsUnpublished(_ version: Version) throws {
        let (world, _, client) = couple(version)
        let track = try #require(client.ownInfo.tracks.first)
        let publication = try #require(world.state.tracks[track.sid]?.publication)
        world.closeSocket(client)
        world.run { state in
            // As the relay reports a publication that it could not take.
            state.receive([.publicationClosed(publication)])
        }
        world.resume(client)
        client.send(.syncState(syncState(client, tracks: [track.sid])))
        #expect(client.isOpen)
        let told = client.newest.compactMap { if case .trackUnpublished(let told) = $0 { told.trackSid } else { nil } }
        #expect(told == [track.sid])
    }

    @Test(arguments: Version.allCases) func wishesAreTakenOver(_ version: Version) throws {
        let (world, watcher, client) = couple(version)
        watcher.publish("mic", .audio)
        world.advance(.seconds(1))
        let tracks = try #require(client.roster.values.first?.tracks)
        let video = try #require(tracks.first { $0.type == .video }?.sid)
        let audio = try #require(tracks.first { $0.type == .audio }?.sid)
        away(world, client)
        world.resume(client)
        var state = syncState(client, tracks: client.ownInfo.tracks.map(\.sid))
        state.trackSidsDisabled = [audio, "TR_gone"]
        state.subscription = .with {
            $0.trackSids = [video, "TR_gone"]
            $0.subscribe = false
        }
        client.send(.syncState(state))
        world.advance(.seconds(1))
        let id = try #require(world.state.identities["client"])
        let subscriber = try #require(world.state.participants[id]?.subscriber)
        #expect(Set(subscriber.subscriptions.keys) == [audio])
        #expect(world.relay.paused.count == 1)
        #expect(!client.newest.contains { if case .subscriptionResponse = $0 { true } else { false } })
    }
}
