// How fast the messages of one transport are taken in: as fast as they are routed, and as the fastest of those who get
// them has room for more. What is not taken in stays in the client's SCTP association, whose receive window closes.

struct DataFlow {
    /// Bytes of each message handed up and not yet routed, in order.
    private var unrouted = FIFO<Int>()
    /// Bytes routed to recipients none of whom had room, by who they are.
    private var awaited: [[TransportID]: Int] = [:]
    /// Both together.
    private(set) var heldBytes = 0

    // MARK: As a sender

    /// Another message may be handed up.
    var hasCredit: Bool { heldBytes < Limits.Data.unhandledBytes }

    mutating func handUp(_ message: DataMessage) {
        unrouted.append(message.heldBytes)
        heldBytes &+= message.heldBytes
    }

    /// The oldest was routed to `recipients`; with `awaitsRoom` they must have room before it counts as done. False:
    /// there was none.
    mutating func routed(to recipients: [TransportID], awaitsRoom: Bool) -> Bool {
        guard let bytes = unrouted.popFirst() else { return false }
        if awaitsRoom, awaited[recipients] != nil || awaited.count < Limits.Data.awaitedLists {
            awaited[recipients, default: 0] &+= bytes
        } else {
            heldBytes &-= bytes
        }
        return true
    }

    /// `recipient` has room, or does not count any more.
    mutating func stopAwaiting(_ recipient: TransportID) {
        for (recipients, bytes) in awaited where recipients.contains(recipient) {
            awaited[recipients] = nil
            heldBytes &-= bytes
        }
    }

    // MARK: As a recipient

    /// Senders that wait until this transport has room, each once.
    var awaitedBy: [TransportID] = []
    /// It was reported: what it is sent from now on is lost.
    var hasOverflowed = false

    // MARK: In the worker

    /// Its turn to exchange data is noted already.
    var isDue = false
}
