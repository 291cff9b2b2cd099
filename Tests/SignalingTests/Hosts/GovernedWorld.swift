// A meeting with hosts, in the world of messages: who comes in with which role, and controls as somebody.

import LiveKitProtocol
import SwiftProtobuf

@testable import Signaling

extension MeetingWorld {
    @discardableResult
    func enter(
        _ identity: String, _ role: MeetingRole, isSuperior: Bool = false, version: Version? = nil,
        _ change: (inout HutongClaim) -> Void = { _ in }
    ) -> TestClient {
        join(
            identity, version: version, grant: { $0.canUpdateOwnMetadata = true },
            claims: { claims in
                var hutong = HutongClaim(role: role)
                hutong.isSuperior = isSuperior
                change(&hutong)
                claims.hutong = hutong
            })
    }

    /// As the server API, or as somebody with the token it came in with; who is not here has a plain token.
    @discardableResult
    func ask(_ control: HostControl, as identity: String? = nil) -> Result<Bool, ControlRefusal> {
        let actor = identity.map { identity -> ControlActor in
            let here = state.identities[identity].flatMap { state.participants[$0]?.claims }
            return .person(here ?? .join(meeting: "m", identity: identity))
        }
        var result = Result<Bool, ControlRefusal>.failure(.ended)
        run { state in
            result = Result { () throws(ControlRefusal) in try state.perform(control, by: actor ?? .server) }
        }
        if !hasEnded { run { $0.advance() } }
        return result
    }

    var view: MeetingView? { try? state.view(for: .server) }

    func refusal(_ identity: String, _ role: MeetingRole? = nil, _ terms: MeetingTerms? = nil) -> SignalRefusal? {
        var claims = AccessClaims.join(meeting: "m", identity: identity)
        claims.hutong = role.map { HutongClaim(role: $0) }
        claims.hutong?.meeting = terms
        return state.refusal(for: Newcomer(claims: claims, settings: JoinSettings(), client: LiveKitClientInfo()))
    }

    func terms(_ change: (inout MeetingTerms) -> Void) -> MeetingTerms {
        var terms = MeetingTerms()
        change(&terms)
        return terms
    }
}

extension TestClient {
    var mutes: [LiveKitMuteTrackRequest] { messages { if case .mute(let value) = $0 { value } else { nil } } }
    var withdrawn: [String] {
        messages { if case .trackUnpublished(let value) = $0 { value.trackSid } else { nil } }
    }
    var rooms: [LiveKitRoom] { messages { if case .roomUpdate(let value) = $0 { value.room } else { nil } } }
    /// Codes of what the server told it in private.
    var notices: [String] {
        packets.filter { $0.packet.user.topic == Notice.topic }
            .compactMap {
                String(decoding: $0.packet.user.payload, as: UTF8.self).split(separator: "\"").dropFirst(3).first
            }
            .map(String.init)
    }
    /// Of the first it announced.
    var trackSid: String? { published.first?.track.sid }

    func unmute() {
        guard let sid = trackSid else { return }
        send(
            .mute(
                .with {
                    $0.sid = sid
                    $0.muted = false
                }))
    }
}

extension Result where Success == Bool, Failure == ControlRefusal {
    var refusal: ControlRefusal? { if case .failure(let refusal) = self { refusal } else { nil } }
    var isChange: Bool { (try? get()) == true }
    var isNoChange: Bool { (try? get()) == false }
}
