// What a meeting remembers of one sender's reliable packets: the last sequence, to know a packet that was sent again, and
// the newest packets, for those who were away when they came. Bounded in bytes and in time.

struct DataHistory: Sendable {
    struct Packet: Sendable {
        /// The sender's own count, from 1. Receivers drop what they have by it.
        let sequence: UInt32
        let sentAt: Duration
        /// Over all senders of the meeting, so that a replay keeps the order in which packets came.
        let order: UInt64
        let addressees: DataAddressees
        /// As it went out.
        let bytes: [UInt8]

        /// What it takes of the bound.
        fileprivate var cost: Int { bytes.count + Limits.dataHistoryPacketCost }
    }

    /// Of the newest reliable packet; 0 before the first.
    private(set) var lastSequence: UInt32 = 0
    /// Oldest first.
    private var packets: [Packet] = []
    private var cost = 0

    /// A sender that resumes sends again what it does not know to have arrived.
    /// - Returns: false for a packet that came before.
    mutating func accept(_ sequence: UInt32) -> Bool {
        // An older SDK counts nothing.
        guard sequence > 0 else { return true }
        guard sequence > lastSequence else { return false }
        lastSequence = sequence
        return true
    }

    mutating func append(_ packet: Packet, now: Duration) {
        packets.append(packet)
        cost += packet.cost
        var outdated = 0
        while outdated < packets.count,
            cost > Limits.dataHistoryBytes || now - packets[outdated].sentAt > MeetingTimes.dataHistory
        {
            cost -= packets[outdated].cost
            outdated += 1
        }
        packets.removeFirst(outdated)
    }

    /// The packets after a sequence that were sent since a moment and are not outdated.
    func packets(after sequence: UInt32, since moment: Duration, now: Duration) -> some Sequence<Packet> {
        packets.lazy.filter {
            $0.sequence > sequence && $0.sentAt >= moment && now - $0.sentAt <= MeetingTimes.dataHistory
        }
    }
}

/// Whom a packet is for.
struct DataAddressees: Sendable, Equatable {
    /// Everybody, when both are empty.
    var identities: Set<String> = []
    var sids: Set<String> = []
    /// Figures of clients are for those whose token lets them see them.
    var areMetricsReaders = false

    func include(_ participant: Participant) -> Bool {
        guard !areMetricsReaders || participant.rights.canSubscribeMetrics else { return false }
        if identities.isEmpty, sids.isEmpty { return true }
        return identities.contains(participant.identity) || sids.contains(participant.sid)
    }
}
