// Who hosts: from tokens, by transfer, by key, by succession; what everybody sees of it.

import LiveKitProtocol
import SwiftProtobuf
import Testing

@testable import Signaling

struct RoleTests {
    private func role(_ identity: String, in world: MeetingWorld) -> MeetingRole? {
        world.view?.participants.first { $0.identity == identity }?.role
    }

    @Test(arguments: Version.allCases) func rolesAreAttributesThatNobodyElseWrites(_ version: Version) {
        let world = MeetingWorld(version: version)
        let host = world.enter("host", .host)
        let guest = world.join(
            "guest", grant: { $0.canUpdateOwnMetadata = true },
            claims: {
                $0.hutong = HutongClaim(role: .guest)
                $0.attributes = ["hutong.role": "host", "team": "a"]
            })
        world.advance(.seconds(1))
        func seen() -> [String: String]? { host.roster.values.first { $0.identity == "guest" }?.attributes }
        #expect(seen() == ["hutong.role": "guest", "team": "a"])
        guest.send(
            .updateMetadata(
                .with {
                    $0.attributes = [
                        "hutong.role": "host", "hutong.hand": "1", "hutong.spotlight": "1", "team": "b",
                    ]
                }))
        world.advance(.seconds(1))
        #expect(seen() == ["hutong.role": "guest", "team": "b"])
        // Nor taken away by an empty value.
        guest.send(.updateMetadata(.with { $0.attributes = ["hutong.role": ""] }))
        world.advance(.seconds(1))
        #expect(seen()?["hutong.role"] == "guest")
        #expect(world.ask(.raiseHand("guest"), as: "guest").isChange)
        world.advance(.seconds(1))
        #expect(seen()?["hutong.hand"] == String(world.now.unixMilliseconds - 1000))
        // A token given for coming back keeps what the issuer said, and none of our words.
        let token = world.tokens.last { $0.claims.identity == "guest" }?.claims
        #expect(token?.hutong?.role == .guest && token?.attributes == ["team": "b"])
    }

    @Test func aHostThatLeavesIsFollowedAndTakesItsPlaceBack() {
        let world = MeetingWorld()
        let host = world.enter("host", .host)
        let member = world.enter("member", .member)
        world.enter("boss", .member, isSuperior: true)
        let deputy = world.enter("cohost", .cohost)
        host.send(.leave(LiveKitLeaveRequest()))
        #expect(role("cohost", in: world) == .host && deputy.notices == ["you_are_host"])
        world.enter("host", .host)
        #expect(role("host", in: world) == .host && role("cohost", in: world) == .cohost)
        #expect(world.ask(.transfer(to: "member"), as: "host").isChange)
        #expect(role("host", in: world) == .cohost && role("member", in: world) == .host)
        #expect(member.notices == ["you_are_host"])
        // What was transferred does not come back with the old token.
        #expect(world.ask(.end, as: "host").refusal == .notHost)
        world.enter("host", .host)
        #expect(role("host", in: world) == .cohost)
    }

    @Test(arguments: SuccessionRule.allCases) func withoutCohostsThePolicySaysWhoFollows(_ rule: SuccessionRule) {
        let world = MeetingWorld()
        let host = world.enter("host", .host) { $0.meeting = world.terms { $0.succession = rule } }
        world.enter("guest", .guest)
        world.enter("first", .member)
        world.enter("second", .member)
        host.send(.leave(LiveKitLeaveRequest()))
        #expect(role("first", in: world) == (rule == .member ? .host : .member))
        world.enter("host", .host)
        world.enter("boss", .member, isSuperior: true)
        world.clients.values.first { $0.identity == "host" && $0.isOpen }?.send(.leave(LiveKitLeaveRequest()))
        #expect(role("boss", in: world) == (rule == .nobody ? .member : .host))
        #expect(role("guest", in: world) == .guest)
    }

    @Test func theHostKeyIsForMeetingsWithoutHostAndNotToBeGuessed() {
        let world = MeetingWorld()
        let host = world.enter("host", .host)
        world.enter("member", .member)
        world.enter("guesser", .guest)
        var change = RulesChange()
        change.hostKey = "246810"
        world.ask(.set(change), as: "host")
        #expect(world.ask(.claimHost(key: "246810"), as: "member").refusal == .hostPresent)
        host.send(.leave(LiveKitLeaveRequest()))
        for _ in 0..<Limits.wrongHostKeys {
            #expect(world.ask(.claimHost(key: "000000"), as: "guesser").refusal == .wrongKey)
        }
        #expect(world.ask(.claimHost(key: "246810"), as: "guesser").refusal == .tooManyTries)
        #expect(world.ask(.claimHost(key: nil), as: "guesser").refusal == .notHost)
        #expect(world.ask(.claimHost(key: "246810"), as: "member").isChange)
        #expect(role("member", in: world) == .host)
    }

    @Test func whoMayClaimDoesWhenNobodyHostedForTenMinutes() {
        let world = MeetingWorld()
        world.enter("member", .member) { $0.mayClaimHost = true }
        #expect(world.ask(.claimHost(key: nil), as: "member").refusal == .notHost)
        world.advance(MeetingTimes.hostAbsence)
        #expect(world.ask(.claimHost(key: nil), as: "member").isChange)
    }

    @Test func seniorsAreShownIfTheOrganisationWantsIt() {
        for shows in [false, true] {
            let world = MeetingWorld()
            let host = world.enter("host", .host) { $0.meeting = world.terms { $0.showsSeniors = shows } }
            world.enter("boss", .member, isSuperior: true)
            world.advance(.seconds(1))
            let seen = host.roster.values.first { $0.identity == "boss" }?.attributes["hutong.senior"]
            #expect(seen == (shows ? "1" : nil) && world.view?.seniorPresent == shows)
        }
    }
}
