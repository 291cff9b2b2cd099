// Stored passwords: the reference vector, the round trip, and texts that are none.

import Testing

@testable import Signaling

@Suite struct PasswordHashTests {
    private let cheap: PasswordHash.Cost

    init() throws { cheap = try #require(PasswordHash.Cost(logRounds: 4, parallelism: 1)) }

    @Test func agreesWithTheReference() throws {
        // RFC 7914, 12, third vector. Its first 32 bytes are the hash of that length (PBKDF2 gives them block by block).
        let cost = try #require(PasswordHash.Cost(logRounds: 14, parallelism: 1))
        let hash = try #require(PasswordHash(of: "pleaseletmein", salt: Array("SodiumChloride".utf8), cost: cost))
        #expect(hash.text == "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046_2o-7qQT44-qbVD9lRdofI")
        #expect(hash.matches("pleaseletmein"))
    }

    @Test func onlyThePasswordMatchesAndOnlyWithItsSalt() throws {
        let one = try #require(PasswordHash(of: "密码 é", salt: Array(0..<16), cost: cheap))
        let other = try #require(PasswordHash(of: "密码 é", salt: Array(1..<17), cost: cheap))
        #expect(one.matches("密码 é") && one.matches("密码 e\u{301}"), "two forms of one letter are one password")
        #expect(!one.matches("密码 e") && !one.matches(""))
        #expect(one.text != other.text)
        #expect(PasswordHash(text: one.text) == one)
        #expect(one.isOutdated() && !one.isOutdated(for: cheap))
    }

    @Test func emptyAndLongPasswordsAreRefusedBeforeTheWork() throws {
        #expect(PasswordHash(of: "", salt: [1], cost: cheap) == nil)
        #expect(PasswordHash(of: "a", salt: [], cost: cheap) == nil)
        let long = String(repeating: "a", count: PasswordHash.longestPassword + 1)
        #expect(PasswordHash(of: long, salt: [1], cost: cheap) == nil)
        #expect(try !#require(PasswordHash(of: "a", salt: [1], cost: cheap)).matches(long))
    }

    @Test func damagedTextsAreNoHashes() throws {
        let good = try #require(PasswordHash(of: "a", salt: Array(0..<16), cost: cheap)).text
        let bad = [
            "", "$", "scrypt", good + "$", String(good.dropLast(2)), good.replacing("scrypt", with: "argon2id"),
            good.replacing("ln=4", with: "ln=40"), good.replacing("ln=4", with: "ln=-4"),
            good.replacing("ln=4", with: "ln=99999999999999999999"), good.replacing("r=8", with: "r=800"),
            good.replacing("p=1", with: "p=0"), good.replacing("p=1", with: "p=9"),
            good.replacing("p=1", with: "p=1,x=2"), String(repeating: "$", count: 10_000),
        ]
        for text in bad { #expect(PasswordHash(text: text) == nil, "\(text.prefix(60))") }
    }
}
