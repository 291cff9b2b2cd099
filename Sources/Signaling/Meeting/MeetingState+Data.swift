// Packets of the data channels: who may send, who gets them, and what those get who were away for a moment. A packet is
// stamped with its sender and encoded once for all; what it says is between the clients (livekit-wire.md, 3.11).
//
//   Event.data ─▶ may it? ─▶ stamp ─▶ sendData to everybody it is for ─▶ dataHandled        the relay carries the bytes

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

/// The two channels that carry packets. They say how a packet travels; its own `kind` does not, one SDK has it inverted.
enum DataChannel: String, Sendable, CaseIterable {
    case reliable = "_reliable"
    case lossy = "_lossy"

    var kind: LiveKitDataPacket.Kind {
        switch self {
        case .reliable: .reliable
        case .lossy: .lossy
        }
    }

    init(_ kind: LiveKitDataPacket.Kind) { self = kind == .lossy ? .lossy : .reliable }

    /// As we open it where the client does not.
    var parameters: DataChannelParameters {
        switch self {
        case .reliable: DataChannelParameters(label: rawValue)
        case .lossy: DataChannelParameters(label: rawValue, isOrdered: false, maximumRetransmissions: 0)
        }
    }
}

/// Why a packet goes to nobody.
enum DataPacketDrop: String, Error, Sendable, Equatable, CaseIterable {
    /// A channel that is not ours: data tracks are not spoken.
    case channel
    case malformed
    case tooLarge = "too-large"
    /// The sender may not send data, or not this kind.
    case notAllowed = "not-allowed"
    /// Sent again after a resume, and here already.
    case duplicate
}

extension MeetingState {
    /// The client of a connection that we offer waits for our channels; elsewhere it opens its own.
    mutating func openDataChannels(on transport: TransportID) {
        for channel in DataChannel.allCases { command(.openDataChannel(transport, channel.parameters)) }
    }

    // MARK: From a client

    mutating func receiveData(_ message: DataMessage, on transport: TransportID) {
        // The relay forgets a connection's credit with the connection.
        guard let id = publisherTransports[transport] ?? subscriberTransports[transport] else { return }
        var recipients: [TransportID] = []
        do {
            recipients = try route(message, from: id)
        } catch {
            emit(.dropped(error))
        }
        command(.dataHandled(transport, recipients: recipients))
    }

    private mutating func route(_ message: DataMessage, from id: ParticipantID) throws(DataPacketDrop) -> [TransportID]
    {
        guard let channel = DataChannel(rawValue: message.channel) else { throw .channel }
        let (packet, addressees) = try accept(message.bytes, on: channel, from: id)
        if takeAnswer(packet, from: id) { return [] }
        let bytes = try Self.encode(packet)
        if channel == .reliable {
            lastDataOrder &+= 1
            let kept = DataHistory.Packet(
                sequence: packet.sequence, sentAt: now.uptime, order: lastDataOrder, addressees: addressees,
                bytes: bytes)
            participants[id]?.data.append(kept, now: now.uptime)
        }
        return sendData(bytes, on: channel, to: addressees, except: id)
    }

    /// The packet with its sender's names, if it may be sent and did not come before. On its own, because a copy of the
    /// sender that is still held when a packet is added to its history makes that addition copy the history.
    private mutating func accept(
        _ bytes: [UInt8], on channel: DataChannel, from id: ParticipantID
    ) throws(DataPacketDrop) -> (LiveKitDataPacket, DataAddressees) {
        guard let sender = participants[id], sender.granted.canPublishData, !sender.standing.isWaiting else {
            throw .notAllowed
        }
        var packet = try Self.decode(bytes)
        var addressees = try Self.addressees(of: packet, from: sender)
        addressees.identities.formUnion(packet.destinationIdentities)
        guard sender.rights.canPublishData || isPrivate(addressees) else { throw .notAllowed }
        if channel == .reliable, participants[id]?.data.accept(packet.sequence) == false { throw .duplicate }
        packet.stamp(channel, sender)
        return (packet, addressees)
    }

    /// Figures, and words to the hosts alone: a concern can be raised also where public chat is off.
    private func isPrivate(_ addressees: DataAddressees) -> Bool {
        if addressees.areMetricsReaders { return true }
        let named = addressees.identities.count + addressees.sids.count
        let hosts = hosts.compactMap { participants[$0] }
        return named > 0 && addressees.identities.isSubset(of: hosts.map(\.identity))
            && addressees.sids.isSubset(of: hosts.map(\.sid))
    }

    private static func decode(_ bytes: [UInt8]) throws(DataPacketDrop) -> LiveKitDataPacket {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = Limits.messageDepth
        guard let packet = try? LiveKitDataPacket(serializedBytes: bytes, options: options) else { throw .malformed }
        return packet
    }

    private static func encode(_ packet: LiveKitDataPacket) throws(DataPacketDrop) -> [UInt8] {
        guard let bytes: [UInt8] = try? packet.serializedBytes() else { throw .malformed }
        guard bytes.count <= Limits.dataPacketBytes else { throw .tooLarge }
        return bytes
    }

    /// Whom the packet's content names, or restricts it to.
    private static func addressees(
        of packet: LiveKitDataPacket, from sender: Participant
    ) throws(DataPacketDrop) -> DataAddressees {
        var addressees = DataAddressees()
        switch packet.value {
        case .user(let user):
            // Where clients named them before the packet itself had a place for it.
            addressees.identities.formUnion(user.destinationIdentities)
            addressees.sids.formUnion(user.destinationSids)
        case .metrics: addressees.areMetricsReaders = true
        case .transcription:
            // What somebody is said to have said.
            guard sender.rights.isAgent || sender.info.kind == .agent else { throw .notAllowed }
        case .speaker:
            // Who speaks is for the server to say.
            throw .notAllowed
        case nil:
            // Content newer than this server passes as it is; a packet without any is none.
            guard packet.unknownFields != UnknownStorage() else { throw .malformed }
        default: break
        }
        return addressees
    }

    // MARK: To clients

    /// - Returns: the connections it was sent to.
    @discardableResult
    private mutating func sendData(
        _ bytes: [UInt8], on channel: DataChannel, to addressees: DataAddressees, except sender: ParticipantID?
    ) -> [TransportID] {
        let recipients = roster.compactMap { id -> TransportID? in
            guard id != sender, let participant = participants[id], participant.isActive,
                !participant.standing.isWaiting, addressees.include(participant)
            else { return nil }
            return participant.primaryTransport
        }
        if !recipients.isEmpty {
            command(.sendData(recipients, DataMessage(channel: channel.rawValue, bytes: bytes)))
        }
        return recipients
    }

    /// A packet of the server's own.
    mutating func sendData(
        _ packet: LiveKitDataPacket, on channel: DataChannel, to addressees: DataAddressees
    ) throws(DataPacketDrop) {
        let bytes = try Self.encode(packet)
        sendData(bytes, on: channel, to: addressees, except: nil)
    }

    // MARK: For those who were away

    /// The last reliable packet that arrived from a client: it sends the later ones again when it resumes.
    func lastDataSequence(of id: ParticipantID) -> UInt32 { participants[id]?.data.lastSequence ?? 0 }

    /// Sends again the reliable packets that a client may have missed since it joined. It drops those it has, by their
    /// sequence.
    /// - Parameter received: by the sender's sid, the last sequence the client says to have.
    mutating func replayData(to id: ParticipantID, after received: [String: UInt32] = [:]) {
        guard let recipient = participants[id], !recipient.standing.isWaiting,
            let transport = recipient.primaryTransport
        else { return }
        let since = max(recipient.joinedAt.uptime, recipient.standing.admittedAt)
        var missed: [DataHistory.Packet] = []
        for other in roster where other != id {
            guard let sender = participants[other] else { continue }
            missed += sender.data
                .packets(after: received[sender.sid] ?? 0, since: since, now: now.uptime)
                .filter { $0.addressees.include(recipient) }
        }
        for packet in missed.sorted(by: { $0.order < $1.order }) {
            command(.sendData([transport], DataMessage(channel: DataChannel.reliable.rawValue, bytes: packet.bytes)))
        }
    }
}

extension LiveKitDataPacket {
    /// Says who sent it and how, whatever it said itself. A hidden participant has a sid, which receivers count its
    /// packets by, and no name.
    fileprivate mutating func stamp(_ channel: DataChannel, _ sender: Participant) {
        let isHidden = sender.rights.isHidden
        kind = channel.kind
        participantSid = sender.sid
        participantIdentity = isHidden ? "" : sender.identity
        if case .user(var user) = value {
            user.participantSid = isHidden ? "" : sender.sid
            user.participantIdentity = participantIdentity
            value = .user(user)
        }
    }
}
