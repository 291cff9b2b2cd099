// URLs and queries without a socket.

import NIOCore
import Testing

@testable import Signaling

struct SignalRouteTests {
    @Test(arguments: [
        ("/rtc", SignalRoute.socket(.v0)), ("//rtc", .socket(.v0)), ("/rtc/", .socket(.v0)), ("/rtc/v1", .socket(.v1)),
        ("/rtc//v1", .socket(.v1)), ("/rtc/validate", .validate(.v0)), ("/rtc/v1/validate", .validate(.v1)),
        ("/", nil), ("", nil), ("/rtc/v2", nil), ("/RTC", nil), ("/x/rtc", nil), ("/rtc%2Fv1", nil),
    ])
    func findsRoutes(path: String, route: SignalRoute?) {
        #expect(SignalRoute(path: path[...]) == route)
    }

    @Test(arguments: [
        ("a=1&b=2", [["a", "1"], ["b", "2"]]), ("a=1=2", [["a", "1=2"]]), ("a", [["a", ""]]), ("=x", [["", "x"]]),
        ("a=%41%2b%2B+%", [["a", "A++ %"]]), ("a=%4", [["a", "%4"]]), ("a=%zz", [["a", "%zz"]]), ("&&", []),
        ("a=%ff", [["a", "\u{fffd}"]]), ("%E5%BC%A0=%e5%bc%a0", [["张", "张"]]), ("a=?", [["a", "?"]]),
    ])
    func decodesQueries(query: String, items: [[String]]) {
        #expect(RequestTarget("/rtc?" + query).queryItems.map { [$0.name, $0.value] } == items)
    }

    @Test(arguments: [
        ("Bearer abc", "", "abc"), ("bearer  abc", "", "abc"), ("Basic abc", "", nil), ("Bearer", "", nil),
        (nil, "access_token=q", "q"), ("Bearer h", "access_token=q", "h"), (nil, "access_token=", nil),
        ("Basic abc", "access_token=q", "q"),
    ])
    func choosesTheToken(authorization: String?, query: String, token: String?) {
        let request = SignalRequest(
            version: .v0, uri: "/rtc?sdk=js&\(query)", authorization: authorization, remoteAddress: "")
        #expect(request.token == token)
        #expect(request.query.map(\.name) == ["sdk"])
    }

    @Test func countsConnectionsByNetwork() throws {
        func network(_ address: String) throws -> [UInt8] { try SocketAddress(ipAddress: address, port: 1).network }
        #expect(try network("192.0.2.1") == [192, 0, 2, 1])
        #expect(try network("::ffff:192.0.2.1") == [192, 0, 2, 1])
        #expect(try network("2001:db8:1:2:3::4") == network("2001:db8:1:2:ffff::"))
        #expect(try network("2001:db8:1:2::") != network("2001:db8:1:3::"))
        for (address, isLoopback) in [
            ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("128.0.0.1", false), ("::2", false),
            ("fe80::1", false),
        ] {
            #expect(try SocketAddress(ipAddress: address, port: 1).isLoopback == isLoopback, "\(address)")
        }
    }

    @Test func limiterForgetsWhoLeft() throws {
        var limits = EdgeLimits()
        limits.connections = 3
        limits.connectionsPerAddress = 2
        let limiter = ConnectionLimiter(limits)
        let one = try SocketAddress(ipAddress: "192.0.2.1", port: 1)
        let two = try SocketAddress(ipAddress: "192.0.2.2", port: 1)
        #expect(limiter.enter(one))
        #expect(limiter.enter(one))
        #expect(!limiter.enter(one))
        #expect(limiter.enter(two))
        #expect(!limiter.enter(two), "the total is reached")
        limiter.leave(one)
        #expect(limiter.enter(two))
        limiter.leave(one)
        limiter.leave(two)
        limiter.leave(two)
        // A reverse proxy on this machine speaks for everybody: only the total counts for it.
        let local = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        for _ in 0..<3 { #expect(limiter.enter(local)) }
        #expect(!limiter.enter(local))
    }

    @Test func cutsCloseReasonsBetweenCharacters() {
        let reason = WebSocketHandler.closeReason(String(repeating: "张", count: 60))
        #expect(reason.utf8.count == 123)
        #expect(WebSocketHandler.closeReason("short") == "short")
    }
}
