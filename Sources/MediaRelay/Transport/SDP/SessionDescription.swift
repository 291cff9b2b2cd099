// A session description (RFC 8866) as WebRTC uses it (RFC 9429): the session part. The parts of a section are in
// MediaSection.swift and beside it. Only what this relay reads or writes is kept; other lines are skipped by the parser.

/// A whole offer or answer.
public struct SessionDescription: Sendable, Equatable {
    /// The `o=` line. A version that did not change means nothing changed.
    public struct Origin: Sendable, Equatable {
        public var username: String
        public var sessionID: UInt64
        public var version: UInt64
        public init(username: String = "-", sessionID: UInt64, version: UInt64) {
            self.username = username
            self.sessionID = sessionID
            self.version = version
        }
    }

    /// `a=group` (RFC 5888): which sections belong together.
    public struct Group: Sendable, Equatable {
        public static let bundle = "BUNDLE"
        public var semantics: String
        public var mids: [String]
        public init(semantics: String, mids: [String]) {
            self.semantics = semantics
            self.mids = mids
        }
    }

    public var origin: Origin
    public var groups: [Group]
    /// The sender answers connectivity checks and makes none (RFC 8445, 2.5).
    public var isICELite: Bool
    /// One-byte and two-byte header extensions may be mixed in all sections (RFC 8285, 6).
    public var allowsMixedExtensions: Bool
    /// What holds for every section that does not say otherwise.
    public var transport: TransportAttributes
    public var direction: Direction?
    public var extensions: [ExtensionMap]
    public var sections: [MediaSection]

    public init(
        origin: Origin, groups: [Group] = [], isICELite: Bool = false, allowsMixedExtensions: Bool = false,
        transport: TransportAttributes = TransportAttributes(), direction: Direction? = nil,
        extensions: [ExtensionMap] = [], sections: [MediaSection] = []
    ) {
        self.origin = origin
        self.groups = groups
        self.isICELite = isICELite
        self.allowsMixedExtensions = allowsMixedExtensions
        self.transport = transport
        self.direction = direction
        self.extensions = extensions
        self.sections = sections
    }

    /// The mids of the first BUNDLE group, empty when there is none. The first is the tagged section, whose transport
    /// attributes hold for all (RFC 9143, 7).
    public var bundle: [String] { groups.first { $0.semantics == Group.bundle }?.mids ?? [] }

    /// Which way media flows in a section, seen from the sender of this description (RFC 8866, 6.7).
    public func direction(of section: MediaSection) -> Direction { section.direction ?? direction ?? .sendrecv }

    /// A section's transport attributes, filled up from the session's.
    public func transport(of section: MediaSection) -> TransportAttributes {
        TransportAttributes(
            ice: section.transport.ice ?? transport.ice,
            iceOptions: section.transport.iceOptions.isEmpty ? transport.iceOptions : section.transport.iceOptions,
            fingerprints: section.transport.fingerprints.isEmpty
                ? transport.fingerprints : section.transport.fingerprints,
            setup: section.transport.setup ?? transport.setup)
    }
}

/// Seen from the sender of the description that says it.
public enum Direction: String, Sendable, Equatable, CaseIterable {
    case sendrecv, sendonly, recvonly, inactive

    public var sends: Bool { self == .sendrecv || self == .sendonly }
    public var receives: Bool { self == .sendrecv || self == .recvonly }
}

/// `a=setup`: who opens the DTLS association (RFC 8842, 5). `active` is the DTLS client.
public enum Setup: String, Sendable, Equatable, CaseIterable {
    case actpass, active, passive, holdconn
}

/// How the other end is reached and recognised; said for the session, for a section, or for both.
public struct TransportAttributes: Sendable, Equatable {
    public var ice: ICECredentials?
    public var iceOptions: [String]
    public var fingerprints: [Fingerprint]
    public var setup: Setup?

    public init(
        ice: ICECredentials? = nil, iceOptions: [String] = [], fingerprints: [Fingerprint] = [], setup: Setup? = nil
    ) {
        self.ice = ice
        self.iceOptions = iceOptions
        self.fingerprints = fingerprints
        self.setup = setup
    }
}
