// Which TSNs have arrived (RFC 9260, 6.2 and 6.5): everything up to the cumulative one, and ranges beyond the first
// hole. It is what a SACK reports.

struct ReceivedTSNs: Sendable {
    enum Verdict: Equatable {
        case duplicate
        /// The one that moves the cumulative TSN.
        case next
        /// Behind a hole.
        case ahead
        /// Out of reach of a gap block, or one hole too many; it must be dropped and comes again.
        case unacceptable
    }

    private struct Range {
        var first: TSN
        var last: TSN
    }

    private(set) var cumulative: TSN
    /// In order, apart from each other and from `cumulative`; at most `Limits.SCTP.gapRanges`.
    private var ranges: [Range] = []
    /// Seen again since the last SACK.
    private var duplicates: [TSN] = []

    init(initialTSN: TSN) { cumulative = initialTSN &- 1 }

    var hasGaps: Bool { !ranges.isEmpty }

    func verdict(on tsn: TSN) -> Verdict {
        let ahead = tsn.distance(from: cumulative)
        if ahead <= 0 { return .duplicate }
        if ahead == 1 { return .next }
        // A gap block's offsets have 16 bits.
        guard ahead <= Int(UInt16.max) else { return .unacceptable }
        let index = position(of: tsn)
        if index < ranges.count, !tsn.precedes(ranges[index].first) { return .duplicate }
        if ranges.count < Limits.SCTP.gapRanges || touches(tsn, at: index) { return .ahead }
        return .unacceptable
    }

    /// Only what `verdict` called next or ahead.
    mutating func insert(_ tsn: TSN) {
        if tsn == cumulative &+ 1 {
            cumulative = tsn
            joinFirstRange()
            return
        }
        let index = position(of: tsn)
        let joinsPrevious = index > 0 && ranges[index &- 1].last &+ 1 == tsn
        let joinsNext = index < ranges.count && tsn &+ 1 == ranges[index].first
        if joinsPrevious, joinsNext {
            ranges[index &- 1].last = ranges[index].last
            ranges.remove(at: index)
        } else if joinsPrevious {
            ranges[index &- 1].last = tsn
        } else if joinsNext {
            ranges[index].first = tsn
        } else {
            ranges.insert(Range(first: tsn, last: tsn), at: index)
        }
    }

    /// FORWARD-TSN: everything up to `tsn` counts as received. Nothing happens when it already does.
    mutating func advance(to tsn: TSN) {
        guard cumulative.precedes(tsn) else { return }
        cumulative = tsn
        ranges.removeAll { !tsn.precedes($0.last) }
        if let first = ranges.first, !tsn.precedes(first.first) {
            ranges[0].first = tsn &+ 1
        }
        joinFirstRange()
    }

    mutating func noteDuplicate(_ tsn: TSN) {
        if duplicates.count < Limits.SCTP.reportedDuplicates { duplicates.append(tsn) }
    }

    /// The SACK chunk; duplicates are reported once.
    mutating func takeSack(window: Int) -> [UInt8] {
        var writer = ByteWriter(capacity: 16 &+ 4 &* (ranges.count &+ duplicates.count))
        writer.writeChunk(SCTPChunk.Kind.sack) { writer in
            writer.write(cumulative.value)
            writer.write(UInt32(clamping: window))
            writer.write(UInt16(truncatingIfNeeded: ranges.count))
            writer.write(UInt16(truncatingIfNeeded: duplicates.count))
            for range in ranges {
                writer.write(UInt16(clamping: range.first.distance(from: cumulative)))
                writer.write(UInt16(clamping: range.last.distance(from: cumulative)))
            }
            for duplicate in duplicates { writer.write(duplicate.value) }
        }
        duplicates.removeAll(keepingCapacity: true)
        return writer.bytes
    }

    /// The first range that does not lie wholly before `tsn`. New ones mostly come last.
    private func position(of tsn: TSN) -> Int {
        var (low, high) = (0, ranges.count)
        if let last = ranges.last, last.last.precedes(tsn) { return high }
        while low < high {
            let middle = (low &+ high) / 2
            if ranges[middle].last.precedes(tsn) { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    private func touches(_ tsn: TSN, at index: Int) -> Bool {
        (index > 0 && ranges[index &- 1].last &+ 1 == tsn) || (index < ranges.count && tsn &+ 1 == ranges[index].first)
    }

    private mutating func joinFirstRange() {
        guard let first = ranges.first, first.first == cumulative &+ 1 else { return }
        cumulative = first.last
        ranges.removeFirst()
    }
}
