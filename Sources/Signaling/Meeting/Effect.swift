// What a meeting wants done after a message, an event or a moment. The state only says it; the Meeting actor does it,
// in this order.

import LiveKitProtocol
import MediaRelay

enum Effect: Sendable {
    /// One message for all these sockets, so that it is encoded once.
    case send(LiveKitSignalResponse, to: [SessionID])
    /// The last thing a socket hears of us.
    case close(SessionID, code: UInt16, reason: String)
    /// The socket ends without a word.
    case abort(SessionID)
    /// A new token with these claims, signed and sent.
    case refreshToken(AccessClaims, TokenTerms, to: SessionID)
    case relay([Command])
    case note(MeetingNote)
    /// A client's data packet went to nobody: a counter.
    case dropped(DataPacketDrop)
    case forward(ForwardMessage)
    /// Of a method at a participant.
    case callEnded(RemoteCallID, RemoteCallOutcome)
    /// Tokens for this meeting made until now are dead: somebody's, or with nil everybody's.
    case revoke(identity: String?, TokenValidity?)
    /// For other servers.
    case event(MeetingEvent)
    /// Nobody is left and nobody came back in time. The state takes no more joins.
    case ended
}

/// Something an operator wants to know: a log line and a counter.
struct MeetingNote: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case joined(SignalRequest.Version)
        case left
        /// Came back to its place on a new socket.
        case resumed
        /// Something went wrong that does not end the participant's stay.
        case failure
    }
    var kind: Kind
    /// The participant's sid.
    var participant: String
    /// Fixed words, never a name.
    var reason: String
}
