// The data side of one transport: messages by the label of their channel over `DataChannels`, which come into being with
// the first packet or channel. Encryption is `Transport`'s, who gets which message is decided above.

struct TransportData {
    enum Event: Equatable {
        case message(DataMessage)
        /// The client no longer acknowledges anything.
        case silence
    }

    private let isDTLSClient: Bool
    private var channels: DataChannels?
    private(set) var isConnected = false
    /// Nothing comes or goes any more.
    private(set) var isOver = false
    /// To be opened as soon as DTLS is connected.
    private var wanted: [DataChannelParameters] = []
    /// For channels that are not open yet; a client that never opens them costs no more than this.
    private var early = FIFO<DataMessage>()
    private var earlyBytes = 0

    init(isDTLSClient: Bool) { self.isDTLSClient = isDTLSClient }

    // MARK: Life

    /// DTLS is.
    mutating func connect(
        _ now: MediaTime, _ statistics: inout DataStatistics, random: inout some RandomNumberGenerator
    ) {
        guard !isConnected, !isOver else { return }
        isConnected = true
        let wanted = self.wanted
        self.wanted = []
        for parameters in wanted { _ = open(parameters, now, &statistics, random: &random) }
    }

    /// Frees everything.
    mutating func end() {
        self = TransportData(isDTLSClient: isDTLSClient)
        isOver = true
    }

    // MARK: Input

    /// A decrypted datagram.
    mutating func receive(_ packet: [UInt8], _ now: MediaTime, random: inout some RandomNumberGenerator) {
        guard isConnected, !isOver else { return }
        channels(random: &random).receive(packet, now: now)
    }

    mutating func handleTimeout(_ now: MediaTime) { channels?.handleTimeout(now: now) }

    /// Does nothing when a channel of that label is there. False: too many, or it is over.
    mutating func open(
        _ parameters: DataChannelParameters, _ now: MediaTime, _ statistics: inout DataStatistics,
        random: inout some RandomNumberGenerator
    ) -> Bool {
        guard !isOver, parameters.label.utf8.count <= Limits.SCTP.labelBytes else { return false }
        guard isConnected else {
            if wanted.contains(where: { $0.label == parameters.label }) { return true }
            guard wanted.count < Limits.SCTP.channels else { return false }
            wanted.append(parameters)
            return true
        }
        let channels = channels(random: &random)
        if channels.channel(labelled: parameters.label) != nil { return true }
        channels.start(now: now)
        guard let id = try? channels.open(DataChannelOpen(parameters), now: now) else { return false }
        sendEarly(on: id, now, &statistics)
        return true
    }

    /// False: a reliable message for which there is no room. Everything else that is not sent is kept or counted.
    mutating func send(_ message: DataMessage, _ now: MediaTime, _ statistics: inout DataStatistics) -> Bool {
        guard !isOver else {
            statistics.losses[.closed, default: 0] &+= 1
            return true
        }
        guard let channels, let channel = channels.channel(labelled: message.channel) else {
            keep(message, &statistics)
            return true
        }
        let isLossy = channel.description.reliability != .reliable
        if isLossy, channels.association.waitingBytes(on: channel.id) >= Limits.Data.lossyBytes {
            statistics.losses[.congested, default: 0] &+= 1
            return true
        }
        do {
            try channels.send(message.bytes, on: channel.id, now: now)
            statistics.noteSent(message)
        } catch .send(.bufferFull) {
            if !isLossy { return false }
            statistics.losses[.congested, default: 0] &+= 1
        } catch {
            // The client's end of it is closing, and it may have opened none anew.
            statistics.losses[.closed, default: 0] &+= 1
        }
        return true
    }

    // MARK: Output

    /// The next message of the client. One that is not taken makes its sender wait.
    mutating func takeEvent(_ now: MediaTime, _ statistics: inout DataStatistics) -> Event? {
        while let event = channels?.takeEvent() {
            switch event {
            case .connected, .closed: break
            case .opened(let id): sendEarly(on: id, now, &statistics)
            case .message(let id, _, let bytes):
                guard let label = channels?.channels[id]?.label else { continue }
                return .message(DataMessage(channel: label, bytes: bytes))
            case .failed(let failure):
                end()
                return failure == .timeout ? .silence : nil
            case .ended: end()
            }
        }
        return nil
    }

    mutating func takeOutgoing() -> [[UInt8]] { channels?.takeOutgoing() ?? [] }

    var nextDeadline: MediaTime { channels?.nextDeadline ?? .never }

    /// What waits for a channel or for the client's acknowledgement.
    var heldBytes: Int { earlyBytes &+ sendingBytes }

    /// What waits for the client's acknowledgement.
    var sendingBytes: Int { channels?.association.heldToSend ?? 0 }

    // MARK: Inside

    private mutating func channels(random: inout some RandomNumberGenerator) -> DataChannels {
        if let channels { return channels }
        let made = DataChannels(isDTLSClient: isDTLSClient, using: &random)
        channels = made
        return made
    }

    private mutating func keep(_ message: DataMessage, _ statistics: inout DataStatistics) {
        early.append(message)
        earlyBytes &+= message.heldBytes
        while earlyBytes > Limits.Data.earlyBytes, let oldest = early.popFirst() {
            earlyBytes &-= oldest.heldBytes
            statistics.losses[.noChannel, default: 0] &+= 1
        }
    }

    /// They are fewer than fit the empty buffer of a new channel.
    private mutating func sendEarly(on id: UInt16, _ now: MediaTime, _ statistics: inout DataStatistics) {
        guard let channels, let label = channels.channels[id]?.label else { return }
        var others = FIFO<DataMessage>()
        while let message = early.popFirst() {
            guard message.channel == label else {
                others.append(message)
                continue
            }
            earlyBytes &-= message.heldBytes
            if (try? channels.send(message.bytes, on: id, now: now)) == nil {
                statistics.losses[.closed, default: 0] &+= 1
            } else {
                statistics.noteSent(message)
            }
        }
        early = others
    }
}

extension DataMessage {
    /// In memory.
    var heldBytes: Int { bytes.count &+ Limits.SCTP.heldOverheadBytes }
}

extension DataChannelOpen {
    fileprivate init(_ parameters: DataChannelParameters) {
        self.init(
            label: parameters.label, isOrdered: parameters.isOrdered,
            reliability: parameters.maximumRetransmissions.map { .retransmissions(Int(clamping: $0)) } ?? .reliable)
    }
}
