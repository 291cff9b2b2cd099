// The token a client comes back with: handed out after Join, while it stays, and when what it says has changed
// (livekit-wire.md, 4.6). Here it is only decided when and what; the Meeting has it signed.

import LiveKitProtocol
import MediaRelay

extension MeetingState {
    /// What a token for this participant says now.
    func claims(of participant: Participant) -> AccessClaims {
        var claims = participant.claims
        claims.name = participant.info.name
        claims.metadata = participant.info.metadata
        claims.attributes = ReservedAttribute.without(participant.info.attributes)
        claims.video = claims.video.with(participant.granted)
        return claims
    }

    mutating func refreshToken(of id: ParticipantID) {
        guard let participant = participants[id], let session = participant.session, let terms = participant.terms
        else { return }
        let claims = claims(of: participant)
        participants[id]?.newestToken = (claims, now.uptime)
        emit(.refreshToken(claims, terms, to: session))
    }

    mutating func refreshTokens() {
        for id in roster {
            guard let participant = participants[id], participant.session != nil, participant.terms != nil,
                let newest = participant.newestToken
            else { continue }
            let isDue = now.uptime - newest.givenAt >= MeetingTimes.tokenRefresh
            if isDue || newest.claims != claims(of: participant) { refreshToken(of: id) }
        }
    }
}
