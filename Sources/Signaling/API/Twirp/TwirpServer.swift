// The server API over Twirp: finds the method, asks the token, reads the request, writes the answer. What the methods do
// is theirs (RoomService).

import Foundation
import SwiftProtobuf
import Synchronization

/// One method: what it asks of the token before anything is read, and what it does.
struct TwirpMethod: Sendable {
    let grant: @Sendable (VideoGrant) -> Bool
    let answer: @Sendable ([UInt8], TwirpForm, TwirpCaller) async throws(TwirpError) -> [UInt8]

    init<Request: Message, Response: Message>(
        _ grant: @escaping @Sendable (VideoGrant) -> Bool,
        _ body: @escaping @Sendable (Request, TwirpCaller) async throws(TwirpError) -> Response
    ) {
        self.grant = grant
        answer = { bytes, form, caller async throws(TwirpError) in
            try form.encode(try await body(try form.decode(bytes), caller))
        }
    }
}

/// Whoever holds the token of a call.
struct TwirpCaller: Sendable {
    let claims: AccessClaims

    /// A token for one meeting says nothing about another.
    func administers(_ room: String) throws(TwirpError) {
        guard !room.isEmpty else { throw TwirpError(.invalidArgument, "room is missing") }
        guard claims.video.roomAdmin == true, claims.video.room == room else {
            throw TwirpError(.permissionDenied, "access token has no roomAdmin for this room")
        }
    }

    func administers(_ room: String, andReaches destination: String) throws(TwirpError) {
        try administers(room)
        guard !destination.isEmpty, destination != room, destination.utf8.count <= Limits.nameBytes else {
            throw TwirpError(.invalidArgument, "destination_room is missing, too long, or the room itself")
        }
        guard claims.video.destinationRoom == destination else {
            throw TwirpError(.permissionDenied, "access token has no destinationRoom for this room")
        }
    }
}

public final class TwirpServer: ServerAPI {
    private static let package = "livekit."
    /// The protocol's other services: known, so that a caller learns that they are not served, not that it mistyped.
    private static let unserved: Set<String> = [
        "AgentDispatchService", "Connector", "Egress", "Ingress", "PhoneNumberService", "SIP",
    ]

    private let keys: AccessKeys
    private let revocations: Revocations
    /// By service and method.
    private let methods: [String: [String: TwirpMethod]]
    private let counts = Mutex<[Outcome: UInt64]>([:])

    /// What is counted: methods that exist by name, all others as one, so that nobody can make up labels.
    private struct Outcome: Hashable, Comparable {
        var method: String
        var code: String
        static func < (a: Self, b: Self) -> Bool { (a.method, a.code) < (b.method, b.code) }
    }

    public init(directory: MeetingDirectory, keys: AccessKeys) {
        self.keys = keys
        revocations = directory.revocations
        methods = ["RoomService": RoomService(directory: directory).methods]
    }

    public func answer(_ call: ServerAPICall) async -> ServerAPIReply {
        let service =
            call.route.service.hasPrefix(Self.package)
            ? String(call.route.service.dropFirst(Self.package.count)) : ""
        let method = methods[service]?[call.route.method]
        let name = method == nil ? "other" : "\(service)/\(call.route.method)"
        do throws(TwirpError) {
            let form = try form(of: call)
            guard method != nil || Self.unserved.contains(service) else {
                throw TwirpError(.badRoute, "no such service or method")
            }
            let caller = try caller(call)
            guard let method else { throw TwirpError(.unimplemented, "\(service) is not served here") }
            guard method.grant(caller.claims.video) else {
                throw TwirpError(.permissionDenied, "access token does not grant \(call.route.method)")
            }
            guard let body = await call.body() else {
                throw TwirpError(.invalidArgument, "the body is too large or incomplete")
            }
            let bytes = try await method.answer(body, form, caller)
            count(name, "ok")
            return ServerAPIReply(status: 200, contentType: form.contentType, body: bytes)
        } catch {
            count(name, error.code.rawValue)
            return error.reply
        }
    }

    private func form(of call: ServerAPICall) throws(TwirpError) -> TwirpForm {
        guard let form = TwirpForm(contentType: call.contentType) else {
            throw TwirpError(.badRoute, "Content-Type must be application/protobuf or application/json")
        }
        return form
    }

    private func caller(_ call: ServerAPICall) throws(TwirpError) -> TwirpCaller {
        do throws(AccessError) {
            let token = call.authorization.flatMap(SignalRequest.bearerToken) ?? ""
            let claims = try keys.verify(token, now: Int64(Date().timeIntervalSince1970))
            guard !revocations.refuse(claims) else { throw AccessError.revoked }
            return TwirpCaller(claims: claims)
        } catch {
            throw TwirpError(.unauthenticated, error.reason)
        }
    }

    // MARK: Figures

    private func count(_ method: String, _ code: String) {
        counts.withLock { $0[Outcome(method: method, code: code), default: 0] &+= 1 }
    }

    public var metrics: [MetricFamily] {
        var family = MetricFamily(
            "hutong_api_requests_total", .counter, "Calls of the server API, by method and outcome.")
        for (outcome, count) in counts.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            family.add(.integer(count), MetricLabel("method", outcome.method), MetricLabel("code", outcome.code))
        }
        return [family]
    }
}
