// Hosts' controls over HTTP: who may, what is wrong with a request, and what stays as it was.

import Foundation
import LiveKitProtocol
import Testing

@testable import Signaling

@Suite(.timeLimit(.minutes(2)))
struct ControlRoutesTests {
    private static let now = Int64(Date().timeIntervalSince1970)

    private struct House {
        let house: GatewayTests.House
        var keys: AccessKeys { house.keys }

        func claims(_ identity: String, _ role: MeetingRole?, _ change: (inout AccessClaims) -> Void = { _ in })
            -> AccessClaims
        {
            var claims = AccessClaims.join(meeting: "周会 1", identity: identity)
            claims.hutong = role.map { HutongClaim(role: $0, epoch: 1) }
            change(&claims)
            return claims
        }

        func token(_ identity: String, _ role: MeetingRole?, _ change: (inout AccessClaims) -> Void = { _ in }) throws
            -> String
        {
            try keys.mint(claims(identity, role, change), key: GatewayTests.key, now: ControlRoutesTests.now - 10)
        }

        func join(_ identity: String, _ role: MeetingRole?) async throws -> LiveKitSession {
            try await house.gateway.open(try house.request(claims(identity, role), token: try token(identity, role)))
        }

        func refusal(_ identity: String, _ token: String) async throws -> SignalRefusal? {
            let request = try house.request(claims(identity, .member), token: token)
            do {
                try await house.gateway.validate(request)
                return nil
            } catch let refusal as SignalRefusal {
                return refusal
            }
        }

        static func run(_ body: @escaping (House, RawClient) async throws -> Void) async throws {
            let house = House(house: try await GatewayTests.House())
            try await EdgeFixture.run { _, content in
                content.controls = ControlRoutes(directory: house.house.directory, keys: house.keys)
            } _: { edge in
                try await RawClient.connect(edge.port) { client in try await body(house, client) }
            }
        }
    }

    private static let path = "/api/v1/meetings/%E5%91%A8%E4%BC%9A%201"

    @Test func hostsSeeAndSteerOthersDoNot() async throws {
        try await House.run { house, client in
            let host = try await house.join("host", .host)
            let member = try await house.join("member", .member)
            let tokens = [try house.token("host", .host), try house.token("member", .member)]
            let view = try await client.ask("GET", Self.path, token: tokens[0])
            #expect(view.status == 200 && view.body.contains(#""identity":"member""#), "\(view.body)")
            #expect(view.body.contains(#""role":"host""#) && !view.body.contains("hostKey\""))
            let refused = try await client.ask("GET", Self.path, token: tokens[1])
            #expect(refused.status == 403 && refused.body.contains(#""code":"not_host""#))
            #expect(refused.body.contains(#""title":"Forbidden""#))
            #expect(refused.body.contains("此操作由主持人进行"))
            for (body, answer) in [
                (#"{"locked":true}"#, #"{"changed":true}"#), (#"{"locked":true}"#, #"{"changed":false}"#),
            ] {
                let set = try await client.ask("POST", Self.path + "/controls/set", token: tokens[0], body: body)
                #expect(set.status == 200 && set.body == answer)
            }
            let late = try? await house.join("late", .member)
            #expect(late == nil)
            let own = try await client.ask(
                "POST", Self.path + "/controls/raise-hand", token: tokens[1], body: #"{"identity":"member"}"#)
            #expect(own.body == #"{"changed":true}"#)
            // A back end as RoomService knows it.
            let admin = try house.token("", nil) { $0.video.roomAdmin = true }
            let lowered = try await client.ask("POST", Self.path + "/controls/lower-hands", token: admin)
            #expect(lowered.body == #"{"changed":true}"#)
            // The end is the end, for every token until now; asking again changes nothing.
            let end = try await client.ask("POST", Self.path + "/controls/end", token: tokens[0])
            #expect(end.status == 200)
            for token in tokens {
                let again = try await client.ask("POST", Self.path + "/controls/end", token: token)
                #expect(again.status == 410 && again.body.contains(#""code":"ended""#))
            }
            let refusal = try await house.refusal("member", tokens[1])
            #expect(refusal?.status == 403 && refusal?.reason.hasPrefix("ended: ") == true)
            _ = (host, member)
        }
    }

    @Test func everythingWrongIsSaidAtOnceAndNothingChanges() async throws {
        try await House.run { house, client in
            let host = try await house.join("host", .host)
            let token = try house.token("host", .host)
            let before = try await client.ask("GET", Self.path, token: token).body
            let body = #"{"waitingRoom":"maybe","locked":1,"hostKey":"12","nonsense":{},"chat":"off"}"#
            let wrong = try await client.ask("POST", Self.path + "/controls/set", token: token, body: body)
            #expect(wrong.status == 422)
            for part in ["waitingRoom", "not_one_of", "locked", "type", "hostKey", "format", "nonsense", "unknown"] {
                #expect(wrong.body.contains("\"\(part)\""), "\(part)")
            }
            for (control, body, status) in [
                ("mute", "{}", 422), ("mute", #"{"identities":[]}"#, 422), ("mute", #"{"identities":["a",1]}"#, 422),
                ("mute", #"{"identities":["nobody"]}"#, 404), ("mute", "[]", 400), ("mute", "{", 400),
                ("extend", #"{"minutes":1.5}"#, 422), ("extend", #"{"minutes":true}"#, 422),
                ("extend", #"{"minutes":99999999999999999999}"#, 422), ("rename", #"{"identity":"host"}"#, 422),
                ("rename", #"{"identity":"host","name":"a\u0000"}"#, 422), ("dance", "{}", 404),
                ("end", #"{"x":1}"#, 422),
            ] {
                let answer = try await client.ask("POST", Self.path + "/controls/\(control)", token: token, body: body)
                #expect(answer.status == status, "\(control) \(body)")
            }
            #expect(try await client.ask("GET", Self.path, token: token).body == before)
            _ = host
        }
    }

    @Test func tokens() async throws {
        try await House.run { house, client in
            let good = try house.token("host", .host)
            for (token, status) in [
                ("", 401), (good + "x", 401), (try house.token("host", .host) { $0.video.room = "other" }, 403),
                (try house.token("host", .host) { $0.video.roomJoin = nil }, 403),
                // There is no such meeting at the moment.
                (good, 410),
            ] {
                #expect(try await client.ask("GET", Self.path, token: token).status == status)
            }
        }
    }

    @Test func aLockOutEndsStaysAndTokens() async throws {
        try await House.run { house, client in
            let host = try await house.join("host", .host)
            let member = try await house.join("member", .member)
            let token = try house.token("member", .member)
            let weak = try house.token("", nil) { $0.video.roomAdmin = true }
            let admin = try house.token("", nil) {
                $0.video = VideoGrant()
                $0.video.roomAdmin = true
            }
            let path = "/api/v1/lock-outs"
            #expect(try await client.ask("POST", path, token: weak, body: "{}").status == 403)
            for body in ["{}", #"{"member":"","epoch":1}"#, #"{"member":"member","epoch":0}"#, "x"] {
                #expect(try await client.ask("POST", path, token: admin, body: body).status == 400)
            }
            let done = try await client.ask("POST", path, token: admin, body: #"{"member":"member","epoch":2}"#)
            #expect(done.body == #"{"ended":1}"#)
            let again = try await client.ask("POST", path, token: admin, body: #"{"member":"member","epoch":2}"#)
            #expect(again.body == #"{"ended":0}"#)
            #expect(try await house.refusal("member", token) == .revoked)
            let newer = try house.token("member", .member) { $0.hutong?.epoch = 2 }
            _ = try await house.house.gateway.open(
                try house.house.request(house.claims("member", .member), token: newer))
            _ = (host, member)
        }
    }
}

extension RawClient {
    fileprivate func ask(
        _ method: String, _ path: String, token: String = "", body: String = ""
    ) async throws -> Response {
        try await send(
            "\(method) \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return try await response()
    }
}
