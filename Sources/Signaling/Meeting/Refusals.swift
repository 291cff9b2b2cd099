// The reasons for which a meeting does not let somebody in; the texts go to the client as they are.

extension SignalRefusal {
    static let meetingFull = SignalRefusal(status: 503, reason: "meeting full")
    static let shuttingDown = SignalRefusal(status: 503, reason: "server is shutting down")
    /// These words tell SDKs not to try anything else (livekit-wire.md, 1.6).
    static let noSuchRoom = SignalRefusal(status: 404, reason: "requested room does not exist")
    static let revoked = SignalRefusal(status: 401, reason: AccessError.revoked.reason)
    static let noIdentity = SignalRefusal(status: 400, reason: "access token has no identity")
    static let noMeetingName = SignalRefusal(status: 400, reason: "access token names no meeting")
    static let nameTooLong = SignalRefusal(status: 400, reason: "a name in the access token is too long")
    static let malformedName = SignalRefusal(status: 400, reason: "a name in the access token has a NUL character")
    static let protocolTooOld = SignalRefusal(status: 400, reason: "client protocol is too old")
    static let malformedQuery = SignalRefusal(status: 400, reason: "a query parameter is malformed")
    static let malformedJoinRequest = SignalRefusal(status: 400, reason: "join_request is missing or malformed")
}
