// What other servers are told about a meeting: the moments of its life, each with those it is about, numbered so that a
// receiver can see whether one is missing (livekit-wire.md, 6.4).

import LiveKitProtocol
import SwiftProtobuf

/// Something that happened in a meeting, as receivers of webhooks hear of it.
public struct MeetingEvent: Sendable {
    /// The names are the protocol's.
    enum Kind: String, Sendable {
        case roomStarted = "room_started"
        case roomFinished = "room_finished"
        case participantJoined = "participant_joined"
        case participantLeft = "participant_left"
        /// Went without ever having been connected.
        case participantConnectionAborted = "participant_connection_aborted"
        case trackPublished = "track_published"
        case trackUnpublished = "track_unpublished"
    }

    /// 1 for the meeting's first event; no number is left out.
    var sequence: UInt64
    var createdAt: Moment
    var message: LiveKitWebhookEvent
}

/// Where events go. It is called within a meeting's turn, so it must not wait, and what becomes of an event is its own
/// concern.
public protocol EventSink: Sendable {
    func record(_ event: MeetingEvent)
}

extension MeetingState {
    mutating func report(
        _ kind: MeetingEvent.Kind, _ participant: LiveKitParticipantInfo? = nil, _ track: LiveKitTrackInfo? = nil
    ) {
        lastEvent &+= 1
        var message = LiveKitWebhookEvent()
        message.id = random.sid("EV_")
        message.event = kind.rawValue
        message.createdAt = now.unixSeconds
        message.room = room
        if let participant { message.participant = participant }
        if let track {
            message.track = track
            // What both say about themselves was in participant_joined, and may be a megabyte each time.
            message.room.metadata = ""
            message.participant.metadata = ""
            message.participant.attributes = [:]
            message.participant.tracks = []
        }
        emit(.event(MeetingEvent(sequence: lastEvent, createdAt: now, message: message)))
    }
}
