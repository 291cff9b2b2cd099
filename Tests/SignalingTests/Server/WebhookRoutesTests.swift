// The operator's routes over HTTP: who may, what they answer, and that they do not exist where nobody is told anything.

import Foundation
import Logging
import Testing

@testable import Signaling

@Suite(.timeLimit(.minutes(2)))
struct WebhookRoutesTests {
    private static let now = Int64(Date().timeIntervalSince1970)

    @Test func rights() async throws {
        try await TemporaryStore.with { store in
            let keys = try await AccessKeys(["key": WebhooksTests.secret])
            let webhooks = Webhooks(
                WebhookConfiguration(
                    urls: [try #require(WebhookURL("https://a.example/secret"))], key: "key", retention: .seconds(1),
                    giveUpAfter: .seconds(1)), store: store, keys: keys, logger: TemporaryStore.logger)
            func token(_ change: (inout VideoGrant) -> Void) throws -> String {
                var claims = AccessClaims(identity: "operator")
                claims.video.roomAdmin = true
                claims.video.roomList = true
                change(&claims.video)
                return try keys.mint(claims, key: "key", now: Self.now)
            }
            let good = try token { _ in }
            let weak = [
                try token { $0.roomList = nil }, try token { $0.roomAdmin = false }, try token { $0.room = "m" },
            ]
            try await EdgeFixture.run { _, content in
                content.webhooks = WebhookRoutes(webhooks: webhooks, keys: keys)
            } _: { edge in
                try await RawClient.connect(edge.port) { client in
                    for (method, path) in [("GET", "/api/webhooks"), ("POST", "/api/webhooks/replay")] {
                        for bad in ["", "x", good + "x"] {
                            #expect(try await client.ask(method, path, token: bad).status == 401)
                        }
                        for token in weak {
                            let answer = try await client.ask(method, path, token: token, body: "{}")
                            #expect(answer.status == 403 && answer.body.contains("roomAdmin"))
                        }
                    }
                    let listing = try await client.ask("GET", "/api/webhooks", token: good)
                    #expect(
                        listing.body
                            == #"{"receivers":[{"dropped":0,"failed":0,"oldestSeconds":0,"queued":0,"sent":0,"#
                            + #""url":"https://a.example/…"}]}"#)
                    for (body, status) in [
                        ("{}", 202), (#"{"room":"m","from":1,"to":2}"#, 202), (#"{"from":"EV_x"}"#, 404), ("", 400),
                        ("[]", 400),
                        (#"{"from":1.5}"#, 400), (#"{"room":7}"#, 400), (String(repeating: "x", count: 5000), 413),
                    ] {
                        let answer = try await client.ask("POST", "/api/webhooks/replay", token: good, body: body)
                        #expect(answer.status == status, "\(body.prefix(50))")
                    }
                }
            }
        }
    }

    @Test func withoutReceiversThereIsNothingToLookInto() async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                let listing = try await client.ask("GET", "/api/webhooks")
                #expect(listing.status == 404)
            }
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
