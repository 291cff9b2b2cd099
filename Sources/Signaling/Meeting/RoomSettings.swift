// What one meeting has of its own: what CreateRoom or the token that opened it asks for, else the operator's values.

/// A token's `roomConfig`, and what CreateRoom says. 0 or nil leaves the operator's value.
public struct RoomConfiguration: Sendable, Equatable, Codable {
    public var maxParticipants: UInt32?
    /// Seconds.
    public var emptyTimeout: UInt32?
    /// Seconds.
    public var departureTimeout: UInt32?
    public var metadata: String?

    public init() {}
}

struct RoomSettings: Sendable, Equatable {
    /// Hidden ones included.
    var maximumParticipants: Int
    /// How long the meeting waits for its first participant.
    var emptyTimeout: Duration
    /// How long it stays after its last participant left.
    var departureTimeout: Duration
    var metadata: String

    init(_ configuration: MeetingConfiguration, _ wishes: RoomConfiguration? = nil) {
        func given(_ number: UInt32?, atMost limit: UInt32) -> UInt32? {
            number.flatMap { $0 == 0 ? nil : min($0, limit) }
        }
        maximumParticipants =
            given(wishes?.maxParticipants, atMost: Limits.participantsPerMeeting).map { Int($0) }
            ?? configuration.maximumParticipants
        emptyTimeout =
            given(wishes?.emptyTimeout, atMost: Limits.roomTimeoutSeconds).map { .seconds($0) }
            ?? configuration.emptyTimeout
        departureTimeout =
            given(wishes?.departureTimeout, atMost: Limits.roomTimeoutSeconds).map { .seconds($0) }
            ?? configuration.departureTimeout
        metadata = wishes?.metadata ?? ""
    }
}
