// One real participant: v1 signaling over a WebSocket, ICE and DTLS, then media by the hot loop. v1 because it costs a
// participant one connection and one offer, as it does SDKs today; v0 would be two connections and server offers.

import CLoad
import Foundation
import LiveKitProtocol
import MediaRelay
import NIOCore
import SwiftProtobuf

/// What all participants of a run share.
final class LoadWorld {
    let load: OpaquePointer
    let identity: ClientConnection.Identity
    let eventLoop: any EventLoop
    let address: SignalAddress
    let token: AccessToken
    let room: String
    /// The server's names for what was published.
    var sids: [TrackReference: String] = [:]
    /// Brings a socket's events back to the participant with this index, unless it has another socket since.
    let deliver: @Sendable (_ index: Int, _ socket: Int, SignalEvent) -> Void

    init(
        load: OpaquePointer, identity: ClientConnection.Identity, eventLoop: any EventLoop, address: SignalAddress,
        token: AccessToken, room: String, deliver: @escaping @Sendable (Int, Int, SignalEvent) -> Void
    ) {
        self.load = load
        self.identity = identity
        self.eventLoop = eventLoop
        self.address = address
        self.token = token
        self.room = room
        self.deliver = deliver
    }

    var now: MediaTime { MediaTime(microseconds: cl_monotonic_us()) }
}

final class Participant {
    enum Stage: Equatable {
        case idle, joining, connected, left
        case failed(String)
    }

    let index: Int
    let plan: ParticipantPlan
    private(set) var stage = Stage.idle
    /// CLOCK_REALTIME in nanoseconds.
    private(set) var joinStarted: UInt64 = 0
    private(set) var joinMilliseconds: Double?
    private(set) var firstMediaMilliseconds: Double?
    /// Microseconds of the monotonic clock.
    private(set) var deadline = UInt64.max
    private(set) var endpoint = UInt32.max

    private let world: LoadWorld
    private var socketNumber = 0
    private var socket: SignalSocket?
    private var connection: ClientConnection?
    private var credentials = ICECredentials(usernameFragment: "", password: "")
    private var sections: [ClientSection] = []
    private var offerNumber: UInt32 = 0
    private var awaitsAnswer = false
    private var needsOffer = false
    private var offersAfterJoin = false
    private var lastPing: UInt64 = 0

    /// A longer offer goes by message instead of in the URL, as browsers without compression do it. The server takes
    /// request lines of 32 KiB, proxies often less.
    private static let longestOfferInURL = 10_000
    /// Told to clients in Join; all servers here say five.
    private static let pingMicroseconds: UInt64 = 5_000_000

    init(index: Int, plan: ParticipantPlan, world: LoadWorld) {
        self.index = index
        self.plan = plan
        self.world = world
    }

    private var name: String { "load-\(index)" }
    var expectsMedia: Bool { plan.receives != .nothing && plan.receives != .chosen([]) }

    // MARK: Coming and going

    func join() {
        guard stage == .idle || stage == .left else { return }
        stage = .joining
        joinStarted = cl_now_ns()
        joinMilliseconds = nil
        firstMediaMilliseconds = nil
        socketNumber += 1
        credentials = ICECredentials(usernameFragment: Self.text(8), password: Self.text(24))
        sections = []
        offerNumber = 0
        awaitsAnswer = false
        needsOffer = false
        for shape in plan.publishes { addSource(shape) }
        if case .automatic(let audio, let video) = plan.receives { addPlaces(audio: audio, video: video) }
        do {
            let token = try world.token.text(
                room: world.room, identity: name, now: Int(joinStarted / 1_000_000_000))
            let number = socketNumber
            let (deliver, index) = (world.deliver, index)
            SignalSocket.open(
                world.address, target: try target(), token: token, on: world.eventLoop
            ) { deliver(index, number, $0) }
        } catch {
            fail("\(error)")
        }
    }

    func leave() {
        guard stage == .joining || stage == .connected else { return }
        stage = .left
        send(.leave(.with { $0.reason = .clientInitiated }))
        end()
    }

    private func fail(_ reason: String) {
        guard stage == .joining || stage == .connected else { return }
        stage = .failed(reason)
        end()
    }

    private func end() {
        if var connection { carryOut(connection.close(now: world.now)) }
        connection = nil
        deadline = .max
        cl_endpoint_close(world.load, endpoint)
        endpoint = .max
        socket?.close()
        socket = nil
        // What it still says belongs to nobody.
        socketNumber += 1
    }

    private static func text(_ count: Int) -> String {
        let characters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/")
        return String((0..<count).map { _ in characters[Int.random(in: 0..<characters.count)] })
    }

    // MARK: What it wants

    /// Its own choice of what it gets. Tracks that nobody has published are left out.
    func choose(_ tracks: [TrackReference]) {
        let sids = tracks.compactMap { world.sids[$0] }
        guard !sids.isEmpty else { return }
        send(
            .subscription(
                .with {
                    $0.trackSids = sids
                    $0.subscribe = true
                }))
    }

    /// In a running meeting: announced first, offered when the server has given it a name.
    func publish(_ shape: MediaShape) {
        addSource(shape)
        send(.addTrack(request(for: shape)))
        needsOffer = true
    }

    private func addSource(_ shape: MediaShape) {
        sections.append(
            ClientSection(
                mid: String(sections.count), isVideo: shape.isVideo,
                content: .sends(shape, track: shape.rawValue, ssrc: UInt32.random(in: 1...UInt32.max))))
    }

    private func addPlaces(audio: Int, video: Int) {
        for isVideo in Array(repeating: false, count: audio) + Array(repeating: true, count: video) {
            sections.append(ClientSection(mid: String(sections.count), isVideo: isVideo, content: .place))
        }
    }

    private func request(for shape: MediaShape) -> LiveKitAddTrackRequest {
        .with {
            $0.cid = shape.rawValue
            $0.name = shape.rawValue
            $0.type = shape.isVideo ? .video : .audio
            $0.source = shape == .screen1080 ? .screenShare : shape.isVideo ? .camera : .microphone
            $0.disableRed = true
        }
    }

    // MARK: Signaling

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
            $0.addTrackRequests = plan.publishes.map(request)
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
        guard let socket, let bytes: [UInt8] = try? request.serializedBytes() else { return }
        socket.send(bytes)
    }

    /// - Parameter number: of the socket it came from.
    func handle(_ event: SignalEvent, socket number: Int) {
        guard number == socketNumber else {
            if case .opened(let late) = event { late.close() }
            return
        }
        switch event {
        case .opened(let socket): self.socket = socket
        case .closed(let reason):
            socket = nil
            fail(reason)
        case .message(let bytes): receive(bytes)
        }
    }

    /// Fields of SignalResponse that a participant needs. Lists of 300 people, which come often, are not even decoded.
    private enum Field {
        static let join: UInt64 = 1
        static let wanted: Set<UInt64> = [2, 6, 8, 25]
    }

    private func receive(_ bytes: ByteBuffer) {
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
        guard let description = try? SessionDescription(parsing: answer.sdp) else {
            return fail("an answer that is no session description")
        }
        if connection == nil {
            guard let server = description.server else { return fail("an answer without credentials or UDP address") }
            guard connect(server.parameters, server.address) else { return }
        }
        cl_endpoint_set_extensions(world.load, endpoint, description.headerExtensions)
        for stream in description.announcedStreams {
            _ = cl_stream_expect(world.load, endpoint, stream.ssrc, false, stream.isVideo)
            if let ssrc = stream.retransmissionSSRC {
                _ = cl_stream_expect(world.load, endpoint, ssrc, true, stream.isVideo)
            }
        }
        for index in sections.indices where !sections[index].isSending {
            guard case .sends(let shape, _, let ssrc) = sections[index].content,
                let payloadType = description.acceptedPayloadType(mid: sections[index].mid)
            else { continue }
            var source = shape.source(ssrc: ssrc, mid: sections[index].mid, payloadType: payloadType)
            sections[index].isSending = cl_source_add(world.load, endpoint, &source)
        }
        if needsOffer { offer() }
    }

    // MARK: Connection

    private func connect(_ parameters: RemoteTransportParameters, _ server: MediaRelay.SocketAddress) -> Bool {
        var address = cr_address()
        withUnsafeMutableBytes(of: &address.ip) { $0.copyBytes(from: server.ip) }
        address.port = server.port
        var error: Int32 = 0
        endpoint = cl_endpoint_open(world.load, &address, plan.isNewcomer ? 1 : 0, &error)
        guard endpoint != UInt32.max else {
            fail("no socket: \(String(cString: strerror(error)))")
            return false
        }
        connection = ClientConnection(
            identity: world.identity, local: credentials, server: server, remote: parameters, now: world.now)
        handleTimeout()
        return true
    }

    func receive(_ datagram: [UInt8]) {
        guard let actions = connection?.receive(datagram, now: world.now) else { return }
        carryOut(actions)
    }

    /// To be called when `deadline` is past.
    func handleTimeout() {
        let now = world.now
        if let actions = connection?.handleTimeout(now: now) { carryOut(actions) }
        if stage == .connected, now.microseconds >= lastPing + Self.pingMicroseconds {
            lastPing = now.microseconds
            send(.pingReq(.with { $0.timestamp = Int64(cl_now_ns() / 1_000_000) }))
        }
        updateDeadline()
    }

    private func updateDeadline() {
        guard let connection else { return }
        deadline = connection.nextDeadline.microseconds
        if stage == .connected { deadline = min(deadline, lastPing + Self.pingMicroseconds) }
    }

    private func carryOut(_ actions: [ClientConnection.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes): cl_endpoint_send(world.load, endpoint, bytes, bytes.count)
            case .connected(let profile, let sendKey, let receiveKey):
                guard
                    cl_endpoint_set_keys(
                        world.load, endpoint, profile.packetCoreValue, receiveKey, sendKey, sendKey.count)
                else { return fail("SRTP refused the keys") }
                stage = .connected
                joinMilliseconds = Self.milliseconds(from: joinStarted, to: cl_now_ns())
                // Not all in step.
                lastPing = world.now.microseconds - UInt64.random(in: 0..<Self.pingMicroseconds)
            case .ended(let reason): return fail(reason)
            }
        }
        updateDeadline()
    }

    /// Looks whether its first picture or sound has come. True once.
    func noticeFirstMedia() -> Bool {
        guard firstMediaMilliseconds == nil, expectsMedia, stage == .connected else { return false }
        let time = cl_endpoint_first_media_ns(world.load, endpoint)
        guard time > 0 else { return false }
        firstMediaMilliseconds = Self.milliseconds(from: joinStarted, to: time)
        return true
    }

    private static func milliseconds(from start: UInt64, to end: UInt64) -> Double {
        end > start ? Double(end - start) / 1e6 : 0
    }
}

extension SRTPProfile {
    /// The registered number (RFC 5764, 4.1.2; RFC 7714, 14.2).
    fileprivate var packetCoreValue: cr_srtp_profile {
        switch self {
        case .aes128CMSHA1: CR_SRTP_AES128_CM_SHA1_80
        case .aeadAES128GCM: CR_SRTP_AEAD_AES_128_GCM
        case .aeadAES256GCM: CR_SRTP_AEAD_AES_256_GCM
        }
    }
}
