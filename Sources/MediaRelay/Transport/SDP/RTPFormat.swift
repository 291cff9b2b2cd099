// One payload type of a section with its `rtpmap`, `fmtp` and `rtcp-fb` lines, as written. PayloadFormat is what the
// relay makes of those it knows.

public struct RTPFormat: Sendable, Equatable {
    /// 0 to 127.
    public var payloadType: UInt8
    /// Nil for a static payload type without `rtpmap` (RFC 3551, 6).
    public var encoding: RTPEncoding?
    /// The `fmtp` value, verbatim: usually `key=value` pairs, for RED a list of payload types.
    public var parameters: String?
    public var feedback: [RTCPFeedback]

    public init(
        payloadType: UInt8, encoding: RTPEncoding? = nil, parameters: String? = nil, feedback: [RTCPFeedback] = []
    ) {
        self.payloadType = payloadType
        self.encoding = encoding
        self.parameters = parameters
        self.feedback = feedback
    }

    /// The `key=value` pairs of `parameters`, keys in lower case; of equal keys the first counts.
    public var parameterValues: [String: String] {
        var values: [String: String] = [:]
        for pair in (parameters ?? "").utf8.split(separator: UInt8(ascii: ";")) {
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let key = pair[..<equals].trimmed.text.lowercased()
            guard !key.isEmpty, values[key] == nil else { continue }
            values[key] = pair[pair.index(after: equals)...].trimmed.text
        }
        return values
    }
}

/// `a=rtpmap` (RFC 8866, 6.6).
public struct RTPEncoding: Sendable, Equatable {
    /// As written; names are compared without case (RFC 4855, 3).
    public var name: String
    /// Hz.
    public var clockRate: UInt32
    public var channels: UInt8?
    public init(name: String, clockRate: UInt32, channels: UInt8? = nil) {
        self.name = name
        self.clockRate = clockRate
        self.channels = channels
    }
}

/// `a=rtcp-fb` (RFC 4585, 4.2), without its payload type.
public struct RTCPFeedback: Sendable, Hashable, RawRepresentable {
    public static let nack = Self(rawValue: "nack")
    public static let nackPLI = Self(rawValue: "nack pli")
    public static let fir = Self(rawValue: "ccm fir")
    public static let transportCC = Self(rawValue: "transport-cc")
    public static let remb = Self(rawValue: "goog-remb")

    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}
