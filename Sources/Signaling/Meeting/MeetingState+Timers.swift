// Everything that happens because time passes: collected updates and changes of subscriptions go out, and what took too long ends.

import LiveKitProtocol

extension MeetingState {
    /// When `advance` has something to do next.
    var nextDeadline: Duration {
        var next = nextSweep
        if let due = updates.due { next = min(next, due) }
        if let due = updates.roomDue { next = min(next, due) }
        if let due = governance?.deadline { next = min(next, due) }
        if let due = earliestCallDeadline { next = min(next, due) }
        if let due = earliestNegotiation { next = min(next, due) }
        return next
    }

    mutating func advance() {
        guard !hasEnded else { return }
        closeWhenDue()
        guard !hasEnded else { return }
        flushUpdates()
        flushRoom()
        endOverdueCalls()
        negotiateDue()
        if nextSweep <= now.uptime {
            nextSweep = now.uptime + MeetingTimes.sweep
            sweep()
            flushUpdates()
        }
    }

    private mutating func sweep() {
        for id in roster {
            guard let participant = participants[id] else { continue }
            if let departure = overdue(participant) { remove(id, departure) }
        }
        refreshTokens()
        endSimulatedSpeech()
        tellQualities()
        recentDepartures.removeAll { now.uptime - $0.at > MeetingTimes.longestAbsence }
        if let emptySince {
            let limit = roster.isEmpty && lastJoined == 0 ? settings.emptyTimeout : settings.departureTimeout
            if now.uptime - emptySince >= limit { end() }
        }
    }

    private func overdue(_ participant: Participant) -> Departure? {
        // A guest is there as long as its own meeting says so.
        guard participant.origin == nil else { return nil }
        func since(_ moment: Duration) -> Duration { now.uptime - moment }

        if let lost = participant.signalLostAt {
            // Nobody to tell anything: gone as soon as the media is, and after the grace in any case. A killed process
            // ends its socket and is not heard again; one that is heard lives, and is trying to come back.
            guard participant.primaryStage?.isConnected == true else { return .signalClosed }
            guard let heard = participant.mediaHeardAt, heard > lost else {
                return since(lost) < MeetingTimes.signalLostGrace ? nil : .signalClosed
            }
            let isAlive = since(heard) < MeetingTimes.mediaSilence && since(lost) < MeetingTimes.resumeGrace
            return isAlive ? nil : .signalClosed
        }
        if since(participant.lastMessageAt) >= MeetingTimes.signalSilence { return .silent }
        if case .lost(let moment)? = participant.primaryStage, since(moment) >= MeetingTimes.mediaLostGrace {
            return .mediaLost
        }
        if !participant.isActive, since(participant.joinedAt.uptime) >= MeetingTimes.activation { return .neverActive }
        if let awaited = participant.subscriber?.awaited, since(awaited.since) >= MeetingTimes.negotiation {
            return .unanswered
        }
        return nil
    }
}
