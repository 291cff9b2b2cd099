// What workers say to each other, in the manner of commands: posted, never awaited. Media does not travel this way but
// through a PacketLink. Messages from one worker to another arrive in the order of sending; nothing is known about the
// order of messages against commands that the meetings post to either.
//
// A mirror is a publication on a worker that is not its publisher's: it gets the packets and serves the subscriptions of
// that worker. It lives from the first of them to the last.
//
//   mirror's worker                                publisher's worker
//   absent                                         (nothing of it)
//     │ first subscription       ask ─────────────▶  promised: knows of it
//   asked
//     │                          ◀─────────── offer  formats, encodings, whether muted, clocks
//   standing: streams are open   attach ──────────▶  attached: its packets are handed over
//     │                          ◀─────────── offer  again with each update, with a higher version, and
//     │                          attach ──────────▶  again, as every answer is for one version
//     │                          ◀───── muted, heard
//     │                          keyframe ────────▶
//     │ last subscription gone   release ─────────▶  (nothing of it)
//   absent
//     or                         ◀─────────── ended  the publication was closed, or was never there
//
// Each life of a mirror has a ticket. A message with another ticket belongs to a life that is over and is ignored, as is
// an `attach` for another version than the newest: so any of them may cross any other. Packets on their way to streams
// that were closed meanwhile are refused by the generation in the streams' names.

/// From one worker to another.
package struct PeerMessage: Sendable, Equatable {
    package let from: WorkerIndex
    package let to: WorkerIndex
    let content: Content

    enum Content: Sendable, Equatable {
        case ask(PublicationID, ticket: UInt32)
        /// The mirror's streams, one for each encoding.
        case attach(PublicationID, ticket: UInt32, version: UInt32, streams: [ObjectName])
        case keyframe(PublicationID, ticket: UInt32, encoding: Int)
        case release(PublicationID, ticket: UInt32)

        case offer(PublicationID, ticket: UInt32, MirrorOffer)
        case muted(PublicationID, ticket: UInt32, Bool)
        /// The publisher reported about an encoding.
        case heard(PublicationID, ticket: UInt32, version: UInt32, encoding: Int, SourceReport)
        case ended(PublicationID, ticket: UInt32)

        /// Answered by `room` as soon as one of the recipients can take more data, or is gone.
        case awaitRoom(DataQuestion, recipients: [TransportID])
        case room(DataQuestion)
        /// No answer is wanted any more.
        case forget(DataQuestion)
    }
}

/// What a mirror has to know of the publication.
struct MirrorOffer: Sendable, Equatable {
    var version: UInt32
    var parameters: PublicationParameters
    var isMuted: Bool
    /// One for each encoding.
    var reports: [SourceReport]
}

/// What the publisher's own reports said about one encoding: for the sender reports of its subscriptions elsewhere.
struct SourceReport: Sendable, Equatable {
    var senderReport: ReceivedSenderReport?
    /// Of the publisher's clock.
    var clockOffset: Int64?
    /// In 1/256, before it came here.
    var fractionLost: UInt8
}

/// A sender waits for room at recipients of another worker.
struct DataQuestion: Sendable, Hashable {
    let sender: TransportID
    let number: UInt32
}

/// How a worker reaches another.
struct PeerConnection: Sendable {
    let worker: WorkerIndex
    let inbox: WorkerInbox
    let outbound: PacketLink
    let inbound: PacketLink
}
