// A worker's counters as plain values.

internal import CRelay

extension RelayCore {
    /// Without the loop's part, which belongs to the worker's shell.
    package func statistics() -> WorkerStatistics {
        let core = packets.statistics()
        var result = WorkerStatistics(worker: worker)
        result.packetsIn = core.packets_in
        result.bytesIn = core.bytes_in
        result.packetsOut = core.packets_out
        result.bytesOut = core.bytes_out
        result.forwards = core.forwards
        result.retransmissions = core.retransmissions
        result.retransmissionsMissed = core.retransmissions_missed
        result.packetsLost = core.packets_lost
        result.packetsRecovered = core.packets_recovered
        result.stunIn = core.stun_in
        result.dtlsIn = core.dtls_in
        result.rtcpIn = core.rtcp_in
        result.packetsHandedOut = core.handed_out
        result.packetsHandedIn = core.handed_in
        let drops = withUnsafeBytes(of: core.drops) { Array($0.bindMemory(to: UInt64.self)) }
        result.drops = drops.enumerated().map { index, count in
            let reason = cr_drop_reason(UInt32(index))
            return ReasonCount(reason: cr_drop_reason_name(reason).map { String(cString: $0) } ?? "", count: count)
        }
        result.srtpFailures =
            drops[Int(CR_DROP_AUTHENTICATION.rawValue)] &+ drops[Int(CR_DROP_REPLAY.rawValue)]
        result.srtpCipher = cr_srtp_backend_name().map { String(cString: $0) } ?? ""
        for entry in transports.values {
            result.transports[entry.connection.stage, default: 0] += 1
            if entry.isConnected, let profile = entry.connection.profile {
                result.srtpProfiles[profile, default: 0] += 1
            }
        }
        result.transportFailures = transportFailures
        result.mirrors = mirrors.count
        result.publications = publications.values.count { !$0.isMirror }
        result.streams = streams.count
        result.subscriptions = subscriptions.count
        result.packetsInUse = Int(core.packets_in_use)
        result.allocatedBytes = core.allocated_bytes
        result.feedback = feedback
        result.data = dataStatistics
        for entry in transports.values {
            result.data.heldBytes += entry.connection.data.heldBytes + entry.dataFlow.heldBytes
        }
        result.refusedStun = refusedStun
        result.refusedCommands = refusedCommands
        return result
    }
}
