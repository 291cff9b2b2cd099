// The end of a governed meeting: by a host, by its time limit, or because nobody leads it any more; and the end of one
// person's part in it, because the directory locked the member out.

import LiveKitProtocol

extension Departure {
    static let roomClosed = Departure(
        reason: .roomClosed, action: .disconnect, closeCode: CloseCode.normal, word: "room-closed")
    /// The words for who did not get in are nobody's verdict.
    static let notAdmitted = Departure(
        reason: .participantRemoved, action: .disconnect, closeCode: CloseCode.normal, word: "host-not-ready")
    static let lockedOut = Departure(
        reason: .participantRemoved, action: .disconnect, closeCode: CloseCode.normal, endsMediaFirst: true,
        word: "locked-out")
}

extension MeetingState {
    /// Sends everybody away; nobody follows anybody.
    mutating func disperse(_ departure: Departure) {
        isDispersing = true
        for id in roster { remove(id, departure) }
        end()
    }

    /// For everybody, and for the tokens they hold.
    mutating func close() {
        let longest = participants.values.compactMap(\.claims.validity).max { $0.expiry < $1.expiry }
        emit(.revoke(identity: nil, longest))
        disperse(.roomClosed)
    }

    /// Called when time passes.
    mutating func closeWhenDue() {
        guard let governance, governance.deadline <= now.uptime else { return }
        if governance.end <= now.uptime { return close() }
        var told: Int?
        while let minutes = self.governance?.noticesLeft.first,
            governance.end - .seconds(minutes * 60) <= now.uptime
        {
            told = minutes
            self.governance?.noticesLeft.removeFirst()
        }
        if let told { tell(.closing(minutes: told), to: attendees) }
    }

    /// Ends what a member does here with tokens of lower epochs: its media first.
    /// - Returns: how many stays ended.
    mutating func cutOff(_ member: String, below epoch: Int64) -> Int {
        let stays = roster.filter { id in
            guard let participant = participants[id], participant.claims.hutong != nil else { return false }
            return participant.standing.member == member && participant.standing.epoch < epoch
        }
        let wasLed = !hosts.isEmpty
        for id in stays {
            guard let identity = participants[id]?.identity else { continue }
            governance?.roles[identity] = nil
            governance?.admitted.remove(identity)
            remove(id, .lockedOut)
        }
        if wasLed, hosts.isEmpty, !participants.isEmpty {
            governance?.leaderlessUntil = now.uptime + MeetingTimes.leaderless
            governance?.forgetPastNotices(now.uptime)
        }
        return stays.count
    }
}
