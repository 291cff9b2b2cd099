// What the relay counts, as plain values for /metrics. Counters grow from the start of the process; gauges say so.

public struct RelayStatistics: Sendable, Equatable {
    public var workers: [WorkerStatistics]

    public init(workers: [WorkerStatistics] = []) { self.workers = workers }
}

public struct WorkerStatistics: Sendable, Equatable {
    public var worker: WorkerIndex
    public var port: UInt16 = 0

    public var packetsIn: UInt64 = 0
    public var bytesIn: UInt64 = 0
    public var packetsOut: UInt64 = 0
    public var bytesOut: UInt64 = 0
    /// Media packets queued to subscribers, retransmissions excluded.
    public var forwards: UInt64 = 0
    public var retransmissions: UInt64 = 0
    /// Asked for, but no longer kept, or over the subscriber's budget.
    public var retransmissionsMissed: UInt64 = 0
    /// Gaps seen in what publishers sent, and those filled later.
    public var packetsLost: UInt64 = 0
    public var packetsRecovered: UInt64 = 0
    public var stunIn: UInt64 = 0
    public var dtlsIn: UInt64 = 0
    public var rtcpIn: UInt64 = 0
    /// Packets handed to other workers, and taken from them.
    public var packetsHandedOut: UInt64 = 0
    public var packetsHandedIn: UInt64 = 0
    /// Every reason in a fixed order, zeros included.
    public var drops: [ReasonCount] = []
    /// SRTP and SRTCP packets refused by authentication or replay protection; also in `drops`.
    public var srtpFailures: UInt64 = 0

    /// Gauge.
    public var transports: [TransportStage: Int] = [:]
    public var transportFailures: [TransportFailure: UInt64] = [:]
    /// Gauge: in use now.
    public var srtpProfiles: [SRTPProfile: Int] = [:]
    /// What encrypts the AEAD profiles on this machine.
    public var srtpCipher = ""
    /// Gauges. Mirrors have streams too.
    public var publications = 0
    public var streams = 0
    public var subscriptions = 0
    /// Gauge: publications of other workers that somebody on this one gets.
    public var mirrors = 0
    /// Gauges: buffers of the packet pool in use, and bytes that the packet core's objects hold.
    public var packetsInUse = 0
    public var allocatedBytes: UInt64 = 0

    public var feedback = FeedbackStatistics()
    public var data = DataStatistics()
    /// STUN datagrams that were malformed, for nobody here, or failed authentication.
    public var refusedStun: UInt64 = 0
    /// Commands on names that are not open, twice open, or beyond a limit.
    public var refusedCommands: UInt64 = 0
    public var loop = LoopStatistics()

    public init(worker: WorkerIndex) { self.worker = worker }
}

public struct ReasonCount: Sendable, Equatable {
    /// The packet core's name for it, lower case with hyphens or underscores.
    public var reason: String
    public var count: UInt64

    public init(reason: String, count: UInt64) {
        self.reason = reason
        self.count = count
    }
}

/// Where in its life a transport is.
public enum TransportStage: String, Sendable, Equatable, CaseIterable {
    /// No valid ICE check yet.
    case new
    /// ICE is connected, DTLS is not.
    case connecting
    case connected
    /// Consent was lost.
    case disconnected
    /// Failed or closed by the other side; waits for its owner to close it.
    case ended
}

/// RTCP, both directions.
public struct FeedbackStatistics: Sendable, Equatable {
    /// Packets reported missing by subscribers, and asked of publishers.
    public var nacksIn: UInt64 = 0
    public var nacksOut: UInt64 = 0
    /// PLI and FIR of subscribers, and PLI to publishers.
    public var keyframeRequestsIn: UInt64 = 0
    public var keyframeRequestsOut: UInt64 = 0
    /// Sender and receiver reports.
    public var reportsIn: UInt64 = 0
    public var reportsOut: UInt64 = 0
    public var transportFeedbackIn: UInt64 = 0
    public var transportFeedbackOut: UInt64 = 0
    public var goodbyesIn: UInt64 = 0
    /// Compound packets with a part that does not parse, and packets of unknown type.
    public var malformedIn: UInt64 = 0
    public var unknownIn: UInt64 = 0

    public init() {}
}

/// Why a message was not sent to one of its recipients.
public enum DataLoss: String, Sendable, Equatable, CaseIterable {
    /// Lossy, and too much of it waits already.
    case congested
    /// Pushed out by later ones before the client had a channel of that name.
    case noChannel = "no-channel"
    /// Reliable, and the client takes it up too slowly.
    case overflow
    /// The client's data channels are closed.
    case closed
}

/// Messages of data channels. A message counts as sent once for each recipient.
public struct DataStatistics: Sendable, Equatable {
    public var messagesIn: UInt64 = 0
    public var messagesOut: UInt64 = 0
    public var bytesIn: UInt64 = 0
    public var bytesOut: UInt64 = 0
    public var losses: [DataLoss: UInt64] = [:]
    /// Clients reported for taking up reliable data too slowly.
    public var overflows: UInt64 = 0
    /// Gauge: bytes handed up and not yet passed on, or sent and not yet acknowledged.
    public var heldBytes = 0

    public init() {}

    mutating func noteReceived(_ message: DataMessage) {
        messagesIn &+= 1
        bytesIn &+= UInt64(message.bytes.count)
    }

    mutating func noteSent(_ message: DataMessage) {
        messagesOut &+= 1
        bytesOut &+= UInt64(message.bytes.count)
    }
}

/// Datagrams that crossed between socket and kernel as one message of several (UDP segmentation and receive offload).
public struct JoinedDatagrams: Sendable, Equatable {
    public var messages: UInt64 = 0
    public var datagrams: UInt64 = 0

    public init(messages: UInt64 = 0, datagrams: UInt64 = 0) {
        self.messages = messages
        self.datagrams = datagrams
    }
}

public struct LoopStatistics: Sendable, Equatable {
    /// Upper bounds of the first nine buckets of `busyHistogram` in microseconds; the tenth is the rest.
    public static let upperBounds: [UInt64] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000]

    public var turns: UInt64 = 0
    public var wakes: UInt64 = 0
    public var receiveCalls: UInt64 = 0
    public var sendCalls: UInt64 = 0
    public var busyMicroseconds: UInt64 = 0
    /// Datagrams lost in the kernel because the socket's buffer was full.
    public var kernelDrops: UInt64 = 0
    public var sentTogether = JoinedDatagrams()
    public var receivedTogether = JoinedDatagrams()
    /// Messages that the kernel did not cut into their datagrams; these were sent one by one.
    public var segmentationRefusals: UInt64 = 0
    /// Turns by their busy time, waiting excluded.
    public var busyHistogram: [UInt64] = Array(repeating: 0, count: upperBounds.count + 1)
    public var tcp = TCPStatistics()

    public init() {}

    init(
        turns: UInt64, wakes: UInt64, receiveCalls: UInt64, sendCalls: UInt64, busyMicroseconds: UInt64,
        kernelDrops: UInt64, busyHistogram: [UInt64], tcp: TCPStatistics
    ) {
        self.turns = turns
        self.wakes = wakes
        self.receiveCalls = receiveCalls
        self.sendCalls = sendCalls
        self.busyMicroseconds = busyMicroseconds
        self.kernelDrops = kernelDrops
        self.busyHistogram = busyHistogram
        self.tcp = tcp
    }
}

/// Connections over which clients send datagrams that their network does not let through as UDP.
public struct TCPStatistics: Sendable, Equatable {
    /// Gauge: open now.
    public var connections = 0
    /// Gauge: datagrams that wait for slow readers.
    public var queuedPackets = 0
    public var accepted: UInt64 = 0
    /// Every reason in a fixed order, zeros included.
    public var ends: [ReasonCount] = []

    public init() {}
}
