// One admitted client between its socket and its meeting: counts and decodes what it sends, remembers in which form it
// wants to be answered. Whoever sends what cannot be read, or too much, is told once and cut off.

import LiveKitProtocol
import Logging
import SwiftProtobuf

public actor LiveKitSession: SignalSession {
    /// Where its messages go.
    struct Place: Sendable {
        let meeting: Meeting
        let session: SessionID
    }

    public nonisolated let outputs: SessionOutputs
    private nonisolated let outbox: Outbox
    /// Nil for a client that was told to leave as its first message.
    private let place: Place?
    private let counters: MeetingCounters
    private let logger: Logger
    private let clock = MeetingClock()
    private var budget = MessageBudget(now: .zero)
    private var hasSpoken: Bool
    private var isClosed = false

    /// - Parameter isResumed: the client is known; its first message may hold whole session descriptions.
    init(outbox: Outbox, place: Place?, isResumed: Bool = false, counters: MeetingCounters, logger: Logger) {
        self.outbox = outbox
        self.outputs = SessionOutputs(outbox: outbox)
        self.place = place
        self.hasSpoken = isResumed
        self.counters = counters
        self.logger = logger
    }

    public func receive(_ frame: SignalFrame) async {
        guard !isClosed, let place else { return }
        counters.count { $0.messagesIn &+= 1 }
        guard frame.byteCount <= (hasSpoken ? Limits.messageBytes : Limits.firstMessageBytes) else {
            return end(CloseCode.messageTooBig, "message too big")
        }
        outbox.form = frame.form
        let request: LiveKitSignalRequest
        do {
            request = try SignalCoding.decode(frame)
        } catch {
            counters.count { $0.malformedMessages &+= 1 }
            tellMalformed()
            return end(CloseCode.invalidData, "malformed message")
        }
        guard budget.spend(request.cost, now: clock.now.uptime) else {
            counters.count { $0.overBudget &+= 1 }
            return end(CloseCode.policyViolation, "too many messages")
        }
        hasSpoken = true
        await place.meeting.receive(request, from: place.session)
    }

    public func socketClosed() async {
        isClosed = true
        outbox.abandon()
        if let place { await place.meeting.socketClosed(place.session) }
    }

    private func end(_ code: UInt16, _ reason: String) {
        isClosed = true
        logger.info("session ended", metadata: ["reason": "\(reason)"])
        outbox.end(code: code, reason: reason)
    }

    private func tellMalformed() {
        let response = LiveKitSignalResponse.with { response in
            response.requestResponse = .with {
                $0.reason = .invalidRequest
                $0.message = "malformed message"
            }
        }
        var broadcast = Broadcast(response, counters: counters, logger: logger)
        if let frame = broadcast.frame(outbox.form) { _ = outbox.offer(frame) }
    }
}

extension LiveKitSignalRequest {
    /// What a message takes from the budget. libwebrtc sends every candidate once for each of a bundle's sections: seven
    /// sections, two connections and a machine with some networks are hundreds in the first second, and we only skip them.
    fileprivate var cost: Double {
        if case .trickle = message { Limits.trickleCost } else { 1 }
    }
}
