// What INIT and INIT ACK say (RFC 9260, 3.3.2 and 3.3.3). Address parameters are skipped unread: the path is DTLS's,
// and an address believed from a chunk is how others were led to send elsewhere.

struct SCTPInitiation: Equatable, Sendable {
    static let headerBytes = 16

    var tag: UInt32
    var window: UInt32
    var outgoingStreams: UInt16
    var incomingStreams: UInt16
    var initialTSN: TSN
    /// RFC 3758, 3.1, or FORWARD-TSN among the supported extensions.
    var supportsForwardTSN = true
    /// RFC 6525, 3: RE-CONFIG among the supported extensions.
    var supportsReconfiguration = true
    /// Of INIT ACK.
    var cookie: [UInt8]?
    /// Parameters whose high bits ask that they be sent back (RFC 9260, 3.2.1), with their headers.
    var unrecognized: [SCTPParameter] = []

    init(tag: UInt32, window: UInt32, streams: UInt16, initialTSN: TSN) {
        self.tag = tag
        self.window = window
        outgoingStreams = streams
        incomingStreams = streams
        self.initialTSN = initialTSN
    }

    init?(_ reader: inout ByteReader) {
        tag = reader.readUInt32()
        window = reader.readUInt32()
        outgoingStreams = reader.readUInt16()
        incomingStreams = reader.readUInt16()
        initialTSN = TSN(reader.readUInt32())
        supportsForwardTSN = false
        supportsReconfiguration = false
        guard !reader.hasFailed else { return nil }
        while let parameter = SCTPParameter(&reader) {
            switch parameter.type {
            case SCTPParameter.Kind.stateCookie: cookie = parameter.value
            case SCTPParameter.Kind.forwardTSNSupported: supportsForwardTSN = true
            case SCTPParameter.Kind.supportedExtensions:
                if parameter.value.contains(SCTPChunk.Kind.forwardTSN) { supportsForwardTSN = true }
                if parameter.value.contains(SCTPChunk.Kind.reconfiguration) { supportsReconfiguration = true }
            case 1...12: break  // addresses, cookie lifetime, what the other did not recognise
            default:
                // RFC 9260, 3.2.1: 01 and 11 report, 00 and 01 stop.
                if parameter.type & 0x4000 != 0, unrecognized.count < Limits.SCTP.pendingChunks,
                    parameter.value.count <= Limits.SCTP.heldOverheadBytes
                {
                    unrecognized.append(parameter)
                }
                if parameter.type & 0x8000 == 0 { return }
            }
        }
    }

    /// RFC 9260, 3.3.2: each of these is a reason to abort.
    var isAcceptable: Bool { tag != 0 && outgoingStreams != 0 && incomingStreams != 0 }

    func write(as kind: UInt8, to writer: inout ByteWriter) {
        writer.writeChunk(kind) { writer in
            writer.write(tag)
            writer.write(window)
            writer.write(outgoingStreams)
            writer.write(incomingStreams)
            writer.write(initialTSN.value)
            if supportsForwardTSN { writer.writeParameter(SCTPParameter.Kind.forwardTSNSupported, []) }
            var extensions: [UInt8] = []
            if supportsForwardTSN { extensions.append(SCTPChunk.Kind.forwardTSN) }
            if supportsReconfiguration { extensions.append(SCTPChunk.Kind.reconfiguration) }
            writer.writeParameter(SCTPParameter.Kind.supportedExtensions, extensions)
            if let cookie { writer.writeParameter(SCTPParameter.Kind.stateCookie, cookie) }
            for parameter in unrecognized
            where writer.count &+ parameter.value.count &+ 12 <= Limits.SCTP.packetBytes {
                var inner = ByteWriter()
                inner.writeParameter(parameter.type, parameter.value)
                writer.writeParameter(SCTPParameter.Kind.unrecognized, inner.bytes)
            }
        }
    }
}
