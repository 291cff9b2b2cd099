// The chunks of RFC 9260, 3.3, RFC 3758 (FORWARD-TSN) and RFC 6525 (RE-CONFIG), as read from a peer. Reading checks
// lengths only; what a chunk may do in which state is the association's.

enum SCTPChunk: Equatable, Sendable {
    case data(SCTPData)
    case initiation(SCTPInitiation)
    case initiationAck(SCTPInitiation)
    case sack(SCTPSelectiveAck)
    /// The whole value, which goes back as it is.
    case heartbeat([UInt8])
    case heartbeatAck([UInt8])
    /// The first cause's code, if there is one. `reflectsTag`: the packet has the sender's own tag.
    case abort(cause: UInt16?, reflectsTag: Bool)
    case shutdown(cumulative: TSN)
    case shutdownAck
    /// Cause codes.
    case error([UInt16])
    case cookieEcho([UInt8])
    case cookieAck
    case shutdownComplete(reflectsTag: Bool)
    case reconfiguration([SCTPReconfiguration])
    case forwardTSN(SCTPForward)
    /// The chunk with its header, without padding.
    case unknown(type: UInt8, bytes: [UInt8])
}

extension SCTPChunk {
    enum Kind {
        static let data: UInt8 = 0
        static let initiation: UInt8 = 1
        static let initiationAck: UInt8 = 2
        static let sack: UInt8 = 3
        static let heartbeat: UInt8 = 4
        static let heartbeatAck: UInt8 = 5
        static let abort: UInt8 = 6
        static let shutdown: UInt8 = 7
        static let shutdownAck: UInt8 = 8
        static let error: UInt8 = 9
        static let cookieEcho: UInt8 = 10
        static let cookieAck: UInt8 = 11
        static let shutdownComplete: UInt8 = 14
        static let reconfiguration: UInt8 = 130
        static let forwardTSN: UInt8 = 192
    }

    static let headerBytes = 4
    /// Of ABORT and SHUTDOWN COMPLETE.
    static let reflectsTagFlag: UInt8 = 1
}

/// DATA (RFC 9260, 3.3.1).
struct SCTPData: Equatable, Sendable {
    static let headerBytes = 16

    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        static let ends = Flags(rawValue: 1)
        static let begins = Flags(rawValue: 2)
        static let unordered = Flags(rawValue: 4)
        /// RFC 7053: the sender wants its SACK now.
        static let immediate = Flags(rawValue: 8)
    }

    var flags: Flags
    var tsn: TSN
    var stream: UInt16
    var ssn: SSN
    var ppid: UInt32
    var payload: [UInt8]
}

/// SACK (RFC 9260, 3.3.4).
struct SCTPSelectiveAck: Equatable, Sendable {
    /// Offsets from the cumulative TSN, both inclusive. As written by the peer: in no order, overlapping, inverted.
    struct GapBlock: Equatable, Sendable {
        var start: UInt16
        var end: UInt16
    }

    var cumulative: TSN
    var window: UInt32
    var gaps: [GapBlock]
    var duplicates: [TSN]
}

/// FORWARD-TSN (RFC 3758, 3.2).
struct SCTPForward: Equatable, Sendable {
    struct Skipped: Equatable, Sendable {
        var stream: UInt16
        var ssn: SSN
    }

    var cumulative: TSN
    /// The last ordered message skipped, per stream.
    var skipped: [Skipped]
}

/// A parameter of RE-CONFIG (RFC 6525, 4).
enum SCTPReconfiguration: Equatable, Sendable {
    /// 4.1. No streams: all of them.
    case resetOutgoing(request: UInt32, response: UInt32, lastTSN: TSN, streams: [UInt16])
    case response(request: UInt32, result: UInt32)
    /// 4.2, 4.3, 4.5, 4.6: what data channels do not use. It is answered, with no.
    case unsupported(request: UInt32)

    /// 4.4.
    enum Result {
        static let nothingToDo: UInt32 = 0
        static let performed: UInt32 = 1
        static let denied: UInt32 = 2
        static let badSequenceNumber: UInt32 = 5
        static let inProgress: UInt32 = 6
    }
}

extension SCTPChunk {
    /// `value` is the chunk without its header. Nil when it is shorter than its kind must be.
    init?(type: UInt8, flags: UInt8, value: inout ByteReader) {
        switch type {
        case Kind.data:
            self = .data(
                SCTPData(
                    flags: SCTPData.Flags(rawValue: flags), tsn: TSN(value.readUInt32()), stream: value.readUInt16(),
                    ssn: SSN(value.readUInt16()), ppid: value.readUInt32(), payload: value.readBytes(value.remaining)))
        case Kind.initiation, Kind.initiationAck:
            guard let initiation = SCTPInitiation(&value) else { return nil }
            self = type == Kind.initiation ? .initiation(initiation) : .initiationAck(initiation)
        case Kind.sack: self = .sack(SCTPSelectiveAck(&value))
        case Kind.heartbeat: self = .heartbeat(value.readBytes(value.remaining))
        case Kind.heartbeatAck: self = .heartbeatAck(value.readBytes(value.remaining))
        case Kind.abort:
            self = .abort(cause: Self.readCauses(&value).first, reflectsTag: flags & Self.reflectsTagFlag != 0)
        case Kind.shutdown: self = .shutdown(cumulative: TSN(value.readUInt32()))
        case Kind.shutdownAck: self = .shutdownAck
        case Kind.error: self = .error(Self.readCauses(&value))
        case Kind.cookieEcho: self = .cookieEcho(value.readBytes(value.remaining))
        case Kind.cookieAck: self = .cookieAck
        case Kind.shutdownComplete: self = .shutdownComplete(reflectsTag: flags & Self.reflectsTagFlag != 0)
        case Kind.reconfiguration: self = .reconfiguration(Self.readReconfiguration(&value))
        case Kind.forwardTSN:
            var forward = SCTPForward(cumulative: TSN(value.readUInt32()), skipped: [])
            while value.remaining >= 4 {
                forward.skipped.append(.init(stream: value.readUInt16(), ssn: SSN(value.readUInt16())))
            }
            self = .forwardTSN(forward)
        default:
            let bytes = value.readBytes(value.remaining)
            var writer = ByteWriter(capacity: Self.headerBytes &+ bytes.count)
            writer.write(type)
            writer.write(flags)
            writer.write(UInt16(truncatingIfNeeded: Self.headerBytes &+ bytes.count))
            writer.write(bytes)
            self = .unknown(type: type, bytes: writer.bytes)
        }
        if value.hasFailed { return nil }
    }

    private static func readCauses(_ value: inout ByteReader) -> [UInt16] {
        var causes: [UInt16] = []
        while value.remaining >= 4 {
            causes.append(value.readUInt16())
            let length = Int(value.readUInt16())
            // Causes are read for the log; a wrong length ends the reading and harms nobody.
            guard length >= 4, length &- 4 <= value.remaining else { break }
            value.skip(min(length.paddedToWord &- 4, value.remaining))
        }
        return causes
    }

    private static func readReconfiguration(_ value: inout ByteReader) -> [SCTPReconfiguration] {
        var found: [SCTPReconfiguration] = []
        // RFC 6525, 3.1: never more than two.
        while found.count < 2, let parameter = SCTPParameter(&value) {
            var reader = ByteReader(parameter.value)
            switch parameter.type {
            case SCTPParameter.Kind.resetOutgoing:
                let (request, response) = (reader.readUInt32(), reader.readUInt32())
                let last = TSN(reader.readUInt32())
                var streams: [UInt16] = []
                while reader.remaining >= 2 { streams.append(reader.readUInt16()) }
                if !reader.hasFailed {
                    found.append(.resetOutgoing(request: request, response: response, lastTSN: last, streams: streams))
                }
            case SCTPParameter.Kind.reconfigurationResponse:
                let (request, result) = (reader.readUInt32(), reader.readUInt32())
                if !reader.hasFailed { found.append(.response(request: request, result: result)) }
            case SCTPParameter.Kind.resetIncoming, SCTPParameter.Kind.resetAll,
                SCTPParameter.Kind.addOutgoing, SCTPParameter.Kind.addIncoming:
                let request = reader.readUInt32()
                if !reader.hasFailed { found.append(.unsupported(request: request)) }
            default:
                // RFC 6525, 4: an unknown one ends the chunk unless its high bit is set.
                if parameter.type & 0x8000 == 0 { return found }
            }
        }
        return found
    }
}

extension SCTPSelectiveAck {
    fileprivate init(_ value: inout ByteReader) {
        cumulative = TSN(value.readUInt32())
        window = value.readUInt32()
        gaps = []
        duplicates = []
        let gapCount = Int(value.readUInt16())
        let duplicateCount = Int(value.readUInt16())
        // The counts are two of the stranger's numbers: nothing is reserved for them before the bytes were seen.
        guard !value.hasFailed, gapCount &* 4 &+ duplicateCount &* 4 <= value.remaining else {
            value.skip(value.remaining &+ 1)
            return
        }
        for _ in 0..<gapCount { gaps.append(GapBlock(start: value.readUInt16(), end: value.readUInt16())) }
        for _ in 0..<duplicateCount { duplicates.append(TSN(value.readUInt32())) }
    }
}

/// A type-length-value parameter (RFC 9260, 3.2.1).
struct SCTPParameter: Equatable, Sendable {
    enum Kind {
        static let stateCookie: UInt16 = 7
        static let unrecognized: UInt16 = 8
        static let resetOutgoing: UInt16 = 13
        static let resetIncoming: UInt16 = 14
        static let resetAll: UInt16 = 15
        static let reconfigurationResponse: UInt16 = 16
        static let addOutgoing: UInt16 = 17
        static let addIncoming: UInt16 = 18
        static let supportedExtensions: UInt16 = 0x8008
        static let forwardTSNSupported: UInt16 = 0xc000
    }

    var type: UInt16
    var value: [UInt8]

    init(type: UInt16, value: [UInt8]) {
        self.type = type
        self.value = value
    }

    /// The next one with the padding behind it; nil at the end, or where a length is impossible. The padding of the
    /// last one may be missing (RFC 9260, 3.2), which is what the length checks of others have stumbled over.
    init?(_ reader: inout ByteReader) {
        guard reader.remaining >= 4 else { return nil }
        type = reader.readUInt16()
        let length = Int(reader.readUInt16())
        guard length >= 4, length &- 4 <= reader.remaining else { return nil }
        value = reader.readBytes(length &- 4)
        reader.skip(min(length.paddedToWord &- length, reader.remaining))
    }
}

extension Int {
    /// The next multiple of four, for lengths of at most 16 bits.
    var paddedToWord: Int { (self &+ 3) & ~3 }
}
