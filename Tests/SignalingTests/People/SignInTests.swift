// Coming in and being put out: passwords, links, sessions, cookies, other sites, guesses.

import Directory
import Foundation
import GRDB
import NIOCore
import Testing

@testable import Signaling

@Suite(.timeLimit(.minutes(2)))
struct SignInTests {
    private static let password = "correct horse 电池"

    /// A member gets a link, sets a password with it, and has a session.
    private func comeIn(_ account: String, _ client: PeopleClient) async throws -> String {
        let link = try await client.send("POST", "members/\(account)/invites", as: "chief")
        let token = try #require(link.json["token"] as? String)
        let body = #"{"token":"\#(token)","password":"\#(Self.password)"}"#
        let answer = try await client.send("POST", "invites/redeem", body: body)
        #expect(answer.status == 201, "\(answer.body)")
        let again = try await client.send("POST", "invites/redeem", body: body)
        #expect(again.code == "bad_invite", "it lets in once")
        return try #require(answer.cookie)
    }

    private func attempt(_ account: String, _ password: String) -> String {
        #"{"account":"\#(account)","password":"\#(password)"}"#
    }

    @Test func byLinkAndByPasswordAndOut() async throws {
        try await PeopleWorld.serve { world, client in
            let first = try await comeIn("mia", client)
            let me = try await client.send("GET", "me", session: first)
            #expect(me.status == 200 && me.body.contains(#""account":"mia""#))
            #expect(me.headers["cache-control"] == "no-store" && me.headers["access-control-allow-origin"] == nil)
            let second = try await client.send("POST", "sessions", body: attempt("MIA", Self.password))
            let cookie = try #require(second.headers["set-cookie"])
            #expect(cookie.hasSuffix("; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax"))
            let secure = try await client.send(
                "POST", "sessions", body: attempt("mia", Self.password), headers: ["X-Forwarded-Proto: https"])
            #expect(secure.headers["set-cookie"]?.hasSuffix("; SameSite=Lax; Secure") == true)
            let own = try #require(second.cookie)
            let out = try await client.send("DELETE", "sessions/current", session: own)
            #expect(out.status == 204 && out.headers["set-cookie"]?.contains("Max-Age=0") == true)
            #expect(try await client.send("GET", "me", session: own).status == 401)
            #expect(try await client.send("GET", "me", session: first).status == 200)
            #expect(try await client.send("DELETE", "sessions", session: first).status == 204)
            for token in [first, try #require(secure.cookie)] {
                #expect(try await client.send("GET", "me", session: token).status == 401)
            }
        }
    }

    @Test func nothingSecretIsInTheFile() async throws {
        try await PeopleWorld.serve { world, client in
            let token = try await comeIn("mia", client)
            let kept = try await world.store.perform { database in
                try String.fetchAll(
                    database, sql: "SELECT hex(token) FROM session UNION SELECT password FROM credential")
            }
            let plain = try #require(Base64URL.decode(token)).map { String($0, radix: 16).uppercased() }.joined()
            #expect(kept.contains { $0.hasPrefix("$scrypt$") } && !kept.contains(plain))
            let log = try await client.send("GET", "audit", as: "chief")
            #expect(log.body.contains("invite.redeem") && log.body.contains("session.open"))
            #expect(!log.body.contains(token) && !log.body.contains(Self.password))
        }
    }

    @Test func changingThePasswordEndsAllOtherSessions() async throws {
        try await PeopleWorld.serve { world, client in
            let first = try await comeIn("mia", client)
            let other = try await world.session("mia")
            for (current, new, code) in [
                ("wrong", "a long new one", "wrong_credentials"), (Self.password, "short", "weak_password"),
            ] {
                let body = #"{"current":"\#(current)","new":"\#(new)"}"#
                #expect(try await client.send("PUT", "me/password", session: first, body: body).code == code)
            }
            let body = #"{"current":"\#(Self.password)","new":"a long new one"}"#
            #expect(try await client.send("PUT", "me/password", session: first, body: body).status == 204)
            #expect(try await client.send("GET", "me", session: first).status == 200)
            #expect(try await client.send("GET", "me", session: other).status == 401)
            #expect(try await client.send("POST", "sessions", body: attempt("mia", Self.password)).status == 401)
            #expect(try await client.send("POST", "sessions", body: attempt("mia", "a long new one")).status == 201)
        }
    }

    /// Disabled: sessions, password and links are worth nothing at once, the meetings are told, and enabling brings none
    /// of it back.
    @Test func aDisabledMemberIsOutWithinASecond() async throws {
        try await PeopleWorld.serve { world, client in
            let token = try await comeIn("mia", client)
            let link = try await client.send("POST", "members/mia/invites", as: "chief")
            let began = ContinuousClock.now
            #expect(try await client.send("POST", "members/mia/disable", as: "chief").status == 200)
            #expect(try await client.send("GET", "me", session: token).status == 401)
            #expect(ContinuousClock.now - began < .seconds(1))
            #expect(world.lockOuts.list == ["mia": 1])
            #expect(try await world.store.memberEpochs()["mia"] == 1)
            #expect(try await client.send("POST", "sessions", body: attempt("mia", Self.password)).status == 401)
            #expect(try await client.send("POST", "members/mia/enable", as: "chief").status == 200)
            #expect(try await client.send("GET", "me", session: token).status == 401)
            let old = try #require(link.json["token"] as? String)
            let body = #"{"token":"\#(old)","password":"a long new one"}"#
            #expect(try await client.send("POST", "invites/redeem", body: body).code == "bad_invite")
            #expect(try await client.send("POST", "sessions", body: attempt("mia", Self.password)).status == 201)
        }
    }

    /// The same answer, byte for byte, and as much work, for accounts that exist, do not, are disabled, have no password,
    /// and cannot exist.
    @Test func whoExistsCannotBeTold() async throws {
        try await PeopleWorld.with { world in
            let cost = try #require(PasswordHash.Cost(logRounds: 14, parallelism: 2))
            let work = PasswordWork(cost: cost)
            let signIn = SignIn(world.organisation, repository: world.store, work: work)
            let hash = try #require(await work.hash(Self.password))
            try await world.store.setPassword(
                hash, of: try PeopleWorld.account("mia"), keeping: nil, audit: PeopleWorld.audit())
            var times: [String: Duration] = [:]
            for account in ["mia", "nobody", "gone", "vic", "not an account", ""] {
                var best = Duration.seconds(60)
                for _ in 0..<3 {
                    let began = ContinuousClock.now
                    await #expect(throws: SignInRefusal.wrongCredentials) {
                        _ = try await signIn.signIn(
                            account: account, password: "wrong", from: PeopleWorld.source, at: PeopleWorld.now)
                    }
                    best = min(best, ContinuousClock.now - began)
                }
                times[account] = best
            }
            let known = try #require(times["mia"])
            for (account, time) in times { #expect(time * 3 > known && time < known * 3, "\(account) \(times)") }
        }
        try await PeopleWorld.serve { _, client in
            _ = try await comeIn("mia", client)
            var answers: Set<String> = []
            for account in ["mia", "nobody", "gone", "vic", "not an account"] {
                let answer = try await client.send("POST", "sessions", body: attempt(account, "wrong"))
                answers.insert("\(answer.status) \(answer.body) \(answer.headers.keys.sorted())")
            }
            #expect(answers.count == 1, "\(answers)")
        }
    }

    @Test func guessesEndAfterTenForKnownAndUnknownAccounts() async throws {
        try await PeopleWorld.serve { _, client in
            _ = try await comeIn("mia", client)
            for account in ["mia", "nobody"] {
                var codes: [String] = []
                for _ in 0..<12 {
                    let answer = try await client.send("POST", "sessions", body: attempt(account, "wrong"))
                    codes.append(answer.code)
                    if answer.status == 429 { #expect(answer.headers["retry-after"] != nil) }
                }
                #expect(
                    codes == Array(repeating: "wrong_credentials", count: 10) + [
                        "too_many_attempts", "too_many_attempts",
                    ])
            }
            let right = try await client.send("POST", "sessions", body: attempt("mia", Self.password))
            #expect(right.code == "too_many_attempts", "the right one is not tried either")
        }
    }

    @Test func triesComeBackWithTime() {
        var limiter = AttemptLimiter(.init(tries: 2, secondsEach: 10), places: 7)
        #expect(limiter.take(3, at: 100) == nil && limiter.take(3, at: 100) == nil)
        #expect(limiter.take(3, at: 100) == 10 && limiter.take(10, at: 105) == 5, "10 has the place of 3")
        #expect(limiter.take(4, at: 100) == nil, "another place")
        #expect(limiter.take(3, at: 110) == nil && limiter.take(3, at: 110) == 10)
        limiter.giveBack(3)
        #expect(limiter.take(3, at: 110) == nil)
        #expect(limiter.take(-1, at: .max / 2) == nil)
    }

    @Test func anotherSitesPageChangesNothing() async throws {
        try await PeopleWorld.serve { world, client in
            for headers in [
                ["Origin: https://evil.example"], ["Origin: null"], ["Origin: http://x.evil.example"],
                ["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site"],
            ] {
                let answer = try await client.send("POST", "members/vic/disable", as: "chief", headers: headers)
                #expect(answer.status == 403 && answer.code == "other_site", "\(headers)")
                let entry = try await client.send("POST", "sessions", body: attempt("a", "b"), headers: headers)
                #expect(entry.code == "other_site")
            }
            #expect(world.lockOuts.list.isEmpty)
            let answer = try await client.send(
                "POST", "members/vic/disable", as: "chief",
                headers: ["Origin: http://x", "Sec-Fetch-Site: same-origin"])
            #expect(answer.status == 200)
        }
    }

    @Test func tokensAreFortyThreeCharactersOfOneSpelling() throws {
        let token = SecretToken.random()
        #expect(SecretToken(text: token.text)?.digest == token.digest && token.digest.count == 32)
        // The last character has two bits that are not used.
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let place = try #require(alphabet.firstIndex(of: token.text.last ?? "?"))
        #expect(SecretToken(text: token.text.dropLast() + String(alphabet[place ^ 1])) == nil)
        for text in ["", "x", token.text + "A", String(repeating: "é", count: 43), "+" + token.text.dropFirst()] {
            #expect(SecretToken(text: text) == nil, "\(text)")
        }
    }

    @Test func addressesAreKeptAsClasses() throws {
        for (address, expected) in [
            ("127.0.0.1", AddressClass.local), ("::1", .local), ("10.1.2.3", .internalNetwork),
            ("172.31.0.1", .internalNetwork), ("172.32.0.1", .internet), ("192.168.1.1", .internalNetwork),
            ("169.254.1.1", .internalNetwork), ("fd00::1", .internalNetwork), ("fe80::1", .internalNetwork),
            ("2001:db8::1", .internet), ("8.8.8.8", .internet), ("::ffff:10.0.0.1", .internalNetwork),
        ] {
            #expect(AddressClass(try .init(ipAddress: address, port: 0)) == expected, "\(address)")
        }
    }
}
