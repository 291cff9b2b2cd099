// The encodings a section says it will send: names from `rid` and `simulcast`, SSRCs from `ssrc` and FID groups.

struct SimulcastOffer {
    /// In the offered order.
    let rids: [String]
    let isSimulcast: Bool
    /// Lowest quality first; never empty.
    let encodings: [Encoding]

    /// Spatial order of the names LiveKit clients use (livekit-wire.md, 4.3).
    private static let quality = ["q": 0, "h": 1, "f": 2]

    init(section: MediaSection) {
        let declared = section.restrictions.filter { $0.direction == .send }.map(\.id)
        let listed = (section.simulcast?.send ?? []).compactMap(\.first?.rid)
        // RFC 8853, 5.1: a name without a rid line is ignored, and so is a second mention.
        var unique: Set<String> = []
        let rids = Array(
            (listed.isEmpty ? declared : listed.filter(declared.contains)).filter { unique.insert($0).inserted }
                .prefix(Limits.encodings))
        self.rids = rids
        isSimulcast = !listed.isEmpty && !rids.isEmpty

        var retransmissions: [UInt32: UInt32] = [:]
        for group in section.ssrcGroups where group.semantics == SSRCGroup.flowIdentification && group.ssrcs.count == 2
        {
            retransmissions[group.ssrcs[0]] = group.ssrcs[1]
        }
        let repairs = Set(retransmissions.values)
        var seen: Set<UInt32> = []
        let sources = section.ssrcAttributes.map(\.ssrc).filter { !repairs.contains($0) && seen.insert($0).inserted }
        func encoding(_ rid: String?, _ ssrc: UInt32?) -> Encoding {
            Encoding(rid: rid, ssrc: ssrc, retransmissionSSRC: ssrc.flatMap { retransmissions[$0] })
        }
        if rids.isEmpty {
            encodings = [encoding(nil, sources.first)]
            return
        }
        // Only Firefox writes SSRCs beside rids: as many as there are encodings, in their order. Any other number cannot
        // be told apart, and the RID extension must do.
        let isPaired = sources.count == rids.count
        let offered = rids.indices.map { encoding(rids[$0], isPaired ? sources[$0] : nil) }
        let places = rids.map { Self.quality[$0] }
        encodings =
            places.contains(nil)
            ? offered : zip(offered, places).sorted { ($0.1 ?? 0) < ($1.1 ?? 0) }.map(\.0)
    }
}
