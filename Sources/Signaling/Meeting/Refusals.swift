// The reasons for which a meeting does not let somebody in; the texts go to the client as they are.

extension SignalRefusal {
    static let meetingFull = SignalRefusal(status: 503, reason: "meeting full")
    static let shuttingDown = SignalRefusal(status: 503, reason: "server is shutting down")
    static let noIdentity = SignalRefusal(status: 400, reason: "access token has no identity")
    static let noMeetingName = SignalRefusal(status: 400, reason: "access token names no meeting")
    static let nameTooLong = SignalRefusal(status: 400, reason: "a name in the access token is too long")
    static let protocolTooOld = SignalRefusal(status: 400, reason: "client protocol is too old")
    static let malformedQuery = SignalRefusal(status: 400, reason: "a query parameter is malformed")
    /// Must not contain "requested room does not exist": browsers would not fall back to v0 (livekit-wire.md, 1.6).
    static let noSinglePeerConnection = SignalRefusal(status: 404, reason: "not served here, use /rtc")
}
