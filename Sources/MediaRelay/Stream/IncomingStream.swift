// What the relay's Swift side remembers of one incoming encoding between two reports. The packets, their statistics and
// their losses are the packet core's.

/// One encoding of a publication. Its name is the packet core's, chosen by the `RelayCore`.
struct IncomingStream {
    let publication: PublicationID
    /// Nil for a local source.
    let transport: TransportID?
    var budget = KeyframeBudget()
    var reception = ReceptionHistory()
    var senderReport: ReceivedSenderReport?
    /// Of our last report to the sender, in 1/256.
    var fractionLost: UInt8 = 0
}

/// The sender's last statement of which RTP timestamp belongs to which of its wall clock's times.
struct ReceivedSenderReport: Equatable {
    /// Of the sender's clock, whose origin may be anything.
    var ntp: NTPTime
    var rtpTimestamp: UInt32
    var arrival: MediaTime
}
