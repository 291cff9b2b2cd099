// Every bound of the module on what strangers may send and how long they may take, each with its reason. The packet
// core keeps its own in CRelay/core/limits.h.

enum Limits {
    // ------------------------------------------------------------------------------------------ connecting

    /// From the other side's ICE credentials to the first valid check. A client on a bad mobile network needs ten
    /// seconds; more keeps the memory of clients that are gone.
    static let iceTimeout = MediaSpan.seconds(30)
    /// From the first valid check to the end of the handshake: lost flights are repeated after 1, 2, 4, 8 s (RFC 6347,
    /// 4.2.4.1), and a fifth loss in a row is a dead path.
    static let dtlsTimeout = MediaSpan.seconds(20)
    /// DTLS datagrams kept until the other side's fingerprint is known, for a ClientHello that overtakes its SDP. A
    /// post-quantum ClientHello is two datagrams, and it may have been repeated once.
    static let earlyHandshakeDatagrams = 4

    /// Ports tried when any will do: one that is free for UDP may be taken for TCP, seldom twice in a row.
    static let anyPortAttempts = 16

    // ------------------------------------------------------------------------------------------ streams

    /// Simulcast encodings of one publication (S-20): three is what clients send.
    static let encodings = 4
    /// Formats of one publication or subscription that are looked at. Chromium offers about 20 for video, of which a
    /// negotiation leaves fewer than `CR_MAX_FORMATS`.
    static let formats = 16
    /// Publications received from one transport: camera, microphone, screen and its sound, several times over.
    static let publicationsPerTransport = 32
    /// Publications one transport may subscribe to: 300 people, each with camera, microphone, screen and its sound.
    static let subscriptionsPerTransport = 1_200
    /// Bytes of an RTCP canonical name (RFC 3550, 6.5: the length is one byte).
    static let canonicalNameBytes = 255

    // ------------------------------------------------------------------------------------------ reports and events

    /// Sequence numbers of one NACK sent. More in one gap is cheaper to repair by a keyframe.
    static let missingPerRequest = 256
    /// Sequence numbers of one NACK received. The largest list that fits a datagram is about 5,000, which nobody needs.
    static let sequencesPerNack = 1_024
    /// A round trip time outside these bounds is an error of measurement or a lie; it would make retransmission silent
    /// or endless.
    static let roundTrip = MediaSpan.milliseconds(2)...MediaSpan.seconds(1)
    /// Packets of taps that wait for a slow reader, per owner: two seconds of one video.
    static let pendingTappedPackets = 4_096
}

extension Limits {
    /// Session descriptions come from clients that have not proved anything but a join token.
    enum SDP {
        /// The whole description. Chromium's fullest offer measured is 19 kB; some 100 video sections fit.
        static let bytes = 256 * 1024
        /// One line, its end excluded. The longest lines that grow are BUNDLE and msid-semantic: 2 KiB hold the mids of
        /// about 500 sections.
        static let lineBytes = 2048
        /// `m=` lines. Each costs an answer section, so this also bounds our own work per offer.
        static let mediaSections = 1000
        /// Sections this server puts into its own offers: their audio answers, 700 bytes each, stay below `bytes`.
        static let offeredSections = 300
        /// Payload types of one section: they are seven-bit numbers.
        static let formatsPerSection = 128
        /// `rtcp-fb` lines of one format. Browsers write five.
        static let feedbackPerFormat = 16
        /// `extmap` lines of one section or of the session. Browsers write fourteen; one-byte identifiers end there too.
        static let extensionsPerSection = 64
        /// Candidates of one section. They are not used (ICE-lite), but a host with many interfaces writes dozens.
        static let candidatesPerSection = 128
        /// `ssrc` lines of one section: three layers with RTX and four attributes each are 24.
        static let ssrcAttributesPerSection = 128
        /// `ssrc-group` lines of one section: one FID group a layer.
        static let ssrcGroupsPerSection = 16
        /// `rid` lines of one section, and the entries of one simulcast list. Clients use three.
        static let ridsPerSection = 16
        /// `msid` lines of one section. Clients write one; a track in several streams would need more.
        static let streamIDsPerSection = 8
        /// `group` lines of the session: BUNDLE, and at times LS.
        static let groups = 8
        /// `fingerprint` lines of one section or of the session. aiortc writes three.
        static let fingerprints = 8
        /// Bytes of a mid or rid: the packet core keeps 16 with a terminating zero (`CR_MAX_LABEL`).
        static let labelBytes = 15
    }
}

extension Limits {
    enum ICE {
        /// A binding request of any browser has under 200 bytes. More than one unfragmented datagram is not STUN.
        static let messageBytes = 1_500
        /// Browsers send at most eight; each one beyond costs us a loop turn before the password was checked.
        static let attributes = 32
        /// Two fragments of 256 characters and a colon (RFC 8445, 5.3; RFC 8489, 14.3).
        static let usernameBytes = 513
        /// Unknown comprehension-required attributes listed in a 420 answer. More would only make the answer longer.
        static let unknownAttributes = 8
        /// Addresses a client may have proved at one time: Wi-Fi and mobile, IPv4 and IPv6, each before and after a
        /// rebinding. As many as the packet core keeps per transport (S-23); the oldest unselected one makes room.
        static let addresses = 8
        /// RFC 7675, 5.1: without a valid check for so long the other side no longer agrees to be sent to.
        static let consent = MediaSpan.seconds(30)
        /// How long a UDP address that was nominated keeps a TCP one from taking its place. Some clients nominate every
        /// pair while they are checking, a few hundred milliseconds; longer would keep a client waiting that really
        /// changes to TCP, and which repeats its nomination within 2.5 s.
        static let rivalNomination = MediaSpan.seconds(1)
        /// Candidates a controlling client tries. Ours are servers with a handful of host candidates.
        static let candidates = 16
    }

    enum DTLS {
        /// No datagram we send is longer: fits every path that carries IPv6 (1280 bytes) with its headers.
        static let datagramBytes = 1_200
        /// No datagram is looked at beyond this; twice Ethernet's would already be odd.
        static let receivedBytes = 2_048
        /// All handshake messages of the other side together, as announced in their headers: libssl reserves the
        /// announced length when the first fragment comes. A post-quantum ClientHello has 1.5 KiB, a certificate of
        /// RSA 4096 about as much.
        static let handshakeBytes = 16_384
        /// Encrypted records handed to libssl before the handshake is done. It keeps each in 16 KiB until the keys are
        /// there. Only Finished comes that early, once per flight; so many flights may be reordered.
        static let earlyRecords = 8
        /// Time from the first fragment of a ClientHello to the last. A partial one is then forgotten (S-03).
        static let clientHello = MediaSpan.seconds(5)
        /// First retransmission. RFC 6347, 4.2.4.1 advises one second and allows less: at 400 ms a lost flight costs a
        /// joining person less than half a second, and on a path slower than that only a few needless packets.
        static let firstTimeout = MediaSpan.milliseconds(400)
        /// Where doubling stops, so that a link that comes back is noticed.
        static let longestTimeout = MediaSpan.milliseconds(3_200)
        /// Datagrams waiting to be taken; the longest flight has three.
        static let queuedDatagrams = 32
        /// Received application data waiting to be taken; what comes beyond is lost, as on a network.
        static let queuedMessages = 64
        /// Fingerprints of one remote description that are compared.
        static let fingerprints = 8
    }

    enum RTCP {
        /// No compound we write is longer, so that with SRTCP's trailer it fits the path.
        static let compoundBytes = 1_200
        /// Blocks read of one compound packet. Browsers send up to about ten.
        static let packets = 64
        /// Packets reported by one transport-wide feedback: two seconds of 8 Mbit/s. A run-length chunk of two bytes can
        /// claim 8,191, so this bounds work per received byte (S-15).
        static let feedbackPackets = 2_048
        /// SSRCs or chunks read of one REMB or SDES; BYE's count has five bits.
        static let sources = 64
        /// Entries read of one FIR.
        static let firEntries = 64
        /// How far back a late packet may reopen what feedback already reported; arrivals are kept that long.
        static let feedbackHistory = 1_024
        /// Arrivals waiting to be reported; beyond it the oldest are forgotten. Half a second of 8,000 packets/s.
        static let feedbackArrivals = 4_096
    }

    /// What a peer that has passed DTLS may cost, and the timers of RFC 9260, 16 as they are set here.
    enum SCTP {
        /// One packet: `Limits.DTLS.datagramBytes` less the 37 bytes that a DTLS 1.2 AEAD record adds (RFC 5246 header
        /// 13, nonce 8, tag 16), rounded down to SCTP's words. A longer one would be refused by libssl and never leave.
        static let packetBytes = 1_160
        /// Chunks of one packet that are looked at. Browsers bundle a dozen; empty chunks of four bytes would be 500.
        static let chunksPerPacket = 64
        /// One message, sent or reassembled (S-27). LiveKit clients stay below 64,000 bytes.
        static let messageBytes = 65_536
        /// What is held of received data: unfinished messages, messages waiting for earlier ones, and events not yet
        /// taken. It is the window announced: 20 Mbit/s at 100 ms, and four of the longest messages.
        static let receiveBytes = 262_144
        /// Taken beyond the window announced: `heldOverheadBytes` of chunks that were already on their way. The sender
        /// does not count it, and a chunk refused inside the window costs it a timeout of a second (usrsctp).
        static let receiveSlackBytes = 65_536
        /// What is held to be sent, acknowledgement included. A receiver that lets it fill up is too slow for its
        /// meeting; `SCTPSendError.bufferFull` says so. Above `Data.roomBytes` there is room for what fourteen senders
        /// have under way when they are made to wait (`Data.unhandledBytes` each), or for a slow receiver to fall a
        /// quarter of a second behind a sender of 100 Mbit/s. More only delays the verdict on one who is too slow.
        static let sendBytes = 4_194_304
        /// Charged on top of the payload for everything held: its record and the heap's own header. Without it a peer
        /// could make us hold a quarter of a million one-byte messages.
        static let heldOverheadBytes = 128
        /// Streams that have state, per direction. Ids may be any: browsers count up to 1023 (libwebrtc) or 65534, and
        /// LiveKit uses three.
        static let streams = 1_024
        /// Announced in both directions: any stream id can be spoken about, `streams` bounds what is remembered.
        static let announcedStreams: UInt16 = 65_535
        /// Holes in the TSNs received. As many fit one SACK; a tenth lost of a full window makes 30.
        static let gapRanges = 256
        /// Duplicates reported by one SACK. They are advice only (RFC 9260, 3.3.4).
        static let reportedDuplicates = 16
        /// Control chunks waiting to be taken: answers to what one batch of packets asked.
        static let pendingChunks = 16
        /// Streams of one FORWARD-TSN or reset request that we write; as many fit a packet of ours.
        static let streamsPerChunk = 256
        /// Bytes of a state cookie that are sent back. libwebrtc's has 44, usrsctp's about 450.
        static let cookieBytes = 1_024

        // ---------------------------------------------------------------------------------- time

        /// RFC 9260 has 1 s. Half of that, as libwebrtc: the paths of meetings are shorter, and a join waits for it.
        static let firstTimeout = MediaSpan.milliseconds(500)
        /// Above twice `acknowledgementDelay`, so that a late SACK is not taken for a loss.
        static let shortestTimeout = MediaSpan.milliseconds(400)
        /// RFC 9260 has 60 s; after a blackhole of some seconds the data must flow again at once.
        static let longestTimeout = MediaSpan.seconds(3)
        /// RFC 9260, 6.2: below 500 ms.
        static let acknowledgementDelay = MediaSpan.milliseconds(100)
        /// Timeouts in a row after which the peer is given up: 40 s at the timeouts above. Longer than ICE's consent
        /// (30 s), which knows better whether the path is dead.
        static let retransmissions = 15
        /// Timeouts of INIT or COOKIE-ECHO: 20 s.
        static let handshakeRetransmissions = 8
        /// A HEARTBEAT after so much silence. It only finds a peer whose SCTP died under a living DTLS.
        static let heartbeatInterval = MediaSpan.seconds(30)

        // ---------------------------------------------------------------------------------- congestion

        /// RFC 9260 starts with about four packets; ten as TCP (RFC 6928) and libwebrtc, for the burst after a join.
        static let initialWindowPackets = 10
        /// On the way at most: 80 Mbit/s at 100 ms.
        static let windowBytes = 1_048_576
        /// Chunks on the way at most, so that a SACK with holes, which walks over them, stays cheap when they are tiny.
        /// Four times what `windowBytes` is in full packets.
        static let outstandingChunks = 4_096
        /// New packets per SACK (RFC 9260, Max.Burst), so that one which closes a long gap does not flood the path.
        static let burstPackets = 4
        /// What unused bursts may add up to when a batch of packets is handled at once.
        static let burstReservePackets = 32
        /// RFC 9260, 7.2.4.
        static let missesUntilRetransmission: UInt8 = 3

        // ---------------------------------------------------------------------------------- data channels

        /// Channels of one client. LiveKit uses three, and twice that while reconnecting.
        static let channels = 32
        /// A label and a protocol name each; they reach the rooms above.
        static let labelBytes = 128
    }

    /// Messages on their way from one client to others.
    enum Data {
        /// Of one sender, handed up and not yet passed on: what a meeting takes five milliseconds to route at
        /// 400 Mbit/s. More would let a dozen senders together overrun a receiver before they are told to wait.
        static let unhandledBytes = 262_144
        /// Lists of recipients that a sender waits for, each on its own. Messages to one list more do not make it wait;
        /// `SCTP.sendBytes` still bounds what they may pile up.
        static let awaitedLists = 64
        /// Held for a receiver that still has room for more: twice what its sender can have on the way, so that its line
        /// never runs dry. More is only delay: two seconds of 2 Mbit/s.
        static let roomBytes = 2 * SCTP.receiveBytes
        /// Lossy messages not sent yet, per channel: newer ones are dropped. Half a second of 1 Mbit/s, beyond which
        /// they are of no use.
        static let lossyBytes = 65_536
        /// Messages for channels that are not open yet: two of the longest.
        static let earlyBytes = 2 * (SCTP.messageBytes + SCTP.heldOverheadBytes)
    }
}
