// The server API over real sockets with real tokens: forms, rights, errors, limits. What the methods do in a meeting is
// AdministrationTests' concern.

import Foundation
import LiveKitProtocol
import Logging
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

@Suite(.timeLimit(.minutes(1)))
struct TwirpTests {
    struct House {
        let house: GatewayTests.House
        let api: TwirpServer

        init(_ configuration: MeetingConfiguration = .init()) async throws {
            house = try await GatewayTests.House(configuration)
            api = TwirpServer(directory: house.directory, keys: house.keys)
        }

        func token(_ grant: (inout VideoGrant) -> Void) throws -> String {
            var claims = AccessClaims(identity: "back end")
            grant(&claims.video)
            return try house.keys.mint(claims, key: GatewayTests.key, now: Int64(Date().timeIntervalSince1970))
        }

        /// Of one who may do everything in room `m`.
        func everything() throws -> String {
            try token {
                $0.roomCreate = true
                $0.roomList = true
                $0.roomAdmin = true
                $0.room = "m"
            }
        }

        /// - Returns: status and answer.
        func call(
            _ method: String, _ body: String, token: String?, service: String = "livekit.RoomService",
            contentType: String? = "application/json"
        ) async throws -> (status: Int, body: String) {
            let route = try #require(ServerAPIRoute(path: "/twirp/\(service)/\(method)"))
            let reply = await api.answer(
                ServerAPICall(
                    route: route, contentType: contentType, authorization: token.map { "Bearer \($0)" },
                    body: { Array(body.utf8) }))
            return (reply.status, String(decoding: reply.body, as: UTF8.self))
        }

        func join(_ identity: String, configuration: RoomConfiguration? = nil) async throws -> LiveKitSession {
            var claims = AccessClaims.join(meeting: "m", identity: identity)
            claims.roomConfiguration = configuration
            return try await house.gateway.open(try house.request(claims))
        }
    }

    @Test func roomsAreCreatedOnceListedAndDeleted() async throws {
        let house = try await House()
        let token = try house.everything()
        let request = #"{"name":"m","empty_timeout":60,"departureTimeout":5,"maxParticipants":3,"metadata":"hi","x":1}"#
        let created = try await house.call("CreateRoom", request, token: token)
        #expect(created.status == 200)
        let room = try LiveKitRoom(jsonString: created.body)
        #expect(room.name == "m" && room.sid.hasPrefix("RM_") && room.maxParticipants == 3 && room.metadata == "hi")
        #expect(room.emptyTimeout == 60 && room.departureTimeout == 5 && room.creationTime > 0)
        // The names of the .proto files, as Twirp's servers write them.
        #expect(created.body.contains("\"empty_timeout\":60"))
        // A second time finds the same one, as it is.
        let again = try await house.call("CreateRoom", #"{"name":"m","metadata":"other"}"#, token: token)
        #expect(try LiveKitRoom(jsonString: again.body) == room)
        _ = try await house.call("CreateRoom", #"{"name":"n"}"#, token: token)

        func names(_ body: String) async throws -> [String] {
            let listed = try await house.call("ListRooms", body, token: token)
            return try LiveKitListRoomsResponse(jsonString: listed.body).rooms.map(\.name)
        }
        #expect(try await names("{}") == ["m", "n"])
        #expect(try await names(#"{"names":["n","none","n"]}"#) == ["n"])
        #expect(try await house.call("DeleteRoom", #"{"room":"n"}"#, token: token) == (200, "{}"))
        #expect(try await names("{}") == ["m"])
        let missing = try await house.call("DeleteRoom", #"{"room":"n"}"#, token: token)
        #expect(missing == (404, #"{"code":"not_found","meta":{},"msg":"requested room does not exist"}"#))
    }

    @Test func aRoomThatNobodyEntersEnds() async throws {
        let house = try await House()
        let token = try house.everything()
        _ = try await house.call("CreateRoom", #"{"name":"m","empty_timeout":1}"#, token: token)
        #expect(await house.house.directory.statistics().meetings == 1)
        for _ in 0..<500 where await house.house.directory.statistics().meetings > 0 {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(await house.house.directory.statistics().meetings == 0)
    }

    @Test func participantsAreShownChangedAndRemoved() async throws {
        let house = try await House()
        let token = try house.everything()
        let session = try await house.join("alice")
        let outputs = session.outputs.makeAsyncIterator()
        let listed = try await house.call("ListParticipants", #"{"room":"m"}"#, token: token)
        #expect(try LiveKitListParticipantsResponse(jsonString: listed.body).participants.map(\.identity) == ["alice"])
        let identity = #""room":"m","identity":"alice""#
        let info = try await house.call("GetParticipant", "{\(identity)}", token: token)
        #expect(try LiveKitParticipantInfo(jsonString: info.body).sid.hasPrefix("PA_"))
        let updated = try await house.call("UpdateParticipant", "{\(identity),\"name\":\"A\"}", token: token)
        #expect(try LiveKitParticipantInfo(jsonString: updated.body).name == "A")
        let room = try await house.call("UpdateRoomMetadata", #"{"room":"m","metadata":"new"}"#, token: token)
        #expect(try LiveKitRoom(jsonString: room.body).metadata == "new")
        #expect(
            try await house.call("SendData", #"{"room":"m","data":"eA==","kind":"LOSSY"}"#, token: token).status == 200)
        #expect(try await house.call("RemoveParticipant", "{\(identity)}", token: token) == (200, "{}"))
        var last: SignalOutput?
        while let output = await outputs.next() { last = output }
        #expect(last == .close(code: 1000, reason: "participant-removed"))
        let gone = try await house.call("GetParticipant", "{\(identity)}", token: token)
        #expect(gone == (404, #"{"code":"not_found","meta":{},"msg":"participant does not exist"}"#))
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var method: String
        var body = "{}"
        var grant: @Sendable (inout VideoGrant) -> Void = { _ in }
        var status: Int
        var code: String
        var testDescription: String { "\(method) \(body) \(code)" }
    }

    @Test(arguments: [
        Refused(method: "CreateRoom", body: #"{"name":"m"}"#, status: 403, code: "permission_denied"),
        Refused(
            method: "CreateRoom", body: #"{"name":"m"}"#, grant: { $0.roomAdmin = true }, status: 403,
            code: "permission_denied"),
        Refused(method: "CreateRoom", grant: { $0.roomCreate = true }, status: 400, code: "invalid_argument"),
        Refused(
            method: "CreateRoom", body: #"{"name":"\#(String(repeating: "n", count: 257))"}"#,
            grant: { $0.roomCreate = true }, status: 400, code: "invalid_argument"),
        Refused(
            method: "CreateRoom", body: "nonsense", grant: { $0.roomCreate = true }, status: 400, code: "malformed"),
        Refused(method: "CreateRoom", body: "", grant: { $0.roomCreate = true }, status: 400, code: "malformed"),
        Refused(method: "ListRooms", status: 403, code: "permission_denied"),
        Refused(method: "DeleteRoom", body: #"{"room":"m"}"#, status: 403, code: "permission_denied"),
        Refused(
            method: "GetParticipant", body: #"{"room":"m","identity":"a"}"#, grant: { $0.roomAdmin = true },
            status: 403,
            code: "permission_denied"),
        Refused(
            method: "GetParticipant", body: #"{"room":"m","identity":"a"}"#,
            grant: { ($0.roomAdmin, $0.room) = (true, "other") }, status: 403, code: "permission_denied"),
        Refused(
            method: "GetParticipant", body: #"{"identity":"a"}"#, grant: { ($0.roomAdmin, $0.room) = (true, "") },
            status: 400, code: "invalid_argument"),
        Refused(
            method: "GetParticipant", body: #"{"room":"m","identity":"a"}"#,
            grant: { ($0.roomAdmin, $0.room) = (true, "m") }, status: 404, code: "not_found"),
    ])
    func refusals(_ given: Refused) async throws {
        let house = try await House()
        let reply = try await house.call(given.method, given.body, token: try house.token(given.grant))
        #expect(reply.status == given.status && reply.body.contains("\"code\":\"\(given.code)\""))
    }

    @Test func whoeverCallsMustBeKnown() async throws {
        let house = try await House()
        for token in [nil, "", "nonsense", "a.b.c"] {
            let reply = try await house.call("ListRooms", "{}", token: token)
            #expect(reply.status == 401 && reply.body.contains("unauthenticated"))
        }
        #expect(await house.house.directory.statistics().meetings == 0)
    }

    @Test func whatIsNotServedSaysSo() async throws {
        let house = try await House()
        let token = try house.everything()
        for (service, method) in [
            ("livekit.RoomService", "Dance"), ("livekit.Nothing", "ListRooms"), ("RoomService", "ListRooms"),
            ("other.RoomService", "ListRooms"),
        ] {
            let reply = try await house.call(method, "{}", token: token, service: service)
            #expect(reply.status == 404 && reply.body.contains("bad_route"))
        }
        let egress = try await house.call("StartEgress", "{}", token: token, service: "livekit.Egress")
        #expect(egress.status == 501 && egress.body.contains("unimplemented"))
        let stranger = try await house.call("StartEgress", "{}", token: nil, service: "livekit.Egress")
        #expect(stranger.status == 401)
        for type in [nil, "", "text/plain", "application/x-www-form-urlencoded"] {
            let reply = try await house.call("ListRooms", "{}", token: token, contentType: type)
            #expect(reply.status == 404 && reply.body.contains("bad_route"))
        }
        let spelled = try await house.call(
            "ListRooms", "{}", token: token, contentType: "Application/JSON; charset=utf-8")
        #expect(spelled.status == 200)
    }

    @Test func protobufIsAnsweredInProtobuf() async throws {
        let house = try await House()
        let request = LiveKitCreateRoomRequest.with { $0.name = "m" }
        let bytes: [UInt8] = try request.serializedBytes()
        let token = try house.everything()
        let reply = await house.api.answer(
            ServerAPICall(
                route: try #require(ServerAPIRoute(path: "//twirp/livekit.RoomService/CreateRoom")),
                contentType: "application/protobuf", authorization: "bearer \(token)", body: { bytes }))
        #expect(reply.status == 200 && reply.contentType == "application/protobuf")
        #expect(try LiveKitRoom(serializedBytes: reply.body).name == "m")
    }

    @Test func theBodyIsReadOnlyForAKnownCallerWhoMay() async throws {
        let house = try await House()
        let list = try house.token { $0.roomList = true }
        for (token, status) in [("nonsense", 401), (list, 403)] {
            let reply = await house.api.answer(
                ServerAPICall(
                    route: try #require(ServerAPIRoute(path: "/twirp/livekit.RoomService/CreateRoom")),
                    contentType: "application/json", authorization: "Bearer \(token)",
                    body: {
                        Issue.record("the body was read")
                        return nil
                    }))
            #expect(reply.status == status)
        }
    }

    @Test func callsAreCountedByMethodAndOutcome() async throws {
        let house = try await House()
        let token = try house.everything()
        _ = try await house.call("ListRooms", "{}", token: token)
        _ = try await house.call("ListRooms", "{}", token: nil)
        _ = try await house.call("MadeUp1", "{}", token: token)
        _ = try await house.call("MadeUp2", "{}", token: token)
        let text = MetricsText.render(house.api.metrics)
        #expect(text.contains(#"hutong_api_requests_total{method="RoomService/ListRooms",code="ok"} 1"#))
        #expect(text.contains(#"hutong_api_requests_total{method="RoomService/ListRooms",code="unauthenticated"} 1"#))
        #expect(
            text.contains(#"hutong_api_requests_total{method="other",code="bad_route"} 2"#) && !text.contains("MadeUp"))
    }

    // MARK: Who may open a room

    @Test func joiningOpensARoomOnlyWhereTheOperatorWantsIt() async throws {
        var configuration = MeetingConfiguration()
        configuration.opensOnJoin = false
        let house = try await House(configuration)
        await #expect(throws: SignalRefusal.noSuchRoom) { _ = try await house.join("alice") }
        await #expect(throws: SignalRefusal.noSuchRoom) {
            try await house.house.gateway.validate(try house.house.request(.join(meeting: "m", identity: "alice")))
        }
        _ = try await house.call("CreateRoom", #"{"name":"m"}"#, token: try house.everything())
        await (try house.join("alice")).socketClosed()

        var creator = AccessClaims.join(meeting: "n", identity: "alice")
        creator.video.roomCreate = true
        await (try house.house.gateway.open(try house.house.request(creator))).socketClosed()
    }

    @Test func theTokenThatOpensARoomConfiguresIt() async throws {
        let house = try await House()
        var configuration = RoomConfiguration()
        configuration.maxParticipants = 1
        configuration.metadata = "from the token"
        let session = try await house.join("alice", configuration: configuration)
        let listed = try await house.call("ListRooms", "{}", token: try house.everything())
        let room = try LiveKitListRoomsResponse(jsonString: listed.body).rooms.first
        #expect(room?.maxParticipants == 1 && room?.metadata == "from the token")
        await #expect(throws: SignalRefusal.meetingFull) { _ = try await house.join("bob") }
        await session.socketClosed()
    }

    // MARK: Over HTTP

    @Test func postsReachTheAPIAndNothingElseDoes() async throws {
        let house = try await House()
        let token = try house.everything()
        try await EdgeFixture.run { _, content in
            content.serverAPI = house.api
        } _: { edge in
            try await RawClient.connect(edge.port) { client in
                func post(_ path: String, _ body: String, bearer: String?) async throws -> RawClient.Response {
                    try await client.send(
                        "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                            + (bearer.map { "Authorization: Bearer \($0)\r\n" } ?? "")
                            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                    return try await client.response()
                }
                let path = "/twirp/livekit.RoomService/CreateRoom"
                let created = try await post(path, #"{"name":"m"}"#, bearer: token)
                #expect(created.status == 200 && created.headers["content-type"] == "application/json")
                #expect(created.headers["access-control-allow-origin"] == "*" && created.body.contains("\"RM_"))
                // More than any other route takes.
                let long = String(repeating: "x", count: 300_000)
                let large = try await post(
                    "//twirp//livekit.RoomService/UpdateRoomMetadata", #"{"room":"m","metadata":"\#(long)"}"#,
                    bearer: token)
                #expect(large.status == 200)
                let refused = try await post(path, #"{"name":"m"}"#, bearer: nil)
                #expect(refused.status == 401 && refused.body.contains("\"code\":\"unauthenticated\""))
                #expect(try await client.get(path).status == 404)
                #expect(try await post("/twirp/livekit.RoomService", "{}", bearer: token).status >= 404)
            }
        }
    }

    @Test func aBodyBeyondTheLimitIsAnsweredOrEnded() async throws {
        let house = try await House()
        let token = try house.everything()
        try await EdgeFixture.run { configuration, content in
            content.serverAPI = house.api
            configuration.limits.apiBodyBytes = 1000
        } _: { edge in
            for (bytes, isAnswered) in [(2000, true), (200_000, false)] {
                try await RawClient.connect(edge.port) { client in
                    try await client.send(
                        "POST /twirp/livekit.RoomService/CreateRoom HTTP/1.1\r\nHost: a\r\n"
                            + "Content-Type: application/json\r\nAuthorization: Bearer \(token)\r\n"
                            + "Content-Length: \(bytes)\r\n\r\n")
                    try? await client.send([UInt8](repeating: 0x20, count: bytes))
                    let response = try? await client.response()
                    if isAnswered { #expect(response?.status == 400) }
                    #expect(response?.status != 200)
                }
            }
        }
    }
}
