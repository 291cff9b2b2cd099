// How fast the messages of one transport are taken in: as fast as they are routed, and as the fastest of those who get
// them has room for more. What is not taken in stays in the client's SCTP association, whose receive window closes.

struct DataFlow {
    /// Bytes routed to recipients none of whom had room.
    private struct Awaited {
        var bytes = 0
        /// Other workers were asked for room.
        var question: UInt32?
        /// Routed after the question, so its answer does not speak of them.
        var later = 0
    }

    /// Bytes of each message handed up and not yet routed, in order.
    private var unrouted = FIFO<Int>()
    /// By who the recipients are.
    private var awaited: [[TransportID]: Awaited] = [:]
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
            if awaited[recipients]?.question == nil {
                awaited[recipients, default: Awaited()].bytes &+= bytes
            } else {
                awaited[recipients]?.later &+= bytes
            }
        } else {
            heldBytes &-= bytes
        }
        return true
    }

    /// `recipient` has room, or does not count any more. Returns the questions that need no answer now.
    mutating func stopAwaiting(_ recipient: TransportID) -> [(number: UInt32, recipients: [TransportID])] {
        var moot: [(number: UInt32, recipients: [TransportID])] = []
        for (recipients, waiting) in awaited where recipients.contains(recipient) {
            awaited[recipients] = nil
            heldBytes &-= waiting.bytes &+ waiting.later
            if let question = waiting.question { moot.append((question, recipients)) }
        }
        return moot
    }

    /// False: nobody waits for these, or they were asked already.
    mutating func ask(_ question: UInt32, about recipients: [TransportID]) -> Bool {
        guard let waiting = awaited[recipients], waiting.question == nil else { return false }
        awaited[recipients]?.question = question
        return true
    }

    /// One of the recipients elsewhere had room, or is gone. Nil: the question is not open any more.
    mutating func answered(_ question: UInt32) -> (recipients: [TransportID], isAskedAgain: Bool)? {
        guard let (recipients, waiting) = awaited.first(where: { $0.value.question == question }) else { return nil }
        heldBytes &-= waiting.bytes
        awaited[recipients] = waiting.later > 0 ? Awaited(bytes: waiting.later) : nil
        return (recipients, waiting.later > 0)
    }

    var openQuestions: [(number: UInt32, recipients: [TransportID])] {
        awaited.compactMap { recipients, waiting in waiting.question.map { ($0, recipients) } }
    }

    // MARK: As a recipient

    /// Senders that wait until this transport has room, each once.
    var awaitedBy: [TransportID] = []
    /// The same of other workers.
    var questions: Set<DataQuestion> = []
    /// It was reported: what it is sent from now on is lost.
    var hasOverflowed = false

    // MARK: In the worker

    /// Its turn to exchange data is noted already.
    var isDue = false
}
