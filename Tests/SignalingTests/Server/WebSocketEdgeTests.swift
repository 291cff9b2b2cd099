// Signaling WebSockets over real sockets: the handshake, the frames, and every way it can end.

import Testing

@testable import Signaling

@Suite(.timeLimit(.minutes(1)))
struct WebSocketEdgeTests {
    @Test(arguments: ["/rtc", "//rtc", "/rtc/"])
    func upgradesAndEchoes(path: String) async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                let response = try await client.upgrade("\(path)?access_token=good&sdk=js&name=a%2Bb+c")
                #expect(response.status == 101)
                // RFC 6455, 1.3: the answer to the sample nonce.
                #expect(response.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
                try await client.text("hello 张")
                #expect(await client.nextMessage() == .init(opcode: 1, payload: Array("hello 张".utf8)))
                let long = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }
                try await client.frame(2, long)
                #expect(await client.nextMessage() == .init(opcode: 2, payload: long))
                try await client.frame(8, [0x03, 0xe8])
                #expect(await client.nextMessage()?.closeCode == 1000)
                #expect(await client.nextFrame() == nil)
            }
            #expect(await EdgeFixture.eventually { edge.gateway.seen.closed == 1 })
            let query = edge.gateway.seen.requests[0]
            // The token is not among what a session can print.
            #expect(query == ["sdk": "js", "name": "a+b c"])
        }
    }

    @Test func takesTheTokenFromTheHeader() async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                let response = try await client.upgrade(
                    "/rtc?access_token=bad", headers: ["Authorization: Bearer good"])
                #expect(response.status == 101)
            }
        }
    }

    @Test(arguments: [
        ("/rtc", 401, "no access token"), ("/rtc?access_token=bad", 401, "access token signature is wrong"),
        ("/rtc/v1?access_token=good", 404, "protocol v1 is not served"),
        ("/rtc?access_token=full", 503, "meeting full"),
    ])
    func refusesWithStatusTextAndCORS(target: String, status: Int, text: String) async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                let response = try await client.upgrade(target)
                #expect(response.status == status)
                #expect(response.body == text)
                #expect(response.headers["access-control-allow-origin"] == "*")
                #expect(response.headers["access-control-allow-headers"] == "*, Authorization")
                #expect(await client.nextFrame() == nil)
            }
            #expect(edge.gateway.seen.opened == 0)
        }
    }

    @Test(arguments: [
        ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
        [
            "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 8",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
    ])
    func refusesBrokenHandshakes(headers: [String]) async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                let response = try await client.get("/rtc?access_token=good", headers: headers)
                #expect(response.status == 400)
                #expect(response.headers["sec-websocket-version"] == "13")
                #expect(response.headers["access-control-allow-origin"] == "*")
            }
            #expect(edge.gateway.seen.opened == 0)
        }
    }

    @Test func endsTheSessionWhoseClientLeftDuringAdmission() async throws {
        try await EdgeFixture.run(gateway: EchoGateway(delay: .milliseconds(300))) { edge in
            try await RawClient.connect(edge.port) { client in
                try await client.send("GET /rtc?access_token=good HTTP/1.1\r\nHost: a\r\n")
                try await client.send(RawClient.handshake.map { $0 + "\r\n" }.joined() + "\r\n")
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(await EdgeFixture.eventually { edge.gateway.seen.opened == 1 && edge.gateway.seen.closed == 1 })
        }
    }

    @Test func keepsFramesSentRightBehindTheHandshake() async throws {
        try await EdgeFixture.run(gateway: EchoGateway(delay: .milliseconds(100))) { edge in
            try await RawClient.connect(edge.port) { client in
                let head =
                    "GET /rtc?access_token=good HTTP/1.1\r\nHost: a\r\n"
                    + RawClient.handshake.map { $0 + "\r\n" }.joined() + "\r\n"
                try await client.send(Array(head.utf8) + RawClient.encode(1, Array("early".utf8)))
                #expect(try await client.response().status == 101)
                #expect(await client.nextMessage()?.text == "early")
            }
        }
    }

    @Test func leavesReusedConnectionsToTheProxysRetry() async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                try await client.expect(200, "/healthz")
                await #expect(throws: RawClient.TimedOut.self) { try await client.upgrade("/rtc?access_token=good") }
            }
            #expect(edge.gateway.seen.opened == 0)
        }
    }

    @Test func joinsFragmentsAroundControlFrames() async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                try await client.open("/rtc?access_token=good")
                // The three bytes of 张 in three fragments: UTF-8 is judged on the whole message.
                let bytes = Array("张".utf8)
                try await client.frame(1, [bytes[0]], isFinal: false)
                try await client.frame(9, [1, 2, 3])
                try await client.frame(0, [bytes[1]], isFinal: false)
                try await client.frame(0, [bytes[2]])
                #expect(await client.nextMessage() == .init(opcode: 10, payload: [1, 2, 3]))
                #expect(await client.nextMessage()?.text == "张")
            }
        }
    }

    @Test(arguments: [
        ("unmasked", RawClient.encode(1, [0x61], isMasked: false), 1002),
        ("reserved bit", RawClient.encode(1, [0x61], reserved: 0x40), 1002),
        ("unknown opcode", RawClient.encode(3, [0x61]), 1002),
        ("continuation of nothing", RawClient.encode(0, [0x61]), 1002),
        ("message inside a message", RawClient.encode(1, [0x61], isFinal: false) + RawClient.encode(1, [0x61]), 1002),
        ("fragmented ping", RawClient.encode(9, [], isFinal: false), 1002),
        ("long ping", RawClient.encode(9, [UInt8](repeating: 0, count: 126)), 1002),
        ("no UTF-8", RawClient.encode(1, [0xff, 0xfe]), 1007),
        ("too many fragments", Self.manyFragments, 1009),
        ("close code nobody may send", RawClient.encode(8, [0x03, 0xed]), 1002),
        ("half a close code", RawClient.encode(8, [0x03]), 1002),
        ("frame of 1 GiB announced", [0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4, 5], 1009),
        ("length with the high bit", [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5], 1009),
    ])
    func closesOnViolations(name: String, bytes: [UInt8], code: UInt16) async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                try await client.open("/rtc?access_token=good")
                try await client.send(bytes)
                let close = await client.nextMessage()
                #expect(close?.opcode == 8, "\(name)")
                #expect(close?.closeCode == code, "\(name)")
                try await client.frame(8, [0x03, 0xe8])
                #expect(await client.nextFrame() == nil)
            }
            #expect(await EdgeFixture.eventually { edge.gateway.seen.closed == 1 })
            #expect(edge.gateway.seen.received == 0)
        }
    }

    static let manyFragments =
        RawClient.encode(2, [1], isFinal: false) + (0..<64).flatMap { _ in RawClient.encode(0, [1], isFinal: false) }

    @Test func refusesMessagesOverTheLimitHoweverTheyAreCut() async throws {
        try await EdgeFixture.run(
            { configuration, _ in configuration.limits.messageBytes = 100_000 },
            { edge in
                for fragments in [1, 2, 10] {
                    try await RawClient.connect(edge.port) { client in
                        try await client.open("/rtc?access_token=good")
                        let part = [UInt8](repeating: 5, count: 100_010 / fragments)
                        for index in 0..<fragments {
                            try await client.frame(index == 0 ? 2 : 0, part, isFinal: index == fragments - 1)
                        }
                        #expect(await client.nextMessage()?.closeCode == 1009)
                    }
                }
                try await RawClient.connect(edge.port) { client in
                    try await client.open("/rtc?access_token=good")
                    try await client.frame(2, [UInt8](repeating: 5, count: 100_000))
                    #expect(await client.nextMessage()?.payload.count == 100_000)
                }
            })
    }

    @Test func closesWithTheSessionsCodeAndWaitsForTheAnswer() async throws {
        try await EdgeFixture.run { edge in
            try await RawClient.connect(edge.port) { client in
                try await client.open("/rtc?access_token=good")
                try await client.text("close 4001 kicked")
                let close = await client.nextMessage()
                #expect(close?.closeCode == 4001)
                #expect(close.map { String(decoding: $0.payload.dropFirst(2), as: UTF8.self) } == "kicked")
                try await client.text("too late")
                try await client.frame(8, [0x0f, 0xa1])
                #expect(await client.nextFrame() == nil)
            }
            #expect(edge.gateway.seen.received == 1)
        }
    }

    @Test func closesWhenOutputsEndOrTheAnswerNeverComes() async throws {
        try await EdgeFixture.run(
            { configuration, _ in
                configuration.limits.closeTime = .milliseconds(100)
            },
            { edge in
                try await RawClient.connect(edge.port) { client in
                    try await client.open("/rtc?access_token=good")
                    try await client.text("end")
                    #expect(await client.nextMessage()?.closeCode == 1000)
                    #expect(await client.nextFrame() == nil)
                }
            })
    }

    @Test func pingsAndDropsWhoNeverAnswers() async throws {
        try await EdgeFixture.run(
            { configuration, _ in
                configuration.limits.pingInterval = .milliseconds(50)
                configuration.limits.silenceTime = .seconds(3)
            },
            { edge in
                try await RawClient.connect(edge.port) { client in
                    try await client.open("/rtc?access_token=good")
                    for _ in 0..<8 {
                        #expect(await client.nextFrame() == .init(opcode: 9, payload: []))
                        try await client.frame(10, [])
                    }
                    // Answered so far, silent from here.
                    let start = ContinuousClock.now
                    while await client.nextFrame() != nil {}
                    #expect(ContinuousClock.now - start > .milliseconds(2_500))
                    #expect(ContinuousClock.now - start < .seconds(9))
                }
                #expect(await EdgeFixture.eventually { edge.gateway.seen.closed == 1 })
            })
    }

    @Test func endsWhoDoesNotRead() async throws {
        try await EdgeFixture.run(
            { configuration, _ in
                configuration.limits.writeStallTime = .milliseconds(300)
            },
            { edge in
                try await RawClient.connect(edge.port, receiveBuffer: 4096) { client in
                    try await client.open("/rtc?access_token=good")
                    try await client.stopReading()
                    try await client.text("flood 2000 20000")
                    #expect(await EdgeFixture.eventually { edge.gateway.seen.closed == 1 })
                }
            })
    }

    @Test func survivesAClientThatVanishes() async throws {
        try await EdgeFixture.run { edge in
            for _ in 0..<20 {
                try await RawClient.connect(edge.port) { client in
                    try await client.open("/rtc?access_token=good")
                    try await client.text("flood 20 20000")
                }
            }
            #expect(await EdgeFixture.eventually { edge.gateway.seen.opened == 20 && edge.gateway.seen.closed == 20 })
        }
    }

    @Test func saysGoodbyeWhenTheServerStops() async throws {
        let gateway = EchoGateway()
        let (upgraded, isUpgraded) = AsyncStream<Int>.makeStream()
        let client = Task {
            var code: UInt16?
            for await port in upgraded {
                try await RawClient.connect(port) { client in
                    try await client.open("/rtc?access_token=good")
                    isUpgraded.finish()
                    code = await client.nextMessage()?.closeCode
                    try await client.frame(8, [0x03, 0xe9])
                }
            }
            return code
        }
        try await EdgeFixture.run(gateway: gateway) { edge in
            isUpgraded.yield(edge.port)
            #expect(await EdgeFixture.eventually { gateway.seen.opened == 1 })
        }
        #expect(try await client.value == 1001)
        #expect(gateway.seen.closed == 1)
    }
}
