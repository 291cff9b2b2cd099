// What an association tells its owner.

enum SCTPEvent: Equatable, Sendable {
    /// Both sides know each other's tags; messages flow.
    case established
    /// Complete, in the order of its stream if it was sent ordered.
    case message(stream: UInt16, ppid: UInt32, bytes: [UInt8])
    /// The peer has ended its direction of these streams (RFC 6525); no streams means all.
    case incomingReset([UInt16])
    /// Our direction of these streams counts from zero again, or the peer does not do that (`performed` false).
    case outgoingReset([UInt16], performed: Bool)
    /// The last event: without a goodbye.
    case aborted(SCTPFailure)
    /// The last event: both sides agreed, or this side ended it.
    case closed
}

enum SCTPFailure: Error, Equatable, Sendable {
    /// INIT or COOKIE-ECHO was not answered.
    case handshakeTimeout
    /// Data, or a HEARTBEAT, was not acknowledged for `Limits.SCTP.retransmissions` timeouts.
    case timeout
    /// ABORT, with its first cause code (RFC 9260, 3.3.10).
    case abortedByPeer(cause: UInt16?)
    /// The peer began anew inside the same DTLS association, and what it had to receive is lost.
    case restartedByPeer
    /// It acknowledged what was never sent, or sent DATA without data.
    case protocolViolation
    /// Longer than we said we take.
    case messageTooLong
    /// Messages that no honest sender makes us keep.
    case outOfResource
}

enum SCTPSendError: Error, Equatable, Sendable {
    /// Not any more; before it is established messages wait.
    case closed
    /// SCTP has no empty messages (RFC 9260, 3.3.1; RFC 8831, 6.6 says what to send instead).
    case emptyMessage
    case messageTooLong
    /// The peer takes up less than it is sent: `Configuration.sendBytes` are held already.
    case bufferFull
    /// The peer has no stream of that number, or too many streams are in use.
    case noStream
    /// The stream is being reset.
    case resetting
}
