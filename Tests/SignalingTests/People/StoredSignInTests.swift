// Sessions and links in a real SQLite file.

import Directory
import Testing

@testable import Signaling

@Suite(.timeLimit(.minutes(1)))
struct StoredSignInTests {
    private func session(_ number: UInt8, at moment: Int64) throws -> KeptSession {
        KeptSession(
            token: [number], member: try PeopleWorld.account("chief"), epoch: 0, createdAt: moment,
            expiresAt: moment + 100)
    }

    @Test func aLinkIsUsedUpByTheFasterOfTwo() async throws {
        try await TemporaryStore.with { store in
            _ = try await PeopleWorld.found(in: store)
            let chief = try PeopleWorld.account("chief")
            // The link of the first start.
            #expect(try await store.invite([1])?.member == chief)
            let first = try await store.redeem(
                [1], password: "one", session: try session(1, at: 0), audit: PeopleWorld.audit())
            let lines = try await store.audit(before: .max, limit: 100).count
            let second = try await store.redeem(
                [1], password: "two", session: try session(2, at: 0), audit: PeopleWorld.audit())
            #expect(first && !second)
            #expect(try await store.password(of: chief) == "one")
            #expect(try await store.session([2]) == nil)
            #expect(try await store.invite([1]) == nil)
            #expect(try await store.audit(before: .max, limit: 100).count == lines)
        }
    }

    @Test func aNewLinkMakesTheEarlierVoid() async throws {
        try await TemporaryStore.with { store in
            _ = try await PeopleWorld.found(in: store)
            let chief = try PeopleWorld.account("chief")
            let invite = KeptInvite(token: [2], member: chief, epoch: 0, expiresAt: 5)
            try await store.keep(invite, audit: PeopleWorld.audit())
            #expect(try await store.invite([1]) == nil)
            #expect(try await store.invite([2]) == invite)
        }
    }

    @Test func theOldestSessionsEndAndThoseThatAreOver() async throws {
        try await TemporaryStore.with { store in
            _ = try await PeopleWorld.found(in: store)
            for number in 1...3 as ClosedRange<UInt8> {
                try await store.open(
                    try session(number, at: Int64(number)), most: 2, audit: PeopleWorld.audit())
            }
            #expect(try await store.session([1]) == nil)
            #expect(try await store.session([2]) == session(2, at: 2))
            try await store.open(try session(4, at: 102), most: 20, audit: PeopleWorld.audit())
            #expect(try await store.session([2]) == nil, "it was over at 102")
            #expect(try await store.session([3]) != nil)
            // All of them at the same moment: the new one is never the one that goes.
            for number in 5...9 as ClosedRange<UInt8> {
                try await store.open(try session(number, at: 150), most: 1, audit: PeopleWorld.audit())
                #expect(try await store.session([number]) != nil)
            }
            try await store.closeAll(of: try PeopleWorld.account("chief"), audit: PeopleWorld.audit())
            #expect(try await store.session([9]) == nil)
        }
    }
}
