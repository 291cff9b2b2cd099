// The end: by time, by a host, for one member.

import LiveKitProtocol
import MediaRelay
import Testing

@testable import Signaling

struct ClosingTests {
    @Test(arguments: LimitPreset.allCases) func presetsWarnTwiceAndClose(_ preset: LimitPreset) {
        let world = MeetingWorld()
        let host = world.enter("host", .host) { $0.meeting = world.terms { $0.preset = preset } }
        #expect(world.view?.maxParticipants == preset.maximumParticipants)
        guard let minutes = preset.maximumMinutes else {
            world.advance(.seconds(3600))
            #expect(host.isOpen && host.notices.isEmpty && world.view?.endsAt == nil)
            #expect(world.ask(.extend(minutes: 5), as: "host").refusal == .notAllowed)
            return
        }
        world.advance(.seconds((minutes - 5) * 60 - 1))
        #expect(host.notices.isEmpty)
        world.advance(.seconds(2))
        #expect(host.notices == ["closing"])
        // A policy's limit is not the host's to move.
        #expect(world.ask(.extend(minutes: 5), as: "host").refusal == .overLimit)
        world.advance(.seconds(4 * 60))
        #expect(host.notices == ["closing", "closing"] && host.isOpen)
        world.advance(.seconds(60))
        #expect(host.leaves.map(\.reason) == [.roomClosed] && world.hasEnded && world.revoked == [nil])
    }

    @Test func aPlannedEndIsExtendedAndToldAnew() {
        let world = MeetingWorld()
        let host = world.enter("host", .host) {
            $0.meeting = world.terms {
                $0.minutes = 10
                $0.maxMinutes = 20
            }
        }
        world.advance(.seconds(9 * 60 + 30))
        #expect(host.notices.count == 2)
        #expect(world.ask(.extend(minutes: 11), as: "host").refusal == .overLimit)
        #expect(world.ask(.extend(minutes: 10), as: "host").isChange)
        world.advance(.seconds(6 * 60))
        #expect(host.notices.count == 3 && host.isOpen)
        world.advance(.seconds(5 * 60))
        #expect(!host.isOpen)
    }

    @Test func endForAllIsTheEndOfItsTokens() {
        let world = MeetingWorld()
        world.enter("host", .host)
        let member = world.enter("member", .member)
        #expect(world.ask(.end, as: "host").isChange)
        #expect(member.leaves.map(\.reason) == [.roomClosed] && world.hasEnded && world.revoked == [nil])
        var list = RevocationList()
        list.add(Revocation(meeting: "m", identity: RevocationList.everybody, validity: nil, notAfter: nil, now: 1000))
        var claims = AccessClaims.join(meeting: "m", identity: "x")
        for (issued, isDead) in [(1000 as Int64, true), (1001, false)] {
            claims.validity = TokenValidity(issuedAt: issued, expiry: 9999)
            #expect(list.refuses(claims) == isDead && list.saysEnded(claims) == isDead)
        }
    }

    @Test func aLockOutEndsEveryStayOfLowerEpochsAndNoOther() {
        let world = MeetingWorld()
        let host = world.enter("host", .host) {
            $0.member = "zhang"
            $0.epoch = 2
        }
        let phone = world.enter("phone", .member) { $0.member = "zhang" }
        let renewed = world.enter("renewed", .member) {
            $0.member = "zhang"
            $0.epoch = 3
        }
        let stock = world.join("zhang")
        var ended = 0
        world.run { ended = $0.cutOff("zhang", below: 3) }
        #expect(ended == 2 && !host.isOpen && !phone.isOpen && renewed.isOpen && stock.isOpen)
        #expect(host.leaves.map(\.reason) == [.participantRemoved])
        // Nobody leads: five minutes, unless somebody does.
        world.advance(.seconds(299))
        #expect(renewed.isOpen && renewed.notices == ["closing"])
        world.advance(.seconds(2))
        #expect(renewed.leaves.map(\.reason) == [.roomClosed])
    }

    @Test func aLockedOutHostIsFollowed() {
        let world = MeetingWorld()
        world.enter("host", .host)
        let boss = world.enter("boss", .member, isSuperior: true)
        world.run { _ = $0.cutOff("host", below: 1) }
        #expect(world.view?.participants.first?.role == .host && boss.notices == ["you_are_host"])
        world.advance(.seconds(400))
        #expect(boss.isOpen)
    }

    /// The order in which it happens on the wire.
    @Test func mediaEndsBeforeTheClientHearsOfIt() throws {
        let world = MeetingWorld()
        world.enter("host", .host)
        world.enter("member", .member).publish("mic", .audio)
        let effects = world.state.transaction(at: world.now) { _ = $0.cutOff("member", below: 1) }
        let transport = try #require(
            effects.firstIndex {
                guard case .relay(let commands) = $0 else { return false }
                return commands.contains { if case .closeTransport(_) = $0 { true } else { false } }
            })
        let leave = try #require(
            effects.firstIndex {
                if case .send(let message, _) = $0, case .leave = message.message { true } else { false }
            })
        #expect(transport < leave)
    }

    @Test func tokensOfOlderEpochsAreDead() {
        var epochs = MemberEpochs()
        epochs.raise("zhang", to: 3)
        epochs.raise("zhang", to: 2)
        func claims(_ identity: String, _ hutong: HutongClaim?) -> AccessClaims {
            var claims = AccessClaims.join(meeting: "m", identity: identity)
            claims.hutong = hutong
            return claims
        }
        #expect(
            epochs.refuses(claims("zhang", HutongClaim(epoch: 2))) && epochs.refuses(claims("zhang", HutongClaim())))
        #expect(epochs.refuses(claims("other", HutongClaim(member: "zhang", epoch: 1))))
        #expect(!epochs.refuses(claims("zhang", HutongClaim(epoch: 3))))
        #expect(!epochs.refuses(claims("zhang", nil)) && !epochs.refuses(claims("li", HutongClaim())))
    }
}
