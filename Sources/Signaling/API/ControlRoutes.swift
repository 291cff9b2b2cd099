// The controls of running meetings over HTTP, for hosts with their own join token and for back ends with one of the API
// key. Here are the caller's rights and the shape of requests; what happens is MeetingState's.
//
//   GET  /api/v1/meetings/{name}                      what hosts see
//   POST /api/v1/meetings/{name}/controls/{control}   {"changed":true}
//   POST /api/v1/lock-outs                            {"member":"…","epoch":3}

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHTTP1

public struct ControlRoutes: Sendable {
    private let directory: MeetingDirectory
    private let keys: AccessKeys

    public init(directory: MeetingDirectory, keys: AccessKeys) {
        self.directory = directory
        self.keys = keys
    }

    var routes: [APIRoute] {
        [
            APIRoute(
                method: .get, path: "/api/v1/meetings/{name}", operation: "getMeeting", summary: "What hosts see.",
                access: .token
            ) { request, context in
                let name = try name(context)
                let actor = try actor(request, in: name)
                return try json(try await refusing { try await directory.view(name, for: actor) })
            },
            APIRoute(
                method: .post, path: "/api/v1/meetings/{name}/controls/{control}", operation: "controlMeeting",
                summary: "One control of a running meeting.", access: .token, body: .object
            ) { request, context in
                let name = try name(context)
                let actor = try actor(request, in: name)
                let control = try await control(context.parameters.get("control") ?? "", request)
                let changed = try await refusing { try await directory.control(name, control, by: actor) }
                return try json(["changed": changed])
            },
            APIRoute(
                method: .post, path: "/api/v1/lock-outs", operation: "lockOut",
                summary: "Ends all that a member's tokens of lower epochs are worth.", access: .token,
                body: .json([.init("member", required: true), .init("epoch", .integer, required: true)])
            ) { request, _ in
                let grant = try claims(request).video
                guard grant.roomAdmin == true, grant.room?.isEmpty ?? true else {
                    throw Problem(.forbidden, detail: "the token needs roomAdmin, and no room")
                }
                let lockOut = try await lockOut(request)
                return try json(["ended": await directory.cutOff(lockOut.member, below: lockOut.epoch)])
            },
        ]
    }

    private func refusing<Answer: Sendable>(_ body: () async throws -> Answer) async throws -> Answer {
        do {
            return try await body()
        } catch let refusal as ControlRefusal {
            throw Problem(refusal)
        }
    }

    // MARK: Who asks

    private func name(_ context: EdgeContext) throws(Problem) -> String {
        let encoded = context.parameters.get("name") ?? ""
        guard let name = encoded.removingPercentEncoding, !name.isEmpty, name.utf8.count <= Limits.nameBytes else {
            throw Problem(.notFound)
        }
        return name
    }

    private func claims(_ request: Request) throws(Problem) -> AccessClaims {
        let claims: AccessClaims
        do throws(AccessError) {
            let token = request.headers[.authorization].flatMap(SignalRequest.bearerToken) ?? ""
            claims = try keys.verify(token, now: Int64(Date().timeIntervalSince1970))
            guard directory.revocations.saysEnded(claims) || !directory.revocations.refuse(claims) else {
                throw AccessError.revoked
            }
        } catch {
            throw Problem(.unauthorized, detail: error.reason)
        }
        if directory.revocations.saysEnded(claims) { throw Problem(ControlRefusal.ended) }
        return claims
    }

    /// A back end's token has `roomAdmin` for the meeting; a person's lets into it.
    private func actor(_ request: Request, in name: String) throws(Problem) -> ControlActor {
        let claims = try claims(request)
        guard claims.video.room == name else { throw Problem(.forbidden, detail: "the token is not for this meeting") }
        if claims.video.roomAdmin == true { return .server }
        guard claims.video.roomJoin == true, !claims.identity.isEmpty else {
            throw Problem(.forbidden, detail: "the token does not allow joining this meeting")
        }
        return .person(claims)
    }

    // MARK: What is asked

    private func body(_ request: Request) async throws(Problem) -> [UInt8] {
        do {
            return [UInt8](buffer: try await request.body.collect(upTo: Limits.controlBodyBytes))
        } catch {
            throw Problem(.contentTooLarge)
        }
    }

    private func control(_ name: String, _ request: Request) async throws(Problem) -> HostControl {
        let body = try await body(request)
        do throws(ControlRequestError) {
            return try ControlRequest.decode(name, body)
        } catch {
            throw Problem(error)
        }
    }

    private struct LockOut: Decodable {
        var member: String
        var epoch: Int64
    }

    private func lockOut(_ request: Request) async throws(Problem) -> LockOut {
        let body = try await body(request)
        guard let lockOut = try? JSONDecoder().decode(LockOut.self, from: Data(body)), !lockOut.member.isEmpty,
            lockOut.member.utf8.count <= Limits.memberBytes, lockOut.epoch > 0
        else {
            throw Problem(.badRequest, detail: #"the body must be JSON with "member" and an "epoch" above 0"#)
        }
        return lockOut
    }

    private func json(_ value: some Encodable) throws(Problem) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let body = try? encoder.encode(value) else { throw Problem(.internalServerError) }
        return Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension Problem {
    init(_ refusal: ControlRefusal) {
        // HTTPTypes has phrases only for the constants.
        let phrase = HTTPResponseStatus(statusCode: refusal.status).reasonPhrase
        self.init(.init(code: refusal.status, reasonPhrase: phrase), detail: refusal.texts.en)
        code = refusal.rawValue
        texts = ["zh-CN": refusal.texts.zh, "en": refusal.texts.en]
    }

    init(_ error: ControlRequestError) {
        switch error {
        case .noSuchControl:
            self.init(.notFound, code: "no_such_control", zh: "没有此操作", en: "There is no such control.")
        case .notAnObject:
            self.init(.badRequest, code: "not_an_object", zh: "请求内容须为 JSON 对象", en: "The body must be a JSON object.")
        case .fields(let errors):
            self.init(OrganisationRefusal.fields([]))
            self.errors = errors
        }
    }
}
