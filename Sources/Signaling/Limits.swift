// Every limit that signaling puts on what strangers may send, in one place, each with its reason.

enum Limits {
    // MARK: Tokens and the request line

    /// Bytes of a JWT. Metadata and attributes travel in it, but a request line of more than this would be refused by
    /// proxies anyway (livekit-wire.md, 1.5 expects 16 KiB to pass).
    static let tokenBytes = 16 * 1024
    /// Seconds by which clocks of token issuers may be off, in both directions.
    static let clockLeewaySeconds: Int64 = 60
    /// Seconds for which a removal refuses a person's older tokens, if the one he came in with does not live longer: he
    /// may hold others, whose life nobody here knows. Back ends seldom give more than some days.
    static let revocationSeconds: Int64 = 30 * 86_400
    /// Bytes of a meeting's name, an identity, a display name (the protocol's own limits).
    static let nameBytes = 256
    /// Bytes of a join request when it is unpacked (the protocol's limit): a gzip of 32 KiB may claim to be 32 MiB.
    static let joinRequestBytes = 1024 * 1024
    /// Capabilities of a client that are kept and shown to others; there are two.
    static let capabilities = 16
    /// The oldest client protocol spoken: from 9 on a client understands disconnected participants in updates.
    static let oldestProtocol = 9

    // MARK: One connection's messages

    /// Bytes of one message, after the first valid one: the protocol's own limit.
    static let messageBytes = 2 * 1024 * 1024
    /// Bytes of one message before a client has sent anything sensible.
    static let firstMessageBytes = 64 * 1024
    /// Messages a second that a connection may send for ever. A client with the busiest habits (a page of track settings
    /// each time it scrolls) stays far below.
    static let messagesPerSecond = 50
    /// Messages a connection may send at once: the settings of some full pages of tiles.
    static let messageBurst = 200
    /// Share of a message that a trickled candidate counts: 4,000 of them at once pass, a flood of more does not.
    static let trickleCost = 0.05
    /// Bytes that may wait for a slow reader. A JoinResponse listing 300 publishers is about 150 kB and a 300-person
    /// minute of updates less; who is 4 MiB behind will not catch up.
    static let outboxBytes = 4 * 1024 * 1024
    /// Depth of nested messages when decoding; the deepest honest one has 5.
    static let messageDepth = 20

    // MARK: A participant

    /// Bytes of participant metadata (the protocol's limit).
    static let metadataBytes = 512 * 1024
    /// Bytes of all attribute names and values together (the protocol's limit).
    static let attributesBytes = 64 * 1024
    /// AddTrack requests that wait for their section in an offer; the reference server has 20 as well.
    static let pendingTracks = 20
    /// Tracks one participant may publish at a time: camera, microphone, two for a screen, and generous room for robots.
    static let publishedTracks = 32
    /// Bytes of a client's own track id, name or stream name; they are echoed to everybody.
    static let trackNameBytes = 256
    /// Layers or codecs in one AddTrack request that are kept and echoed; simulcast has three.
    static let layersPerTrack = 8
    /// Track features kept of one request; there are seven kinds.
    static let featuresPerTrack = 16
    /// Track sids in one subscription or settings message that are looked at: a room of 300 with four tracks each.
    static let tracksPerRequest = 1200
    /// Entries in a publisher's list of who may subscribe.
    static let permissionEntries = 1000
    /// Remote sections on the subscriber's connection. Each is a few hundred bytes in every later offer.
    static let subscriptionsPerParticipant = 200
    /// Messages kept for a client that is away and told when it comes back: some for each of its tracks.
    static let owedMessages = 100
    /// Withdrawn tracks remembered of one publisher: a few times all it may have.
    static let withdrawnTracks = 64

    // MARK: A meeting

    /// What a token or the server API may ask for: seconds an empty meeting is kept, a day.
    static let roomTimeoutSeconds: UInt32 = 86_400
    /// Other meetings in which one participant is shown; each of its changes goes to all of them.
    static let forwardsPerParticipant = 16
    /// People in one meeting; every list of them is that long.
    static let participantsPerMeeting: UInt32 = 10_000
    /// Departures remembered for clients that are away: three times a large meeting.
    static let recentDepartures = 1000
    /// People who test media over TCP by `SimulateScenario`; kept as long as the meeting, since they come back anew.
    static let tcpOnlyIdentities = 1000

    // MARK: Host controls

    /// People who wait to be admitted to one meeting, beside those in it: a whole audience that came too early.
    static let waitingPerMeeting = 300
    /// Identities of whom a meeting remembers what its hosts decided: some times a large meeting.
    static let decisionsPerMeeting = 2000
    /// Identities in one control or policy: everybody in a meeting of the usual size.
    static let identitiesPerControl = 500
    /// Bytes of a host's message to those waiting: some sentences in Chinese.
    static let noticeBytes = 1000
    /// Digits of a host key.
    static let hostKeyDigits = 6...10
    /// Wrong host keys of one person until the meeting hears no more from it for `MeetingTimes.hostKeyLock`.
    static let wrongHostKeys = 5
    /// Minutes by which a meeting may be extended at once, and which a limit may be: a day.
    static let meetingMinutes = 1440
    /// Bytes of a control's body: identities of the largest control, and room for their names.
    static let controlBodyBytes = 256 * 1024
    /// Bytes of a member's id in a lock-out.
    static let memberBytes = nameBytes

    // MARK: People

    /// Seconds for which a session lasts: two weeks, so that nobody types his password every Monday.
    static let sessionSeconds: Int64 = 14 * 86_400
    /// Sessions of one member: his devices, with room; the oldest end first.
    static let sessionsPerMember = 20
    /// Seconds for which an invite link lets in: a weekend and a day.
    static let inviteSeconds: Int64 = 3 * 86_400
    /// Characters of a password at least (NIST SP 800-63B, 3.1.1.2 has 8 beside a second factor, and 15 without one; a
    /// rate of guesses as low as ours makes up for some).
    static let passwordCharacters = 10
    /// Passwords hashed at once: 32 MiB and a third of a second each.
    static let passwordHashes = 2
    /// People who may wait for that; the last waits about five seconds.
    static let passwordQueue = 32
    /// Wrong passwords for one account: ten, and one more every two minutes, which is 5,000 a week.
    static let triesPerAccount = AttemptLimiter.Allowance(tries: 10, secondsEach: 120)
    /// From one address: a company's Monday behind one NAT, where only wrong ones count.
    static let triesPerNetwork = AttemptLimiter.Allowance(tries: 60, secondsEach: 10)
    /// Places in which tries are counted; half a megabyte.
    static let attemptPlaces = 65_536
    /// Bytes of a request about people: a member with all custom fields full is about 30 kB.
    static let peopleBodyBytes = 64 * 1024
    /// Characters of an idempotency key: a UUID has 36.
    static let idempotencyKeyBytes = 64
    /// Seconds for which an answer is kept for those who ask again: a day.
    static let keptAnswerSeconds: Int64 = 86_400
    /// Seconds for which the audit log is kept: product.md, B23 has at least six months; a year and a month.
    static let auditSeconds: Int64 = 396 * 86_400
    /// Entries of one page of a list.
    static let pageEntries = 200

    // MARK: Data packets

    /// Bytes of one data packet with its sender's names. Clients send at most 64,000 and cut streams into chunks of 15,000.
    static let dataPacketBytes = 64 * 1024
    /// Bytes of its newest reliable packets that are kept of each sender, for those who were away: two large packets, or
    /// a busy minute of chat. 300 senders fill 38 MB with it.
    static let dataHistoryBytes = 128 * 1024
    /// What each of them counts beside its bytes, so that a flood of tiny packets is bounded as well.
    static let dataHistoryPacketCost = 256
    /// Bytes of the server API's mark on a packet; SDKs send 16.
    static let nonceBytes = 64
    /// How many of them are remembered: a repeated request comes within seconds.
    static let recentNonces = 1000
    /// Bytes of what a back end gives to a method; the protocol's own limit.
    static let callPayloadBytes = 15 * 1024
    /// Calls of one meeting that wait for an answer.
    static let callsPerMeeting = 100

    // MARK: The store and webhooks

    /// Between two tries to write what the disk did not take.
    static let storeRetryTime: Duration = .seconds(1)
    /// Between two looks at revocations that are over or could not be written.
    static let revocationUpkeepTime: Duration = .seconds(10)
    /// Events that wait in memory when the disk takes none: some minutes of a busy server, by number and by bytes, since
    /// what participants say about themselves is in them.
    static let eventBacklog = 10_000
    static let eventBacklogBytes = 64 * 1024 * 1024
    /// Bytes of an event without that.
    static let eventBytes = 2 * 1024
    /// Events written in one transaction: one wait for the disk in a storm of joins.
    static let webhookBatch = 200
    /// Events that wait for one receiver; then those of the room that waits longest are given up.
    static let webhookQueue = 100_000
    /// Events kept in all, delivered ones included; about 400 MB.
    static let storedEvents: Int64 = 200_000
    /// Requests at a time to one receiver, each of another room.
    static let webhooksInFlight = 8
    /// Failures one after the other, whatever the room, after which a receiver counts as down. One that only stumbles over
    /// the events of one room takes others in between.
    static let webhookFailuresUntilDown = 3
    /// How long a receiver may take, and how much it may say that nobody reads.
    static let webhookConnectTime: Duration = .seconds(5)
    static let webhookTime: Duration = .seconds(10)
    static let webhookAnswerBytes = 64 * 1024
    /// Seconds for which a webhook's signature is valid; the reference server has the same.
    static let webhookSignatureSeconds: Int64 = 300
    /// How often what is too old is looked for.
    static let webhookMaintenanceTime: Duration = .seconds(60)
    /// How long a server that stops waits for its last events to be taken, and how often it looks; the whole stop may take
    /// 5 s.
    static let webhookSettleTime: Duration = .milliseconds(1500)
    static let webhookSettlePoll: Duration = .milliseconds(20)
    /// Bytes of a request to queue events again, which has three short fields.
    static let replayBodyBytes = 4 * 1024
}

/// What one stranger may cost the HTTP edge in bytes, time and sockets, before and beside the token. A value rather
/// than constants: the configuration sets one of them, and tests shorten the times.
public struct EdgeLimits: Sendable {
    /// Bytes of one URL or header field. A join request of 20 kB in base64 must pass; browsers stop near 32 KiB too.
    public var headFieldBytes = 32 * 1024
    /// Bytes of all header fields together (S-41), the URL not counted.
    public var headerBytes = 32 * 1024
    /// Browsers send about 20 header fields, proxies add a few.
    public var headerFields = 128
    /// What a request's body may hold beyond what its route reads: it is tolerated and discarded, more ends the connection.
    public var requestBodyBytes = 64 * 1024
    /// Bytes of a call of the server API, read only when the caller's token was accepted. 512 KiB of metadata may be six
    /// times that in JSON; the protocol's own limit leaves room.
    public var apiBodyBytes = 10 * 1024 * 1024
    /// From accept (TLS handshake included) to the end of the first request head: what a slow loris gets (S-40).
    public var requestHeadTime: Duration = .seconds(5)
    /// How long an idle kept-alive HTTP connection stays. Longer than browsers wait between page and join.
    public var keepAliveTime: Duration = .seconds(60)

    /// Bytes of one WebSocket message, all fragments together.
    public var messageBytes = 2 * 1024 * 1024
    /// Fragments of one message (S-41). Clients send one; proxies may split at 32 KiB.
    public var messageFragments = 64

    /// Sockets of all clients together; each costs about 20 kB and one file descriptor (LimitNOFILE must be above).
    public var connections = 10_000
    /// Sockets of one IPv4 address or IPv6 /64. A company of 300 behind one NAT needs 300 WebSockets and a few times
    /// that while pages load. Loopback is exempt: a proxy there speaks for everybody.
    public var connectionsPerAddress = 1_000

    /// How often an open WebSocket is pinged: below the 60 s after which proxies and NATs forget idle connections.
    public var pingInterval: Duration = .seconds(10)
    /// A WebSocket on which no byte arrived for this long is dead: two pings went unanswered.
    public var silenceTime: Duration = .seconds(25)
    /// How long a client may leave the socket's send buffer full before it counts as gone.
    public var writeStallTime: Duration = .seconds(10)
    /// From our close frame to the end of the TCP connection, for the client's own close frame to arrive.
    public var closeTime: Duration = .seconds(2)

    public init() {}
}
