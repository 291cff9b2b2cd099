// A participant of a LiveKit meeting, v1: it costs a participant one connection and one offer, as it does SDKs today;
// v0 would be two connections, and offers from the server.

import CLoad
import Foundation
import LiveKitProtocol
import MediaRelay
import NIOCore
import SwiftProtobuf

final class LiveKitParticipant: Participant {
    private var offerNumber: UInt32 = 0
    private var awaitsAnswer = false
    private var needsOffer = false
    private var offersAfterJoin = false

    /// A longer offer goes by message instead of in the URL, as browsers without compression do it. The server takes
    /// request lines of 32 KiB, proxies often less.
    private static let longestOfferInURL = 10_000

    // MARK: Joining

    override func request() throws -> (target: String, token: String, headers: [(String, String)]) {
        offerNumber = 0
        needsOffer = false
        for shape in plan.publishes { addSource(shape) }
        if case .automatic(let audio, let video) = plan.receives { addPlaces(audio: audio, video: video) }
        let token = try world.token.text(room: world.room, identity: name, now: Int(joinStarted / 1_000_000_000))
        return (try target(), token, [])
    }

    private func target() throws -> String {
        let offer = nextOffer()
        let isInURL = offer.sdp.utf8.count <= Self.longestOfferInURL
        offersAfterJoin = !isInURL
        awaitsAnswer = true
        let join = LiveKitJoinRequest.with {
            $0.clientInfo = .with {
                $0.sdk = .rust
                $0.version = "0.8.2"
                $0.protocol = 17
                $0.os = "hutong-load"
            }
            if case .automatic = plan.receives {
                $0.connectionSettings = .with { $0.autoSubscribe = true }
            } else {
                $0.connectionSettings = .with { $0.autoSubscribe = false }
            }
            $0.addTrackRequests = plan.publishes.map(announcement)
            if isInURL { $0.publisherOffer = offer }
        }
        let wrapped = try LiveKitWrappedJoinRequest.with { $0.joinRequest = try join.serializedData() }
        return "\(world.address.path)/rtc/v1?join_request=\(AccessToken.base64URL(try wrapped.serializedData()))"
    }

    private func nextOffer() -> LiveKitSessionDescription {
        offerNumber += 1
        let text = ClientOffer.text(
            sections, version: UInt64(offerNumber), ice: credentials, fingerprint: world.identity.fingerprint)
        return .with {
            $0.type = "offer"
            $0.sdp = text
            $0.id = offerNumber
        }
    }

    private func offer() {
        guard !awaitsAnswer else {
            needsOffer = true
            return
        }
        needsOffer = false
        awaitsAnswer = true
        send(.offer(nextOffer()))
    }

    private func send(_ message: LiveKitSignalRequest.OneOf_Message) {
        let request = LiveKitSignalRequest.with { $0.message = message }
        guard let bytes: [UInt8] = try? request.serializedBytes() else { return }
        send(bytes)
    }

    override func ping() { send(.pingReq(.with { $0.timestamp = Int64(cl_now_ns() / 1_000_000) })) }

    override func sayGoodbye() { send(.leave(.with { $0.reason = .clientInitiated })) }

    // MARK: What it wants

    override func choose(_ tracks: [TrackReference]) {
        let sids = tracks.compactMap { world.sids[$0] }
        guard !sids.isEmpty else { return }
        send(
            .subscription(
                .with {
                    $0.trackSids = sids
                    $0.subscribe = true
                }))
    }

    /// Announced first, offered when the server has given it a name.
    override func publish(_ shape: MediaShape) {
        addSource(shape)
        send(.addTrack(announcement(of: shape)))
        needsOffer = true
    }

    private func announcement(of shape: MediaShape) -> LiveKitAddTrackRequest {
        .with {
            $0.cid = shape.rawValue
            $0.name = shape.rawValue
            $0.type = shape.isVideo ? .video : .audio
            $0.source = shape == .screen1080 ? .screenShare : shape.isVideo ? .camera : .microphone
            $0.disableRed = true
        }
    }

    // MARK: What it is told

    /// Fields of SignalResponse that a participant needs. Lists of 300 people, which come often, are not even decoded.
    private enum Field {
        static let join: UInt64 = 1
        static let wanted: Set<UInt64> = [2, 6, 8, 25]
    }

    override func receive(_ bytes: ByteBuffer) {
        guard let field = Self.firstField(bytes.readableBytesView) else { return }
        if field == Field.join, offersAfterJoin {
            offersAfterJoin = false
            awaitsAnswer = false
            offer()
        }
        guard Field.wanted.contains(field),
            let response = try? LiveKitSignalResponse(serializedBytes: Array(bytes.readableBytesView))
        else { return }
        switch response.message {
        case .answer(let answer): apply(answer)
        case .trackPublished(let published):
            guard let shape = MediaShape(rawValue: published.cid) else { return }
            world.sids[TrackReference(participant: index, shape: shape)] = published.track.sid
            if needsOffer { offer() }
        case .mediaSectionsRequirement(let requirement):
            addPlaces(audio: Int(requirement.numAudios), video: Int(requirement.numVideos))
            offer()
        case .leave(let leave): fail("sent away by the server: \(leave.reason)")
        default: break
        }
    }

    /// The number of a message's first field: protobuf writes it as a variable-length integer over three bits of type.
    static func firstField(_ bytes: some Sequence<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        for byte in bytes.prefix(5) {
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value >> 3 }
            shift += 7
        }
        return nil
    }

    private func apply(_ answer: LiveKitSessionDescription) {
        guard answer.id == 0 || answer.id == offerNumber else { return }
        awaitsAnswer = false
        guard take(answer.sdp) != nil else { return }
        if needsOffer { offer() }
    }
}
