// How Twirp says that a call failed: one of a fixed list of codes, each with its HTTP status, and a JSON body
// (twitchtv.github.io/twirp, "Errors"). The messages go to the caller as they are.

import Foundation

struct TwirpError: Error, Sendable, Equatable {
    enum Code: String, Sendable, Codable, CaseIterable {
        case invalidArgument = "invalid_argument"
        /// The body is not what its content type says.
        case malformed
        case notFound = "not_found"
        /// No such service or method, or a content type that is not spoken.
        case badRoute = "bad_route"
        /// Nobody knows who calls.
        case unauthenticated
        /// The caller is known and may not do this.
        case permissionDenied = "permission_denied"
        /// The caller may, but not now.
        case failedPrecondition = "failed_precondition"
        case alreadyExists = "already_exists"
        case deadlineExceeded = "deadline_exceeded"
        /// A participant was asked and said no.
        case aborted
        case resourceExhausted = "resource_exhausted"
        case unimplemented
        case internalError = "internal"
        case unavailable

        var status: Int {
            switch self {
            case .invalidArgument, .malformed: 400
            case .unauthenticated: 401
            case .permissionDenied: 403
            case .notFound, .badRoute: 404
            case .deadlineExceeded: 408
            case .aborted, .alreadyExists: 409
            case .failedPrecondition: 412
            case .resourceExhausted: 429
            case .internalError: 500
            case .unimplemented: 501
            case .unavailable: 503
            }
        }
    }

    let code: Code
    let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    var reply: ServerAPIReply {
        struct Body: Encodable {
            let code: Code
            let msg: String
            let meta: [String: String]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = (try? encoder.encode(Body(code: code, msg: message, meta: [:]))) ?? Data()
        return ServerAPIReply(status: code.status, contentType: "application/json", body: [UInt8](body))
    }
}

extension TwirpError {
    init(_ error: AdministrationError) {
        switch error {
        case .shuttingDown: self.init(.unavailable, "server is shutting down")
        // SDKs and back ends look for these two texts.
        case .noSuchRoom: self.init(.notFound, "requested room does not exist")
        case .noSuchParticipant: self.init(.notFound, "participant does not exist")
        case .noSuchTrack: self.init(.notFound, "track does not exist")
        case .tooLong(let field): self.init(.invalidArgument, "\(field) is too long")
        case .guest:
            self.init(.failedPrecondition, "the participant is forwarded from another room; change it there")
        case .identityTaken: self.init(.alreadyExists, "the room has a participant of this identity already")
        case .roomFull: self.init(.resourceExhausted, "the room is full")
        case .tooManyForwards: self.init(.resourceExhausted, "the participant is forwarded to too many rooms")
        case .unreachable: self.init(.unavailable, "the participant is about to reconnect; try again")
        case .tooManyCalls: self.init(.resourceExhausted, "too many calls wait for an answer in this room")
        case .unmuteNotAllowed:
            self.init(.failedPrecondition, "unmuting for others is off; set meeting.remote_unmute to allow it")
        }
    }
}

extension RemoteCallOutcome {
    func payload() throws(TwirpError) -> String {
        switch self {
        case .answered(let payload): return payload
        case .failed(let code, let message):
            throw TwirpError(.aborted, "the participant answered with error \(code): \(message)")
        case .timedOut: throw TwirpError(.deadlineExceeded, "the participant did not answer in time")
        case .gone: throw TwirpError(.notFound, "the participant left")
        }
    }
}
