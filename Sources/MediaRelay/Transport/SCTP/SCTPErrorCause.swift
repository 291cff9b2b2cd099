// Error causes (RFC 9260, 3.3.10), and the two chunks that carry them.

enum SCTPErrorCause: UInt16, Sendable {
    case invalidStream = 1
    case staleCookie = 3
    case outOfResource = 4
    case unrecognizedChunk = 6
    case invalidMandatoryParameter = 7
    case noUserData = 9
    case userInitiated = 12
    case protocolViolation = 13
}

extension SCTPAssociation {
    static func abortChunk(_ cause: SCTPErrorCause) -> [UInt8] {
        var writer = ByteWriter(capacity: 8)
        writer.writeChunk(SCTPChunk.Kind.abort) { writer in
            // RFC 9260, 3.3.10.9: this cause names the TSN that had no data; we do not read that much into it.
            writer.writeParameter(cause.rawValue, cause == .noUserData ? [0, 0, 0, 0] : [])
        }
        return writer.bytes
    }

    func sendAbort(_ cause: SCTPErrorCause) {
        guard let peer else { return }
        sendAlone(Self.abortChunk(cause), tag: peer.tag)
    }

    func sendError(_ cause: SCTPErrorCause, _ value: [UInt8]) {
        var writer = ByteWriter(capacity: value.count &+ 8)
        writer.writeChunk(SCTPChunk.Kind.error) { $0.writeParameter(cause.rawValue, value) }
        sendChunk(writer.bytes)
    }
}
