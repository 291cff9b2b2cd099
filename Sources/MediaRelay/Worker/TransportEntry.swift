// What the worker holds of one transport beside its connection: what runs over it and what RTCP has told about it.

/// A class, because every datagram looks into it: a look must not copy the whole. It never leaves its `RelayCore`.
final class TransportEntry {
    let owner: OwnerTag
    var connection: Transport
    var publications: Set<PublicationID> = []
    var subscriptions: Set<SubscriptionID> = []
    /// By the SSRC that its packets go out with: feedback names nothing else.
    var subscriptionsBySSRC: [UInt32: SubscriptionID] = [:]
    var extensions: [HeaderExtension: UInt8] = [:]
    /// Its keys are of a profile that costs several times what the others do.
    var isCostly = false
    var dataFlow = DataFlow()

    /// Who our feedback is from.
    let reporterSSRC: UInt32
    /// Smoothed, from the reports of the other side.
    var roundTrip = TransportEntry.initialRoundTrip
    var clock = PublisherClock()
    var feedback: TransportFeedbackBuilder
    var health = TransportHealthWindow()

    /// Until a report tells better: a shorter guess repeats requests too early, a longer one repairs too late for
    /// people in the same city.
    static let initialRoundTrip = MediaSpan.milliseconds(100)

    init(owner: OwnerTag, connection: Transport, reporterSSRC: UInt32) {
        self.owner = owner
        self.connection = connection
        self.reporterSSRC = reporterSSRC
        feedback = TransportFeedbackBuilder(senderSSRC: reporterSSRC, mediaSSRC: 0)
    }

    var isConnected: Bool { connection.stage == .connected }

    /// RFC 6298's smoothing; what lies outside sensible bounds is brought inside.
    func observe(roundTrip measured: MediaSpan) {
        let bounded = min(max(measured, Limits.roundTrip.lowerBound), Limits.roundTrip.upperBound)
        roundTrip = MediaSpan(microseconds: (roundTrip.microseconds * 7 + bounded.microseconds) / 8)
    }
}
