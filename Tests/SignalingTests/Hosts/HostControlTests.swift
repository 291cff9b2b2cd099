// Every control by everybody who could ask for it: allowed or refused with the right code, and a refusal changes nothing.

import LiveKitProtocol
import MediaRelay
import Testing

@testable import Signaling

struct HostControlTests {
    enum Who: String, CaseIterable, Sendable { case server, host, cohost, member, guest, waiting, outsider }

    struct Sample: Sendable, CustomTestStringConvertible {
        let control: HostControl
        let reach: HostControl.Reach
        var testDescription: String { "\(control)" }
        init(_ control: HostControl, _ reach: HostControl.Reach = .hosts) {
            self.control = control
            self.reach = reach
        }
    }

    private static let change: RulesChange = {
        var change = RulesChange()
        change.isLocked = true
        return change
    }()

    static let samples: [Sample] = [
        Sample(.mute(["member"], .microphone, allowSelfUnmute: false)),
        Sample(.mute(["member"], .camera, allowSelfUnmute: false)),
        Sample(.muteAll(.microphone, MutePolicy(all: true))), Sample(.askToUnmute(["member"], .microphone)),
        Sample(.askToMute(["member"], .microphone)), Sample(.stopShare("member")), Sample(.set(change)),
        Sample(.rename("other", to: "新名")), Sample(.rename("member", to: "新名"), .oneself("member")),
        Sample(.raiseHand("member"), .oneself("member")), Sample(.lowerHand("guest"), .oneself("guest")),
        Sample(.lowerAllHands), Sample(.spotlight("member")), Sample(.spotlight(nil)), Sample(.admit(["waiting"])),
        Sample(.admitAll), Sample(.refuse(["waiting"])), Sample(.notifyWaiting("请稍候")),
        Sample(.remove(["member"], mayReturn: true)), Sample(.remove(["member"], mayReturn: false)),
        Sample(.extend(minutes: 10)), Sample(.transfer(to: "member"), .host), Sample(.setCohost("member", true), .host),
        Sample(.rollCall("member")), Sample(.end, .host),
    ]

    private static func world() -> MeetingWorld {
        let world = MeetingWorld()
        world.enter("host", .host) { $0.meeting = world.terms { $0.minutes = 60 } }
        world.enter("cohost", .cohost)
        world.enter("member", .member).publish("mic", .audio)
        world.enter("other", .member)
        world.enter("guest", .guest)
        var change = RulesChange()
        change.waitingRoom = .all
        world.ask(.set(change))
        world.enter("waiting", .guest)
        return world
    }

    @Test(arguments: samples) func everyControlByEverybody(_ sample: Sample) {
        for who in Who.allCases {
            let world = Self.world()
            let before = world.view
            let result = world.ask(sample.control, as: who == .server ? nil : who.rawValue)
            let isAllowed =
                switch (sample.reach, who) {
                case (_, .server), (_, .host): true
                case (_, .waiting), (_, .outsider), (.host, .cohost): false
                case (_, .cohost): true
                case (.oneself(let identity), _): identity == who.rawValue
                default: false
                }
            if isAllowed {
                #expect(result.refusal == nil, "\(who)")
            } else {
                #expect(result.refusal == (who == .waiting ? .waiting : .notHost), "\(who)")
                #expect(world.view == before && !world.hasEnded, "\(who)")
            }
        }
    }

    /// A second time finds everything as it shall be.
    @Test(arguments: [
        HostControl.mute(["member"], .microphone, allowSelfUnmute: false), .muteAll(.microphone, MutePolicy(all: true)),
        .set(change), .rename("member", to: "新名"), .raiseHand("member"), .spotlight("member"), .admit(["waiting"]),
        .admitAll, .notifyWaiting("请稍候"), .refuse(["waiting"]), .remove(["member"], mayReturn: true),
        .transfer(to: "member"), .setCohost("member", true), .rollCall("member"),
    ]) func controlsMayBeRepeated(_ control: HostControl) {
        let world = Self.world()
        #expect(world.ask(control).isChange)
        let once = world.view
        if case .admit = control { return #expect(world.ask(control).isNoChange) }
        #expect(world.ask(control).isNoChange && world.view == once)
    }

    @Test func rankProtectsSuperiorsAndTheHost() {
        let world = Self.world()
        let boss = world.enter("boss", .member, isSuperior: true)
        #expect(world.ask(.admit(["boss"])).isChange)
        boss.publish("mic", .audio)
        for control: HostControl in [
            .mute(["boss"], .microphone, allowSelfUnmute: true), .remove(["boss"], mayReturn: true),
            .rename("boss", to: "x"), .stopShare("boss"),
        ] {
            #expect(world.ask(control, as: "host").refusal == .protectedByRank)
        }
        for control: HostControl in [
            .mute(["host"], .microphone, allowSelfUnmute: true), .remove(["host"], mayReturn: true),
        ] {
            #expect(world.ask(control, as: "cohost").refusal == .protectedByRank)
        }
        // Muting everybody asks the boss, and nobody else is told.
        #expect(world.ask(.muteAll(.microphone, MutePolicy(all: true)), as: "host").isChange)
        #expect(boss.mutes.isEmpty && boss.notices == ["ask_mute"])
        // A back end may.
        #expect(world.ask(.mute(["boss"], .microphone, allowSelfUnmute: true)).isChange && boss.mutes.count == 1)
    }

    @Test func orgPolicyMayLetHostsForce() {
        let world = MeetingWorld()
        world.enter("host", .host) { $0.meeting = world.terms { $0.forcesSuperiors = true } }
        let boss = world.enter("boss", .member, isSuperior: true)
        boss.publish("mic", .audio)
        #expect(world.ask(.mute(["boss"], .microphone, allowSelfUnmute: true), as: "host").isChange)
        #expect(boss.mutes.count == 1)
    }

    @Test func stockRoomsKnowNothingOfHosts() {
        let world = MeetingWorld()
        let alice = world.join("alice", claims: { $0.attributes = ["a": "b"] })
        let bob = world.join("bob")
        world.advance(.seconds(1))
        #expect(world.state.governance == nil)
        #expect(alice.ownInfo.attributes == ["a": "b"] && bob.ownInfo.attributes.isEmpty)
        #expect(world.ask(.lowerAllHands, as: "alice").refusal == .notHost)
        // Nor do they learn by looking, or from somebody who is refused.
        var stranger = AccessClaims.join(meeting: "m", identity: "stranger")
        stranger.hutong = HutongClaim(role: .guest)
        world.run { state in
            #expect(throws: ControlRefusal.notHost) { try state.perform(.lowerAllHands, by: .person(stranger)) }
        }
        #expect(world.view?.participants.count == 2 && world.state.governance == nil)
        #expect(world.ask(.lowerAllHands).isNoChange && world.state.governance != nil)
        world.advance(.seconds(1))
        #expect(alice.ownInfo.attributes == ["a": "b", "hutong.role": "member"])
    }
}
