// Whole meetings through one worker's core in virtual time: ICE, DTLS, SRTP, media and its repair.

import MediaRelay
import ScenarioSupport
import Testing

@Suite struct MeetingScenarioTests {
    @Test func twoPeopleSeeAndHearEachOther() {
        let scenario = Scenario(seed: 1)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        let tracks = [alice, bob].map { (scenario.publish(.audio, from: $0), scenario.publish(.video, from: $0)) }
        let heard = [scenario.subscribe(bob, to: tracks[0].0), scenario.subscribe(alice, to: tracks[1].0)]
        let seen = [scenario.subscribe(bob, to: tracks[0].1), scenario.subscribe(alice, to: tracks[1].1)]
        scenario.run(for: .seconds(5))
        for receiver in heard { #expect(receiver.decoded >= 245 && receiver.missing == 0) }
        for receiver in seen {
            #expect(receiver.decoded >= 145 && receiver.missing == 0 && receiver.pictureJumps == 0)
            #expect(receiver.longestFreeze < .milliseconds(100))
        }
        #expect(scenario.server.statistics().srtpProfiles == [.aeadAES128GCM: 2])
    }

    /// The same numbers over UDP and TCP are two people.
    @Test func addressesThatDifferInTheProtocolAlone() throws {
        let scenario = Scenario(seed: 13)
        let alice = scenario.join("alice")
        let same = try #require(SocketAddress(ip: alice.address.ip, port: alice.address.port, kind: .tcp))
        let bob = scenario.join("bob") { $0.address = same }
        #expect(scenario.connect())
        let tracks = [alice, bob].map { scenario.publish(.video, from: $0) }
        let seen = [scenario.subscribe(bob, to: tracks[0]), scenario.subscribe(alice, to: tracks[1])]
        scenario.run(for: .seconds(3))
        for receiver in seen { #expect(receiver.decoded >= 85 && receiver.missing == 0) }
    }

    /// Subscribing before anybody is connected is what signaling does.
    @Test func everythingMayBeAskedForBeforeTheConnectionStands() throws {
        let scenario = Scenario(seed: 2)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        let camera = scenario.publish(.video, from: alice)
        let picture = scenario.subscribe(bob, to: camera)
        scenario.run(for: .seconds(2))
        let first = try #require(picture.firstDecoded)
        #expect(first.since(VirtualNetwork.origin) < .milliseconds(500))
        #expect(scenario.server.events.contains(.publicationStarted(camera.publication)))
    }

    /// The ClientHello is kept: without that the client would only try again a second later.
    @Test func aHandshakeThatOvertakesTheAnswerIsNotLost() throws {
        let scenario = Scenario(seed: 3)
        let alice = scenario.join("alice", holdsAnswer: true)
        scenario.run(for: .milliseconds(400))
        let transport = try #require(alice.serverTransport)
        #expect(scenario.server.events == [.transport(transport, .iceConnected)])
        scenario.deliverAnswer(of: alice)
        #expect(scenario.run(within: .milliseconds(300)) { alice.isConnected })
    }

    @Test(arguments: [11, 12, 13, 14, 15] as [UInt64])
    func retransmissionRepairsFivePercentLossOnTheWayDown(seed: UInt64) {
        let scenario = Scenario(seed: seed)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob") {
            $0.downlink.loss = 0.05
            $0.downlink.delay = .milliseconds(20)
        }
        #expect(scenario.connect(), "\(scenario)")
        let picture = scenario.subscribe(bob, to: scenario.publish(.video, from: alice))
        scenario.run(for: .seconds(2))
        picture.resetFigures(scenario.now)
        scenario.run(for: .seconds(20))
        #expect(picture.decoded >= 590, "\(scenario): \(picture.decoded) frames")
        #expect(picture.longestFreeze < .milliseconds(500), "\(scenario): \(picture.longestFreeze)")
        let statistics = scenario.server.statistics()
        #expect(statistics.retransmissions > 30, "\(scenario)")
        #expect(statistics.feedback.nacksIn > 30, "\(scenario)")
        #expect(picture.duplicates == 0, "\(scenario): repairs that were not needed")
    }

    @Test(arguments: [21, 22, 23] as [UInt64])
    func lossOnTheWayUpIsRepairedOnceForEverybody(seed: UInt64) {
        let scenario = Scenario(seed: seed)
        let alice = scenario.join("alice") {
            $0.uplink.loss = 0.05
            $0.uplink.delay = .milliseconds(20)
        }
        let others = ["bob", "carol"].map { scenario.join($0) }
        #expect(scenario.connect(), "\(scenario)")
        let camera = scenario.publish(.video, from: alice)
        let pictures = others.map { scenario.subscribe($0, to: camera) }
        scenario.run(for: .seconds(2))
        for picture in pictures { picture.resetFigures(scenario.now) }
        scenario.run(for: .seconds(20))
        for picture in pictures {
            #expect(picture.decoded >= 590, "\(scenario): \(picture.decoded) frames")
            #expect(picture.longestFreeze < .milliseconds(500), "\(scenario): \(picture.longestFreeze)")
        }
        let statistics = scenario.server.statistics()
        #expect(statistics.packetsRecovered > 30 && statistics.feedback.nacksOut >= statistics.packetsRecovered)
        #expect(statistics.feedback.transportFeedbackOut > 150)
    }

    @Test(arguments: [31, 32, 33] as [UInt64])
    func reorderedAndDoubledDatagramsDoNoHarm(seed: UInt64) {
        let scenario = Scenario(seed: seed)
        let clients = ["alice", "bob"].map { name in
            scenario.join(name) {
                $0.uplink.jitter = .milliseconds(15)
                $0.downlink.jitter = .milliseconds(15)
                $0.uplink.duplication = 0.1
                $0.downlink.duplication = 0.1
            }
        }
        #expect(scenario.connect(), "\(scenario)")
        let voice = scenario.subscribe(clients[1], to: scenario.publish(.audio, from: clients[0]))
        let picture = scenario.subscribe(clients[1], to: scenario.publish(.video, from: clients[0]))
        scenario.run(for: .seconds(10))
        #expect(voice.decoded >= 490 && voice.malformed == 0, "\(scenario): \(voice.decoded)")
        #expect(picture.decoded >= 290 && picture.malformed == 0, "\(scenario): \(picture.decoded)")
        #expect(voice.missing <= 1 && picture.missing <= 4, "\(scenario): \(voice.missing), \(picture.missing)")
        let drops = scenario.server.statistics().drops
        #expect(drops.contains { $0.reason.contains("replay") && $0.count > 0 }, "\(scenario)")
    }

    @Test func mediaFollowsAClientToItsNewAddress() {
        let scenario = Scenario(seed: 41)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        let toBob = scenario.subscribe(bob, to: scenario.publish(.video, from: alice))
        let toAlice = scenario.subscribe(alice, to: scenario.publish(.video, from: bob))
        scenario.run(for: .seconds(3))
        bob.address = Scenario.address("192.0.2.77", 51_234)
        // The next consent check carries the news (RFC 7675: every 5 s or so).
        scenario.run(for: .seconds(8))
        for receiver in [toBob, toAlice] { receiver.resetFigures(scenario.now) }
        scenario.run(for: .seconds(3))
        #expect(toBob.decoded >= 85, "\(toBob.decoded)")
        #expect(toAlice.decoded >= 85, "\(toAlice.decoded)")
        #expect(bob.states.filter { $0 == .disconnected }.isEmpty)
    }

    @Test func whoFallsSilentIsReportedAndLeavesNothingBehind() throws {
        let scenario = Scenario(seed: 51)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        for kind in [MediaKind.audio, .video] {
            _ = scenario.subscribe(bob, to: scenario.publish(kind, from: alice))
            _ = scenario.subscribe(alice, to: scenario.publish(kind, from: bob))
        }
        scenario.run(for: .seconds(2))
        let transport = try #require(bob.serverTransport)
        scenario.server.forgetEvents()
        scenario.vanish(bob)
        #expect(
            scenario.run(within: .seconds(31)) {
                scenario.server.events.contains(.transport(transport, .disconnected))
            })
        scenario.run(for: .seconds(1))
        let sent = scenario.network.undelivered
        scenario.run(for: .seconds(5))
        #expect(scenario.network.undelivered == sent, "something is still sent to who is gone")
        scenario.server.perform(.closeTransport(transport), scenario.now)
        #expect(scenario.server.events.filter { $0 == .transportClosed(transport) }.count == 1)
        scenario.leave(alice)
        scenario.run(for: .seconds(1))
        let statistics = scenario.server.statistics()
        #expect(statistics.transports.isEmpty && statistics.publications == 0 && statistics.subscriptions == 0)
        #expect(statistics.streams == 0 && statistics.packetsInUse == 0)
        #expect(scenario.server.nextDeadline == .never, "a timer of the dead")
    }

    @Test func consentComesBackWithTheNetwork() {
        let scenario = Scenario(seed: 52)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        let picture = scenario.subscribe(bob, to: scenario.publish(.video, from: alice))
        scenario.run(for: .seconds(2))
        bob.uplink.isCut = true
        bob.downlink.isCut = true
        #expect(
            scenario.run(within: .seconds(35)) {
                bob.serverTransport.map { scenario.server.events.contains(.transport($0, .disconnected)) } ?? false
            })
        bob.uplink.isCut = false
        bob.downlink.isCut = false
        scenario.run(for: .seconds(12))
        picture.resetFigures(scenario.now)
        scenario.run(for: .seconds(2))
        #expect(picture.decoded >= 55, "\(picture.decoded)")
    }

    @Test func aCrowdCostsOneKeyframe() {
        let scenario = Scenario(seed: 61)
        let alice = scenario.join("alice")
        let crowd = (1...20).map { scenario.join("viewer \($0)") }
        #expect(scenario.connect())
        let camera = scenario.publish(.video, from: alice)
        scenario.run(for: .seconds(2))
        let before = alice.source(camera.encodings[0])?.keyframes ?? 0
        let pictures = crowd.map { scenario.subscribe($0, to: camera) }
        scenario.run(for: .milliseconds(900))
        #expect(pictures.allSatisfy { $0.decoded > 10 })
        let after = alice.source(camera.encodings[0])?.keyframes ?? 0
        #expect(after - before <= 2, "\(after - before) keyframes for one crowd")
        // And a storm of requests stays under the budget: two a second.
        let asked = scenario.server.statistics().feedback.keyframeRequestsOut
        for _ in 0..<100 {
            for viewer in crowd {
                for publication in viewer.receivers.keys { viewer.perform(.requestKeyframe(publication), scenario.now) }
            }
            scenario.run(for: .milliseconds(50))
        }
        #expect(scenario.server.statistics().feedback.keyframeRequestsOut - asked <= 11)
    }

    @Test func muteStopsAtTheServerAndUnmuteBeginsWithAKeyframe() {
        let scenario = Scenario(seed: 71)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        let camera = scenario.publish(.video, from: alice)
        let picture = scenario.subscribe(bob, to: camera)
        scenario.run(for: .seconds(2))
        scenario.server.perform(.setMuted(camera.publication, true), scenario.now)
        scenario.run(for: .milliseconds(100))
        let before = (picture.packets, picture.keyframes)
        scenario.run(for: .seconds(2))
        #expect(picture.packets == before.0)
        scenario.server.perform(.setMuted(camera.publication, false), scenario.now)
        scenario.run(for: .seconds(1))
        #expect(picture.keyframes > before.1)
        picture.resetFigures(scenario.now)
        scenario.run(for: .seconds(1))
        #expect(picture.decoded >= 28)
        #expect(picture.missing == 0, "the pause is no loss")
    }

    @Test func aPausedSubscriptionIsSilentAndComesBack() {
        let scenario = Scenario(seed: 72)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        let subscription = scenario.subscription(of: bob, to: scenario.publish(.video, from: alice))
        let picture = subscription.receiver
        scenario.run(for: .seconds(1))
        scenario.server.perform(.setPaused(subscription.subscription, true), scenario.now)
        scenario.run(for: .milliseconds(100))
        let packets = picture.packets
        scenario.run(for: .seconds(3))
        #expect(picture.packets == packets)
        scenario.server.perform(.setPaused(subscription.subscription, false), scenario.now)
        scenario.run(for: .milliseconds(500))
        picture.resetFigures(scenario.now)
        scenario.run(for: .seconds(1))
        #expect(picture.decoded >= 28 && picture.missing == 0)
    }

    @Test func redReachesThoseWithoutItAsPlainOpus() {
        let scenario = Scenario(seed: 81)
        let alice = scenario.join("alice") { $0.audioFormats = [Formats.red, Formats.opus] }
        let modern = scenario.join("modern") { $0.audioFormats = [Formats.red, Formats.opus] }
        let plain = scenario.join("plain") {
            $0.audioFormats = [PayloadFormat(payloadType: 109, codec: .opus, clockRate: 48_000, channels: 2)]
        }
        #expect(scenario.connect())
        let microphone = scenario.publish(.audio, from: alice)
        let asSent = scenario.subscribe(modern, to: microphone)
        let unwrapped = scenario.subscribe(plain, to: microphone)
        scenario.run(for: .seconds(2))
        #expect(asSent.payloadTypes == [63] && asSent.decoded >= 95)
        #expect(unwrapped.payloadTypes == [109] && unwrapped.decoded >= 95)
        #expect(unwrapped.missing == 0 && unwrapped.malformed == 0)
    }

    @Test func theBestEncodingThatArrivesIsSentOn() {
        let scenario = Scenario(seed: 91)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        let camera = scenario.publish(.video, from: alice, encodings: 3)
        let picture = scenario.subscribe(bob, to: camera)
        scenario.run(for: .seconds(5))
        #expect(picture.sources.last == 2, "\(picture.sources)")
        #expect(picture.missing == 0 && picture.malformed == 0 && picture.ssrcs.count == 1)
        picture.resetFigures(scenario.now)
        alice.stopSending(camera.encodings[2])
        scenario.run(for: .seconds(5))
        #expect(picture.sources.last == 1, "\(picture.sources)")
        #expect(picture.decoded >= 90, "\(picture.decoded) after the best encoding ended")
        #expect(picture.missing == 0 && picture.malformed == 0)
        // The silence that gives an encoding up, the look at it, and the keyframe.
        #expect(picture.longestFreeze < .milliseconds(2_200), "\(picture.longestFreeze)")
    }

    /// A renegotiation gives the sender new SSRCs: whoever watches goes on watching.
    @Test func changedEncodingsKeepTheirSubscriptions() throws {
        let scenario = Scenario(seed: 92)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        let camera = scenario.publish(.video, from: alice)
        let picture = scenario.subscribe(bob, to: camera)
        scenario.run(for: .seconds(2))
        let again = scenario.republish(camera)
        scenario.run(for: .seconds(1))
        picture.resetFigures(scenario.now)
        scenario.run(for: .seconds(2))
        #expect(picture.decoded >= 58 && picture.missing == 0, "\(picture.decoded), \(picture.missing)")
        #expect(picture.sources == [0, 1] && again.publication == camera.publication)
        #expect(scenario.server.statistics().streams == 1)
    }

    @Test func tenPublishToTen() {
        let scenario = Scenario(seed: 101)
        let people = (1...10).map { scenario.join("person \($0)") }
        #expect(scenario.connect())
        let voices = people.map { scenario.publish(.audio, from: $0) }
        let cameras = people.map { scenario.publish(.video, from: $0) }
        var receivers: [VirtualReceiver] = []
        for person in people {
            for track in voices + cameras where track.publisher !== person {
                receivers.append(scenario.subscribe(person, to: track))
            }
        }
        scenario.run(for: .seconds(3))
        #expect(receivers.count == 180)
        for receiver in receivers {
            #expect(receiver.missing == 0 && receiver.malformed == 0)
            #expect(receiver.decoded >= (receiver.kind == .audio ? 140 : 80), "\(receiver.decoded)")
        }
        let statistics = scenario.server.statistics()
        #expect(statistics.packetsLost == 0 && statistics.srtpFailures == 0)
    }
}
