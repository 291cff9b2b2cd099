// Names for the relay's objects. The caller chooses them (from an IdentifierPool), so that opening a transport or a
// subscription needs no answer; the worker obeys and reports `closed` when the name may be used again.

/// Which packet loop owns an object. One per core, numbered from 0.
public struct WorkerIndex: Hashable, Sendable, RawRepresentable, Comparable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Index and generation as the packet core reads them (`cr_id`): index in the low 20 bits.
public struct ObjectName: Hashable, Sendable {
    static let indexBits: UInt32 = 20
    static let maximumIndex: UInt32 = (1 << indexBits) - 1
    static let maximumGeneration: UInt32 = (1 << (32 - indexBits)) - 2  // CR_ID_NONE stays free

    public let rawValue: UInt32
    public var index: UInt32 { rawValue & Self.maximumIndex }
    public var generation: UInt32 { rawValue >> Self.indexBits }

    init(index: UInt32, generation: UInt32) { rawValue = generation << Self.indexBits | index }
}

/// One client connection: an ICE agent, a DTLS association and the SRTP keys it yields.
public struct TransportID: Hashable, Sendable {
    public let worker: WorkerIndex
    public let name: ObjectName
}

/// Something one participant publishes: a microphone, a camera, a shared screen, with all its encodings.
public struct PublicationID: Hashable, Sendable {
    public let worker: WorkerIndex
    public let name: ObjectName
}

/// One publication sent to one transport.
public struct SubscriptionID: Hashable, Sendable {
    public let worker: WorkerIndex
    public let name: ObjectName
}

/// An opaque mark that the caller puts on its transports; events come back sorted by it. The relay never looks inside.
public struct OwnerTag: Hashable, Sendable, RawRepresentable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}
