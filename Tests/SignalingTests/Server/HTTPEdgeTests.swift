// HTTP over real sockets: routes, refusals, CORS on everything, limits.

import NIOCore
import NIOPosix
import Testing

@testable import Signaling

@Suite(.timeLimit(.minutes(1)))
struct HTTPEdgeTests {
    private func expectCORS(_ response: RawClient.Response, _ location: SourceLocation = #_sourceLocation) {
        #expect(response.headers["access-control-allow-origin"] == "*", sourceLocation: location)
        #expect(response.headers["access-control-allow-headers"] == "*, Authorization", sourceLocation: location)
        #expect(response.headers["access-control-max-age"] == "86400", sourceLocation: location)
        #expect(
            response.headers["access-control-allow-methods"] == "OPTIONS, HEAD, GET, POST, PATCH, DELETE",
            sourceLocation: location)
    }

    @Test func servesThePageWithItsHeaders() async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                let page = try await client.get("/")
                #expect(page.status == 200)
                #expect(page.body == EdgeFixture.indexBody)
                #expect(page.headers["content-type"] == "text/html; charset=utf-8")
                #expect(page.headers["etag"] == "\"1\"")
                #expect(page.headers["x-content-type-options"] == "nosniff")
                let policy = try #require(page.headers["content-security-policy"])
                #expect(policy.contains("default-src 'none'"))
                #expect(policy.contains("connect-src 'self' ws: wss:"))
                #expect(!policy.contains("unsafe"))
                self.expectCORS(page)

                let head = try await client.get("/", method: "HEAD")
                #expect(head.status == 200)
                #expect(head.headers["content-length"] == String(EdgeFixture.indexBody.utf8.count))

                let script = try await client.get("//main.js")
                #expect(script.status == 200)
                #expect(script.headers["content-type"] == "text/javascript; charset=utf-8")
                let unchanged = try await client.get("/main.js", headers: ["If-None-Match: \"9\", W/\"2\""])
                #expect(unchanged.status == 304)
                #expect(unchanged.body.isEmpty)
            }
        }
    }

    @Test(arguments: [
        "/../Package.swift", "/%2e%2e/Package.swift", "/..%2fPackage.swift", "/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/main.js%00",
        "/nothing.js", "/rtc", "/rtc/v1", "//rtc", "/agent", "/settings/regions",
    ])
    func answersNotFoundAsProblem(path: String) async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                let response = try await client.get(path)
                #expect(response.status == 404)
                #expect(response.headers["content-type"] == "application/problem+json")
                #expect(response.body.contains("\"status\":404"))
                self.expectCORS(response)
            }
        }
    }

    @Test func answersPreflightOfAnyPath() async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                for path in ["/rtc/validate", "/twirp/livekit.RoomService/ListRooms", "/"] {
                    let response = try await client.get(path, method: "OPTIONS", headers: ["Origin: https://a.example"])
                    #expect(response.status == 204)
                    self.expectCORS(response)
                }
            }
        }
    }

    @Test(arguments: [
        ("/rtc/validate?access_token=good", 200, "success"),
        ("//rtc//validate?access_token=good", 200, "success"),
        ("/rtc/validate?access_token=bad", 401, "access token signature is wrong"),
        ("/rtc/validate", 401, "no access token"),
        ("/rtc/validate?access_token=full", 503, "meeting full"),
        ("/rtc/v1/validate?access_token=good", 404, "protocol v1 is not served"),
    ])
    func validates(target: String, status: Int, text: String) async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                let response = try await client.get(target)
                #expect(response.status == status)
                #expect(response.body == text)
                #expect(response.headers["content-type"] == "text/plain; charset=utf-8")
                self.expectCORS(response)
            }
        }
    }

    @Test func prefersTheHeadersToken() async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                let header = try await client.get(
                    "/rtc/validate?access_token=bad", headers: ["authorization: bearer good"])
                #expect(header.status == 200)
                let wrong = try await client.get(
                    "/rtc/validate?access_token=good", headers: ["Authorization: Bearer bad"])
                #expect(wrong.status == 401)
            }
        }
    }

    @Test func reportsHealthAndReadiness() async throws {
        try await EdgeFixture.run(
            { _, content in content.isReady = { false } },
            { edge in
                try await RawClient.connect(edge.port) { client in
                    try await client.expect(200, "/healthz")
                    try await client.expect(503, "/readyz")
                }
            })
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                try await client.expect(200, "/readyz")
            }
        }
    }

    @Test func servesMetricsToThisMachineOnly() async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                let metrics = try await client.get("/metrics")
                #expect(metrics.status == 200)
                #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
                #expect(metrics.body.contains("hutong_build_info{version=\"test\"} 1\n"))
                #expect(metrics.body.contains("hutong_http_connections 1\n"))
                let forwarded = try await client.get("/metrics", headers: ["X-Forwarded-For: 192.0.2.1"])
                #expect(forwarded.status == 403)
            }
        }
    }

    @Test func movesMetricsToTheirOwnListener() async throws {
        let probe = try await freePort()
        try await EdgeFixture.run(
            { configuration, _ in
                configuration.metricsListen = ListenAddress(host: "127.0.0.1", port: probe)
            },
            { edge in
                try await RawClient.connect(edge.port) { client in
                    try await client.expect(404, "/metrics")
                }
                try await RawClient.connect(probe) { client in
                    let metrics = try await client.get("/metrics", headers: ["X-Forwarded-For: 192.0.2.1"])
                    #expect(metrics.status == 200)
                    try await client.expect(404, "/rtc/validate?access_token=good")
                }
            })
    }

    @Test func mintsDevelopmentTokensOnlyWhenAsked() async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                try await client.expect(404, "/dev/token?room=a&name=b")
            }
        }
        try await EdgeFixture.run(
            { _, content in content.developmentToken = { "\($0)/\($1)" } },
            { edge in
                try await RawClient.connect(edge.port) { client in
                    let token = try await client.get("/dev/token?room=a+b&name=%E5%BC%A0")
                    #expect(token.status == 200)
                    #expect(token.headers["cache-control"] == "no-store")
                    #expect(token.body == #"{"token":"a b\/张"}"#)
                    try await client.expect(400, "/dev/token?name=b")
                    let long = String(repeating: "x", count: 257)
                    try await client.expect(400, "/dev/token?room=\(long)")
                    let foreign = try await client.get("/dev/token?room=a", headers: ["Sec-Fetch-Site: cross-site"])
                    #expect(foreign.status == 403)
                }
            })
    }

    @Test func acceptsLongURLsAndRefusesLongerHeads() async throws {
        try await EdgeFixture.run(
            { configuration, _ in
                configuration.limits.closeTime = .milliseconds(100)
            },
            { edge in
                let padding = String(repeating: "a", count: 30_000)
                try await RawClient.connect(edge.port) { client in
                    try await client.expect(200, "/rtc/validate?access_token=good&join_request=\(padding)")
                }
                try await RawClient.connect(edge.port) { client in
                    let response = try await client.get("/?\(padding)\(padding)")
                    #expect(response.status == 431)
                    self.expectCORS(response)
                }
                try await RawClient.connect(edge.port) { client in
                    let headers = (0..<4).map { "X-\($0): \(padding.prefix(10_000))" }
                    try await client.expect(431, "/", headers: headers)
                }
                try await RawClient.connect(edge.port) { client in
                    try await client.expect(431, "/", headers: (0..<1000).map { "X-\($0): 1" })
                    await client.readToEnd()
                }
            })
    }

    @Test(arguments: [
        "\u{16}\u{3}\u{1}garbage\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ])
    func answersGarbageWithBadRequest(bytes: String) async throws {
        try await EdgeFixture.run(
            { configuration, _ in
                configuration.limits.closeTime = .milliseconds(50)
            },
            { edge in
                try await RawClient.connect(edge.port) { client in
                    try await client.send(bytes)
                    let response = try await client.response()
                    #expect(response.status == 400)
                    self.expectCORS(response)
                    await client.readToEnd()
                }
            })
    }

    @Test func answersIgnoredUpgradesAsOrdinaryRequests() async throws {
        try await EdgeFixture.run { edge in
            for target in ["/", "/rtc/validate?access_token=good"] {
                try await RawClient.connect(edge.port) { client in
                    let response = try await client.get(
                        target,
                        headers: ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMA"])
                    #expect(response.status == 200)
                    await client.readToEnd()
                }
            }
        }
    }

    @Test func closesSlowAndSilentConnections() async throws {
        try await EdgeFixture.run(
            { configuration, _ in
                configuration.limits.requestHeadTime = .milliseconds(200)
            },
            { edge in
                let start = ContinuousClock.now
                try await RawClient.connect(edge.port) { client in
                    for byte in "GET / HTT".utf8 {
                        // The server may have had enough already.
                        try? await client.send([byte])
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    await client.readToEnd()
                }
                try await RawClient.connect(edge.port) { await $0.readToEnd() }
                #expect(ContinuousClock.now - start < .seconds(5))
                #expect(ContinuousClock.now - start > .milliseconds(390))
            })
    }

    @Test func closesConnectionsWithEndlessBodies() async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                try await client.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                let chunk = "8000\r\n" + String(repeating: "b", count: 0x8000) + "\r\n"
                for _ in 0..<8 { try? await client.send(chunk) }
                await client.readToEnd()
            }
        }
    }

    @Test func limitsConnections() async throws {
        try await EdgeFixture.run(
            { configuration, _ in
                configuration.limits.connections = 2
            },
            { edge in
                try await RawClient.connect(edge.port) { first in
                    try await first.expect(200, "/healthz")
                    try await RawClient.connect(edge.port) { second in
                        try await second.expect(200, "/healthz")
                        try await RawClient.connect(edge.port) { third in
                            await #expect(throws: (any Error).self) { try await third.get("/healthz") }
                        }
                    }
                    // The second has left: its place is free again.
                    var isAdmitted = false
                    for _ in 0..<100 where !isAdmitted {
                        try? await RawClient.connect(edge.port) {
                            isAdmitted = try await $0.get("/healthz").status == 200
                        }
                    }
                    #expect(isAdmitted)
                }
            })
    }

    @Test func namesThePortInUse() async throws {
        try await EdgeFixture.run { edge in
            let error = await #expect(throws: EdgeError.self) {
                try await EdgeFixture.run({ configuration, _ in configuration.listen.port = edge.port }, { _ in })
            }
            #expect(error == .portInUse(ListenAddress(host: "127.0.0.1", port: edge.port)))
            #expect(error?.description.contains(String(edge.port)) == true)
        }
    }

    /// Free a moment ago, on this machine's loopback.
    private func freePort() async throws -> Int {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        try await listener.close()
        return port
    }
}
