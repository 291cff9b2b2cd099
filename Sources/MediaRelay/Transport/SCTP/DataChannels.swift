// The data channels of one client (RFC 8831, 8832): a table of streams over an SCTPAssociation. It opens and closes
// them and says whose message is whose; who gets a copy of a message is decided above.

enum DataChannelEvent: Equatable, Sendable {
    /// The association stands.
    case connected
    /// The peer opened one; it can be sent on at once.
    case opened(UInt16)
    case message(channel: UInt16, isText: Bool, bytes: [UInt8])
    /// Either side closed it, and its id is free again.
    case closed(UInt16)
    /// The last event: all channels are gone.
    case failed(SCTPFailure)
    /// The last event: shut down by either side.
    case ended
}

enum DataChannelError: Error, Equatable, Sendable {
    case noChannel
    /// More than `Limits.SCTP.channels`, or a label longer than `Limits.SCTP.labelBytes`.
    case limit
    case send(SCTPSendError)
}

/// Not Sendable, like the association it owns. After each call that takes `now`: `takeEvent` as long as the owner has room,
/// `takeOutgoing`, then `nextDeadline`.
final class DataChannels {
    struct Channel: Equatable, Sendable {
        enum State: Equatable, Sendable {
            /// Our OPEN is not acknowledged yet. What is sent meanwhile must be ordered, so that it arrives behind it.
            case opening
            case open
            /// At least one direction was reset.
            case closing
        }

        let id: UInt16
        let description: DataChannelOpen
        fileprivate(set) var state: State
        fileprivate var isIncomingReset = false
        fileprivate var isOutgoingReset = false

        var label: String { description.label }
    }

    let association: SCTPAssociation
    private(set) var channels: [UInt16: Channel] = [:]
    /// RFC 8832, 6: the DTLS client opens even streams, the server odd ones, so that they never open the same.
    private let firstID: UInt16
    private var events = FIFO<DataChannelEvent>()
    /// Messages for channels that do not exist, of unknown kinds, or broken OPENs.
    private(set) var refusedMessages: UInt64 = 0

    init(
        configuration: SCTPAssociation.Configuration = .init(), isDTLSClient: Bool,
        using generator: inout some RandomNumberGenerator
    ) {
        association = SCTPAssociation(configuration: configuration, using: &generator)
        firstID = isDTLSClient ? 0 : 1
    }

    // MARK: Input

    /// When DTLS is connected.
    func start(now: MediaTime) { association.start(now: now) }

    /// Decrypted application data.
    func receive(_ packet: [UInt8], now: MediaTime) { association.receive(packet, now: now) }

    func handleTimeout(now: MediaTime) { association.handleTimeout(now: now) }

    /// The new channel's id. It may be sent on at once.
    func open(_ description: DataChannelOpen, now: MediaTime) throws(DataChannelError) -> UInt16 {
        guard channels.count < Limits.SCTP.channels, description.label.utf8.count <= Limits.SCTP.labelBytes,
            description.protocolName.utf8.count <= Limits.SCTP.labelBytes,
            let id = stride(from: firstID, to: Limits.SCTP.announcedStreams, by: 2).first(where: { channels[$0] == nil }
            )
        else { throw .limit }
        do {
            try association.send(description.encoded, stream: id, ppid: DataChannelPayload.control, now: now)
        } catch {
            throw .send(error)
        }
        channels[id] = Channel(id: id, description: description, state: .opening)
        return id
    }

    /// `bufferFull` means that the client takes up less than it is sent: on a lossy channel the message is dropped, on
    /// a reliable one the client has to go.
    func send(_ message: [UInt8], isText: Bool = false, on id: UInt16, now: MediaTime) throws(DataChannelError) {
        guard let channel = channels[id], channel.state != .closing else { throw .noChannel }
        let ppid =
            if message.isEmpty {
                isText ? DataChannelPayload.emptyText : DataChannelPayload.emptyBinary
            } else {
                isText ? DataChannelPayload.text : DataChannelPayload.binary
            }
        do {
            try association.send(
                message.isEmpty ? [0] : message, stream: id, ppid: ppid,
                isOrdered: channel.description.isOrdered || channel.state == .opening,
                reliability: channel.description.reliability, now: now)
        } catch {
            throw .send(error)
        }
    }

    /// Once what was sent has left. `closed` follows.
    func close(_ id: UInt16, now: MediaTime) {
        guard let channel = channels[id], channel.state != .closing else { return }
        channels[id]?.state = .closing
        association.resetStreams([id], now: now)
    }

    /// Ends all channels at once.
    func abort(now: MediaTime) { association.abort(now: now) }

    // MARK: Output

    /// The one to send on; of several with that label the first.
    func channel(labelled label: String) -> Channel? {
        channels.values.lazy.filter { $0.state != .closing && $0.label == label }.min { $0.id < $1.id }
    }

    /// The next one. What is not taken waits in the association, so that its receive window closes.
    func takeEvent() -> DataChannelEvent? {
        while events.isEmpty {
            guard let event = association.takeEvent() else { return nil }
            follow(event, now: association.now)
        }
        return events.popFirst()
    }

    func takeOutgoing() -> [[UInt8]] { association.takeOutgoing() }
    var nextDeadline: MediaTime { association.nextDeadline }

    // MARK: Inside

    private func follow(_ event: SCTPEvent, now: MediaTime) {
        switch event {
        case .established: events.append(.connected)
        case .message(let stream, let ppid, let bytes): receive(bytes, ppid, on: stream, now: now)
        case .incomingReset(let streams):
            for id in streams.isEmpty ? channels.keys.sorted() : streams { receiveReset(id, now: now) }
        case .outgoingReset(let streams, let isPerformed): finishReset(of: streams, isPerformed: isPerformed)
        case .aborted(let failure):
            channels = [:]
            events.append(.failed(failure))
        case .closed:
            channels = [:]
            events.append(.ended)
        }
    }

    private func receive(_ bytes: [UInt8], _ ppid: UInt32, on id: UInt16, now: MediaTime) {
        if ppid == DataChannelPayload.control {
            receiveControl(bytes, on: id, now: now)
            return
        }
        guard let channel = channels[id], !channel.isIncomingReset else {
            refusedMessages &+= 1
            return
        }
        // Whoever sends on our channel has seen our OPEN.
        if channel.state == .opening { channels[id]?.state = .open }
        switch ppid {
        case DataChannelPayload.text: events.append(.message(channel: id, isText: true, bytes: bytes))
        case DataChannelPayload.binary: events.append(.message(channel: id, isText: false, bytes: bytes))
        case DataChannelPayload.emptyText: events.append(.message(channel: id, isText: true, bytes: []))
        case DataChannelPayload.emptyBinary: events.append(.message(channel: id, isText: false, bytes: []))
        default: refusedMessages &+= 1
        }
    }

    private func receiveControl(_ bytes: [UInt8], on id: UInt16, now: MediaTime) {
        if bytes == DataChannelOpen.ack {
            if channels[id]?.state == .opening { channels[id]?.state = .open }
            return
        }
        if channels[id]?.isIncomingReset == true {
            finishReset(of: association.confirmReset(of: id), isPerformed: true)
        }
        guard channels[id] == nil else {
            // One that exists cannot be opened again; the first description stands.
            refusedMessages &+= 1
            return
        }
        guard channels.count < Limits.SCTP.channels, let description = DataChannelOpen(parsing: bytes) else {
            // RFC 8832, 6: refused by resetting the stream.
            refusedMessages &+= 1
            association.resetStreams([id], now: now)
            return
        }
        do {
            try association.send(DataChannelOpen.ack, stream: id, ppid: DataChannelPayload.control, now: now)
        } catch {
            // Our direction of the stream is still being reset, or nothing more can be sent: the peer has to try again.
            refusedMessages &+= 1
            association.resetStreams([id], now: now)
            return
        }
        channels[id] = Channel(id: id, description: description, state: .open)
        events.append(.opened(id))
    }

    /// RFC 8831, 6.7: the peer has closed its direction, so we close ours.
    private func receiveReset(_ id: UInt16, now: MediaTime) {
        guard let channel = channels[id] else { return }
        channels[id]?.isIncomingReset = true
        if channel.state != .closing {
            channels[id]?.state = .closing
            association.resetStreams([id], now: now)
        }
        finishClosing(id)
    }

    private func finishReset(of streams: [UInt16], isPerformed: Bool) {
        for id in streams where channels[id] != nil {
            channels[id]?.isOutgoingReset = true
            // A peer that cannot reset will not reset its direction either.
            if !isPerformed { channels[id]?.isIncomingReset = true }
            finishClosing(id)
        }
    }

    private func finishClosing(_ id: UInt16) {
        guard let channel = channels[id], channel.isIncomingReset, channel.isOutgoingReset else { return }
        channels[id] = nil
        events.append(.closed(id))
    }
}
