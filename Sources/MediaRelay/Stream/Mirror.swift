// What a worker holds of a publication whose publisher is on another worker, beside the publication itself: where in its
// life the mirror is. PeerMessage.swift draws that life.

struct Mirror {
    enum Stage {
        /// The other worker was asked. These subscriptions wait for its answer.
        case asked(waiting: Set<SubscriptionID>)
        /// It stands among the worker's publications, in this version.
        case standing(version: UInt32)
    }

    let ticket: UInt32
    var stage = Stage.asked(waiting: [])
    /// How far our wall clock is ahead of the publisher's, as the publisher's worker measures it.
    var clockOffset: Int64?
}
