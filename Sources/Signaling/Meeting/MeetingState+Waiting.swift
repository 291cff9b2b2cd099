// The waiting room: a participant with a socket and connections who is told nothing of the meeting, and of whom nobody but
// the hosts is told. For an SDK it is an ordinary participant without rights; admission is a change of its permission.

import LiveKitProtocol
import SwiftProtobuf

extension MeetingState {
    /// The room as one sees it who waits: its name, which is in its token, and nothing that moves.
    func room(for id: ParticipantID) -> LiveKitRoom {
        guard let participant = participants[id], participant.standing.isWaiting else { return room }
        return .with {
            $0.sid = sid
            $0.name = name
            $0.creationTime = participant.joinedAt.unixSeconds
            $0.creationTimeMs = participant.joinedAt.unixMilliseconds
        }
    }

    /// Of messages of a client that waits, those that concern its own connection.
    static func isHeardWhileWaiting(_ request: LiveKitSignalRequest.OneOf_Message?) -> Bool {
        switch request {
        case .offer, .answer, .trickle, .addTrack, .subscriptionPermission, .updateMetadata, .leave, .ping, .pingReq,
            .simulate:
            true
        default: false
        }
    }

    /// Shows the meeting to one who waited, and it to the meeting. There is a place for it.
    mutating func admit(_ id: ParticipantID) {
        guard participants[id]?.standing.isWaiting == true else { return }
        participants[id]?.standing.waitsFor = nil
        participants[id]?.standing.notice = ""
        participants[id]?.standing.admittedAt = now.uptime
        // Who is named in an offer must be known before it.
        sendEverybody(to: id, departedSince: now.uptime)
        send(.roomUpdate(.with { $0.room = room }), to: id)
        sendSpeakers(to: id)
        applyRules(to: id)
        showStanding(of: id)
        entered(id)
    }

    mutating func admitIfFree(_ id: ParticipantID) {
        guard attendance < settings.maximumParticipants else {
            // From now on a host decides.
            participants[id]?.standing.waitsFor = .approval
            return
        }
        admit(id)
    }

    /// Names nobody: who it is, a host asks for.
    mutating func tellHostsOfWaiting() { tell(.someoneWaits, to: hosts) }
}
