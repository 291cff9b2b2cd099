// What an ICE agent wants done. The agents do nothing themselves.

enum ICEAction: Sendable, Equatable {
    /// Send the datagram from our one socket.
    case send([UInt8], to: SocketAddress)
    /// The address proved that it knows the password: DTLS and SRTP from it may be looked at.
    case validated(SocketAddress)
    /// Send media there from now on. Its `validated` has come before.
    case selected(SocketAddress)
    /// Consent is gone (RFC 7675): send nothing, accept nothing but checks. `validated` and `selected` follow when a
    /// new check succeeds.
    case disconnected
    /// These local credentials are not accepted any more: a restart is complete.
    case retired(usernameFragment: String)
}

/// Why messages were dropped without an answer. Telling the sender would help only a stranger.
struct ICECounters: Sendable, Equatable {
    /// Neither ours nor the other side's fragment of the session.
    var unknownUsername: UInt64 = 0
    /// No MESSAGE-INTEGRITY, or one made with another password.
    var unauthenticated: UInt64 = 0
    /// Indications, answers to nothing we asked, other methods.
    var unexpected: UInt64 = 0
    var roleConflicts: UInt64 = 0
    var accepted: UInt64 = 0
}
