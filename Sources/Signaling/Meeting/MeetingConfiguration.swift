// What an operator decides about every meeting.

public struct ICEServer: Sendable, Equatable {
    public var urls: [String]
    public var username: String
    public var credential: String
    public init(urls: [String], username: String = "", credential: String = "") {
        self.urls = urls
        self.username = username
        self.credential = credential
    }
}

public struct MeetingConfiguration: Sendable, Equatable {
    /// People in one meeting, hidden ones included.
    public var maximumParticipants = 300
    /// How long a meeting waits for its first participant.
    public var emptyTimeout: Duration = .seconds(300)
    /// How long a meeting stays after its last participant left.
    public var departureTimeout: Duration = .seconds(20)
    /// Tracks that one subscriber gets without asking. Every track is a section in each of its session descriptions;
    /// browsers grow slow well before 299 (livekit-wire.md, 10). Others are announced and may be asked for.
    public var autoSubscribedAudio = 50
    public var autoSubscribedVideo = 50
    /// Whoever may join may open a meeting by it; else only the server API and tokens with `roomCreate` open one.
    public var opensOnJoin = true
    /// Whether the server API may open somebody's microphone or camera.
    public var allowsRemoteUnmute = false
    /// Shown to clients.
    public var region = ""
    public var nodeIdentifier = ""
    /// Handed to clients as they are.
    public var iceServers: [ICEServer] = []
    /// Clients may ask to be shown failures (SimulateScenario).
    public var simulatesScenarios = false

    public init() {}
}

/// What clients are told about the server. Several SDKs switch features by these numbers.
enum ServerIdentity {
    /// Read as semantic version: under 1.8.0 no remote calls, "0.15.1" and older no dynacast.
    static let version = "1.13.0"
    /// 18 has negotiated data channels, which are not spoken here.
    static let protocolNumber: Int32 = 17
    static let product = "Hutong"
    /// The caller's name in calls by the server API.
    static let caller = "server"
    /// Of the form in which methods are called; answers come in the same.
    static let callVersion: UInt32 = 1
    /// Video first: two SDKs publish with the first video codec when an application's choice is not listed.
    static let publishCodecs = ["video/VP8", "video/H264", "video/VP9", "video/AV1", "audio/opus", "audio/red"]
    /// Bytes that would mark frames made by the server; none are made, but clients want to know the mark.
    static let injectedFrameTrailerBytes = 16
}

/// Times of a meeting (livekit-wire.md, 2.10).
enum MeetingTimes {
    /// Told to clients: how often they ping, and after what silence of ours they reconnect. Seconds.
    static let pingInterval: Int32 = 5
    static let pingTimeout: Int32 = 15
    /// A socket without a message for so long is dead: the client's own timeout and a margin for one lost ping. With
    /// the sweep's second, a participant whose host vanished is gone from every roster well within 30 s.
    static let signalSilence: Duration = .seconds(20)
    /// How long a participant stays whose socket closed without goodbye and whose media is not heard again: the process
    /// was killed, or the way to it is cut. SDKs try five times in that time. Longer would leave the picture of somebody
    /// who is gone.
    static let signalLostGrace: Duration = .seconds(10)
    /// The same while its media is heard: a proxy restarts, and everybody's socket with it. SDKs try for 40 s and more;
    /// after this time a full reconnect is as good, and a stay without a word is a strange one.
    static let resumeGrace: Duration = .seconds(30)
    /// Media that was not heard for so long is lost: the relay reports every 5 s, and clients check at least every 6 s.
    static let mediaSilence: Duration = .seconds(12)
    /// How often the qualities of connections are told.
    static let quality: Duration = .seconds(5)
    /// A client with one connection offers by itself when it has resumed; only what is left after that is asked for.
    static let offerAfterResume: Duration = .seconds(2)
    /// A client that resumes is told of departures from so long before its last message: it spoke last when it pinged,
    /// and may have stopped hearing up to a ping before.
    static let resumeOverlap: Duration = .seconds(5)
    /// The longest that a client can have heard nothing and still resume: its silence is noticed, then its socket is
    /// lost, then its grace runs out.
    static let longestAbsence: Duration = signalSilence + resumeGrace + resumeOverlap
    /// Between two tokens for the same participant, as the reference server does it: a few a minute for 300 people.
    static let tokenRefresh: Duration = .seconds(300)
    /// How long a participant stays whose media was lost while its socket lives; then it is told to start anew.
    static let mediaLostGrace: Duration = .seconds(15)
    /// From joining until the primary connection stands.
    static let activation: Duration = .seconds(60)
    /// From our offer to the client's answer, or from our request for an offer to that offer.
    static let negotiation: Duration = .seconds(15)
    /// Changes of subscriptions are collected for so long before they are negotiated.
    static let offerDelay: Duration = .milliseconds(20)
    /// How long reliable data packets are kept for those who were away: as long as a participant's place is kept while
    /// its connection is lost, and the time a resume takes.
    static let dataHistory: Duration = .seconds(20)
    /// What a participant is given to answer a back end's call, when that says nothing, and at most.
    static let call: Duration = .seconds(15)
    static let longestCall: Duration = .seconds(60)
    /// How often time-outs are looked at.
    static let sweep: Duration = .seconds(1)
    /// Changes of the room's counts are sent at most so often.
    static let roomUpdate: Duration = .seconds(5)
    /// Participant updates go out at most so often, and in large meetings more rarely (see `updateInterval`).
    static let update: Duration = .milliseconds(100)
    /// Nobody hosts for so long: who may take the place without a key, may.
    static let hostAbsence: Duration = .seconds(600)
    /// How long somebody who guessed host keys is not heard.
    static let hostKeyLock: Duration = .seconds(600)
    /// A meeting whose host was locked out, and for whom nobody stands in, ends after so long.
    static let leaderless: Duration = .seconds(300)
    /// No governed meeting is longer (product.md, 3.6).
    static let longestMeeting: Duration = .seconds(86_400)
    /// Before a meeting closes, everybody is told twice.
    static let closingNotices = [5, 1]
    /// SDKs that do not yet know their new track as muted say so; for so long they are told again.
    static let entryMute: Duration = .seconds(3)
    /// Update messages a second that a meeting sends in all when tracks change: 300 people hear of a new track after at
    /// most 0.6 s, and 300 joins cost some thousands of messages instead of 90,000.
    static let trackUpdatesPerSecond = 500
    /// The same for mere comings and goings of listeners: up to 3 s at 300 people.
    static let presenceUpdatesPerSecond = 100
}
