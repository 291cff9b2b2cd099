// Decides who comes in: reads token and query of a client at the door, and opens a session in its meeting. Everything
// that can be refused is refused here, before the upgrade is answered, because clients understand an HTTP status at
// once and a Leave before Join not at all (livekit-wire.md, 1.6).

import Foundation
import LiveKitProtocol
public import Logging
import MediaRelay
import SwiftProtobuf

public struct LiveKitGateway: SignalGateway {
    /// Query parameter of our own page: `json` makes the very first message a text frame already. Everybody else gets
    /// binary frames until it sends a text frame.
    public static let framesParameter = "hutong_frames"
    static let textFrames = "json"

    private let directory: MeetingDirectory
    private let keys: AccessKeys
    private let logger: Logger

    public init(directory: MeetingDirectory, keys: AccessKeys, logger: Logger) {
        self.directory = directory
        self.keys = keys
        self.logger = logger
    }

    public func validate(_ request: SignalRequest) async throws(SignalRefusal) {
        do throws(SignalRefusal) {
            let door = try door(request)
            // Whoever comes back asks for no new place.
            if door.resumption != nil { return }
            if let refusal = await directory.refusal(for: door.newcomer, meeting: door.meeting) { throw refusal }
        } catch {
            refused(error, request)
            throw error
        }
    }

    public func open(_ request: SignalRequest) async throws(SignalRefusal) -> LiveKitSession {
        do throws(SignalRefusal) {
            let door = try door(request)
            let form: FrameForm = request[Self.framesParameter] == Self.textFrames ? .text : .binary
            let outbox = Outbox(form: form)
            let place: (meeting: Meeting, session: SessionID)
            if let resumption = door.resumption {
                let resumed = await directory.resume(
                    identity: door.newcomer.claims.identity, sid: resumption.sid, meeting: door.meeting, outbox: outbox)
                guard let resumed else { return resumeRefused(outbox) }
                place = resumed
            } else {
                place = try await directory.join(door.newcomer, meeting: door.meeting, outbox: outbox)
            }
            return LiveKitSession(
                outbox: outbox, place: .init(meeting: place.meeting, session: place.session),
                isResumed: door.resumption != nil, counters: directory.counters, logger: logger)
        } catch {
            refused(error, request)
            throw error
        }
    }

    /// A session whose only words are that it cannot go on.
    private func resumeRefused(_ outbox: Outbox) -> LiveKitSession {
        let leave = LiveKitSignalResponse.with { response in
            response.leave = .with {
                $0.action = .reconnect
                $0.reason = .stateMismatch
            }
        }
        var broadcast = Broadcast(leave, counters: directory.counters, logger: logger)
        if let frame = broadcast.frame(outbox.form) { _ = outbox.offer(frame) }
        outbox.end(code: CloseCode.goingAway, reason: "cannot resume")
        return LiveKitSession(outbox: outbox, place: nil, counters: directory.counters, logger: logger)
    }

    private func refused(_ refusal: SignalRefusal, _ request: SignalRequest) {
        directory.counters.count { $0.refusals[refusal.status, default: 0] &+= 1 }
        logger.info(
            "join refused",
            metadata: [
                "status": "\(refusal.status)", "reason": "\(refusal.reason)",
                "address": "\(Redacted(request.remoteAddress))",
            ])
    }

    // MARK: Token and query

    private struct Door {
        var meeting: String
        var newcomer: Newcomer
        var resumption: Resumption?
    }

    private func door(_ request: SignalRequest) throws(SignalRefusal) -> Door {
        let claims: AccessClaims
        let terms: TokenTerms
        do throws(AccessError) {
            (claims, terms) = try keys.accept(request.token ?? "", now: Int64(Date().timeIntervalSince1970))
            guard claims.video.roomJoin == true else { throw AccessError.joinNotGranted }
        } catch {
            throw SignalRefusal(status: 401, reason: error.reason)
        }
        if directory.revocations.saysEnded(claims) { throw SignalRefusal(.ended) }
        guard !directory.revocations.refuse(claims) else { throw .revoked }
        guard !claims.identity.isEmpty else { throw .noIdentity }
        guard let meeting = claims.video.room, !meeting.isEmpty else { throw .noMeetingName }
        guard [meeting, claims.identity, claims.name].allSatisfy({ $0.utf8.count <= Limits.nameBytes }) else {
            throw .nameTooLong
        }
        // The store's texts end at one.
        guard claims.member.utf8.count <= Limits.memberBytes else { throw .nameTooLong }
        guard [meeting, claims.identity].allSatisfy({ !$0.utf8.contains(0) }) else { throw .malformedName }
        let query = try JoinQuery(request)
        var newcomer = try query.newcomer(claims)
        newcomer.terms = terms
        return Door(meeting: meeting, newcomer: newcomer, resumption: query.resumption)
    }
}
