// How much may be on the way (RFC 9260, 7.2). Bytes are chunk bytes, as OutstandingData counts them.

struct CongestionWindow: Sendable {
    private static let packet = Limits.SCTP.packetBytes
    /// RFC 9260, 7.2.3: never less than four packets after a loss.
    private static let floor = 4 * packet

    private(set) var bytes = Limits.SCTP.initialWindowPackets * packet
    private var slowStartThreshold = Limits.SCTP.windowBytes
    private var partialBytes = 0
    /// Recovering from a loss until this TSN is acknowledged (7.2.4).
    private var recoveryExit: TSN?

    var isRecovering: Bool { recoveryExit != nil }

    /// `flight`: before the acknowledgement. `cumulative`: the new one.
    mutating func acknowledged(
        bytes acknowledged: Int, movedCumulative: Bool, flight: Int, cumulative: TSN
    ) {
        guard movedCumulative else { return }
        if let exit = recoveryExit {
            if !cumulative.precedes(exit) { recoveryExit = nil }
            return
        }
        // Growing needs a window that was used.
        guard flight &+ Self.packet >= bytes else { return }
        if bytes <= slowStartThreshold {
            bytes &+= min(acknowledged, Self.packet)
        } else {
            partialBytes &+= acknowledged
            if partialBytes >= bytes {
                partialBytes &-= bytes
                bytes &+= Self.packet
            }
        }
        bytes = min(bytes, Limits.SCTP.windowBytes)
    }

    /// Chunks were overtaken; `highest` is the last one sent. One loss per window halves it.
    mutating func lost(highest: TSN) {
        guard recoveryExit == nil else { return }
        slowStartThreshold = max(bytes / 2, Self.floor)
        bytes = slowStartThreshold
        partialBytes = 0
        recoveryExit = highest
    }

    mutating func timedOut() {
        slowStartThreshold = max(bytes / 2, Self.floor)
        bytes = Self.packet
        partialBytes = 0
        recoveryExit = nil
    }

    /// Nothing was sent for a retransmission timeout (7.2.1): what was learned is old.
    mutating func idled() { bytes = max(bytes / 2, min(bytes, Self.floor)) }
}
