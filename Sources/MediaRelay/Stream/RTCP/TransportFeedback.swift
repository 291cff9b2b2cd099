// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1): which packets of a transport
// arrived, and when, for the sender's bandwidth estimate.
//
//   SSRC of sender | SSRC of media | base sequence, status count | reference time (24), feedback count (8)
//   packet chunks, 16 bits each | receive deltas, 8 or 16 bits each | zero padding
//
// A chunk is a run (0, two bits of symbol, 13 of length) or a vector (1, then 0 and fourteen one-bit symbols, or 1 and
// seven two-bit symbols).

struct TransportFeedback: Sendable, Equatable {
    enum Status: Sendable, Equatable {
        case notReceived
        /// 250 µs after the packet received before it; the first is counted from the reference time.
        case received(delta: Int16)
    }

    /// Of receive deltas, in microseconds.
    static let tick: UInt64 = 250
    /// Ticks in a unit of reference time, 64 ms.
    static let referenceTicks: UInt64 = 256

    private enum Symbol {
        static let notReceived: UInt16 = 0
        static let smallDelta: UInt16 = 1
        static let largeDelta: UInt16 = 2
    }

    var senderSSRC: UInt32
    var mediaSSRC: UInt32
    var baseSequence: UInt16
    /// Units of 64 ms, 24 bits with sign: wraps every 12.4 days.
    var referenceTime: Int32
    /// Counts feedback packets, so that a lost one is noticed.
    var feedbackCount: UInt8
    /// Of `baseSequence` and those that follow it, at most `Limits.RTCP.feedbackPackets`.
    var packets: [Status]

    /// Bytes before the first chunk, the block's header included.
    static let headerBytes = 20

    init(
        senderSSRC: UInt32, mediaSSRC: UInt32, baseSequence: UInt16, referenceTime: Int32, feedbackCount: UInt8,
        packets: [Status]
    ) {
        self.senderSSRC = senderSSRC
        self.mediaSSRC = mediaSSRC
        self.baseSequence = baseSequence
        self.referenceTime = referenceTime
        self.feedbackCount = feedbackCount
        self.packets = packets
    }

    init?(reading reader: inout ByteReader) {
        senderSSRC = reader.readUInt32()
        mediaSSRC = reader.readUInt32()
        baseSequence = reader.readUInt16()
        let count = Int(reader.readUInt16())
        referenceTime = Int32(bitPattern: reader.readUInt24() << 8) >> 8
        feedbackCount = reader.readUInt8()
        packets = []
        guard !reader.hasFailed, count > 0, count <= Limits.RTCP.feedbackPackets,
            let symbols = Self.readSymbols(count, from: &reader)
        else { return nil }
        packets.reserveCapacity(count)
        for symbol in symbols {
            switch symbol {
            case Symbol.notReceived: packets.append(.notReceived)
            case Symbol.smallDelta: packets.append(.received(delta: Int16(reader.readUInt8())))
            case Symbol.largeDelta: packets.append(.received(delta: Int16(bitPattern: reader.readUInt16())))
            default: return nil  // reserved
            }
        }
        guard !reader.hasFailed else { return nil }
    }

    /// Chunks until there are `count` symbols; what a run or vector has beyond them means nothing.
    private static func readSymbols(_ count: Int, from reader: inout ByteReader) -> [UInt16]? {
        var symbols: [UInt16] = []
        symbols.reserveCapacity(count)
        while symbols.count < count {
            let chunk = reader.readUInt16()
            guard !reader.hasFailed else { return nil }
            let missing = count &- symbols.count
            if chunk & 0x8000 == 0 {
                let length = Int(chunk & 0x1fff)
                guard length > 0 else { return nil }
                symbols.append(contentsOf: repeatElement(chunk >> 13 & 3, count: min(length, missing)))
            } else if chunk & 0x4000 == 0 {
                for index in UInt16(0)..<UInt16(min(14, missing)) { symbols.append(chunk >> (13 &- index) & 1) }
            } else {
                for index in UInt16(0)..<UInt16(min(7, missing)) { symbols.append(chunk >> (12 &- 2 &* index) & 3) }
            }
        }
        return symbols
    }

    var encoded: [UInt8] {
        let packets = packets.prefix(Limits.RTCP.feedbackPackets)
        return ByteWriter.rtcpBlock(type: RTCPType.transportFeedback, count: RTCPFormat.transportWide) {
            $0.write(senderSSRC)
            $0.write(mediaSSRC)
            $0.write(baseSequence)
            $0.write(UInt16(truncatingIfNeeded: packets.count))
            $0.write24(UInt32(bitPattern: referenceTime))
            $0.write(feedbackCount)
            Self.writeChunks(packets.map(\.symbol), to: &$0)
            for case .received(let delta) in packets {
                if let small = UInt8(exactly: delta) {
                    $0.write(small)
                } else {
                    $0.write(UInt16(bitPattern: delta))
                }
            }
        }
    }

    /// Every chunk but the last stands for seven symbols or more: `TransportFeedbackBuilder` counts on it.
    private static func writeChunks(_ symbols: [UInt16], to writer: inout ByteWriter) {
        var index = 0
        while index < symbols.count {
            let symbol = symbols[index]
            let rest = symbols[index...]
            let run = min(rest.prefix { $0 == symbol }.count, 0x1fff)
            let next = rest.prefix(14)
            if run >= 14 || run == rest.count || (run >= 7 && symbol == Symbol.largeDelta) {
                writer.write(symbol << 13 | UInt16(truncatingIfNeeded: run))
                index &+= run
            } else if next.allSatisfy({ $0 <= Symbol.smallDelta }) {
                writer.write(0x8000 | pack(next, bits: 1))
                index &+= next.count
            } else {
                let pairs = next.prefix(7)
                writer.write(0xc000 | pack(pairs, bits: 2))
                index &+= pairs.count
            }
        }
    }

    /// Symbols of so many bits each into the upper end of a vector's fourteen, the first one highest.
    private static func pack(_ symbols: ArraySlice<UInt16>, bits: UInt16) -> UInt16 {
        var vector: UInt16 = 0
        var shift: UInt16 = 14
        for symbol in symbols {
            shift &-= bits
            vector |= symbol << shift
        }
        return vector
    }
}

extension TransportFeedback.Status {
    /// 0: not received, 1: a delta of one byte, 2: of two.
    fileprivate var symbol: UInt16 {
        guard case .received(let delta) = self else { return 0 }
        return (0...255).contains(delta) ? 1 : 2
    }

    /// What its receive delta takes on the wire.
    var deltaBytes: Int { Int(symbol) }
}
