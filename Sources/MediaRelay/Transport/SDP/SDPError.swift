// Why a session description was refused: by the parser, with the line, or by a negotiation.

/// Thrown for every description that is not taken. Holds no text from the description, so it may be logged.
public struct SDPError: Error, Sendable, Equatable {
    /// Things that are counted against `Limits.SDP`.
    public enum Item: String, Sendable, Equatable {
        case mediaSections, formats, feedback, extensions, candidates, ssrcs, ssrcGroups, rids, streamIDs, groups
        case fingerprints
    }

    public enum Reason: Sendable, Equatable {
        /// More than `Limits.SDP.bytes`.
        case tooLong
        /// More than `Limits.SDP.lineBytes`.
        case lineTooLong
        case tooMany(Item)
        /// A line that is not `x=value`, holds control characters, or stands where it may not.
        case malformedLine
        /// The named attribute or line type does not follow its grammar.
        case malformed(String)
        /// Two sections share a mid, or one thing is said twice with different content.
        case duplicate(String)
        /// Something without which no connection can be made.
        case missing(String)
        /// A DTLS role that does not fit: this server is the DTLS server of every client.
        case unsupportedSetup(Setup?)
        /// No section is in a BUNDLE group, or an answer takes a section out of it.
        case notBundled
        /// One header extension identifier or payload type stands for two things within the BUNDLE group.
        case conflicting(String)
        /// A new offer must keep the sections of the last one, in their order (RFC 9429, 5.2.2).
        case sectionsChanged
        /// An answer came although no offer is out.
        case unexpectedAnswer
        /// The answer's sections are not those of the offer: it answers an earlier one.
        case answerMismatch
    }

    public var reason: Reason
    /// Counted from 1. Nil when no single line is to blame.
    public var line: Int?

    public init(_ reason: Reason, line: Int? = nil) {
        self.reason = reason
        self.line = line
    }
}

extension SDPError: CustomStringConvertible {
    public var description: String {
        let place = line.map { "line \($0): " } ?? ""
        let text =
            switch reason {
            case .tooLong: "description too long"
            case .lineTooLong: "line too long"
            case .tooMany(let item): "too many \(item.rawValue)"
            case .malformedLine: "malformed line"
            case .malformed(let name): "malformed \(name)"
            case .duplicate(let name): "duplicate \(name)"
            case .missing(let name): "missing \(name)"
            case .unsupportedSetup(let setup): "unsupported setup \(setup?.rawValue ?? "(none)")"
            case .notBundled: "not bundled"
            case .conflicting(let name): "conflicting \(name)"
            case .sectionsChanged: "sections changed"
            case .unexpectedAnswer: "unexpected answer"
            case .answerMismatch: "answer does not fit the offer"
            }
        return place + text
    }
}
