// One real participant, whatever its server speaks: a WebSocket for signaling, then ICE and DTLS, then media by the hot
// loop. What is said on the WebSocket is in LiveKitParticipant and JanusParticipant.

import CLoad
import Foundation
import MediaRelay
import NIOCore
import NIOWebSocket

/// What all participants of a run share.
final class LoadWorld {
    let load: OpaquePointer
    let identity: ClientConnection.Identity
    let eventLoop: any EventLoop
    let address: SignalAddress
    let token: AccessToken
    let room: String
    /// Real media; what is not there is synthetic.
    var loops: [MediaShape: UInt32] = [:]
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

class Participant {
    enum Stage: Equatable {
        case idle, joining, connected, left
        case failed(String)
    }

    let index: Int
    let plan: ParticipantPlan
    let world: LoadWorld
    private(set) var stage = Stage.idle
    /// CLOCK_REALTIME in nanoseconds.
    private(set) var joinStarted: UInt64 = 0
    private(set) var joinMilliseconds: Double?
    private(set) var firstMediaMilliseconds: Double?
    /// Microseconds of the monotonic clock.
    private(set) var deadline = UInt64.max
    private(set) var endpoint = UInt32.max
    /// Of its socket, if the server is on this machine.
    private(set) var localAddress: MediaRelay.SocketAddress?
    private(set) var credentials = ICECredentials(usernameFragment: "", password: "")
    var sections: [ClientSection] = []

    private var socketNumber = 0
    private var socket: SignalSocket?
    private var connection: ClientConnection?
    private var lastPing: UInt64 = 0

    /// Told to LiveKit's clients in Join; all servers here say five, and it is often enough for any.
    private static let pingMicroseconds: UInt64 = 5_000_000

    init(index: Int, plan: ParticipantPlan, world: LoadWorld) {
        self.index = index
        self.plan = plan
        self.world = world
    }

    var name: String { "load-\(index)" }
    var expectsMedia: Bool { plan.receives != .nothing && plan.receives != .chosen([]) }
    var isConnected: Bool { connection != nil }

    // MARK: What a dialect says

    var role: ClientConnection.Role { .checking }

    /// What the WebSocket is asked for, and with what beside it; called when everything is new.
    func request() throws -> (target: String, token: String, headers: [(String, String)]) {
        (world.address.path, "", [])
    }
    /// The WebSocket stands, or will in a moment: what is written waits for it.
    func socketOpened() {}
    func receive(_ message: ByteBuffer) {}
    func ping() {}
    func sayGoodbye() {}
    /// Its own choice of what it gets. Tracks that nobody has published are left out.
    func choose(_ tracks: [TrackReference]) {}
    /// In a running meeting.
    func publish(_ shape: MediaShape) {}

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
        do {
            let (target, token, headers) = try request()
            let (deliver, index, number) = (world.deliver, index, socketNumber)
            SignalSocket.open(
                world.address, target: target, token: token, headers: headers, on: world.eventLoop
            ) { deliver(index, number, $0) }
        } catch {
            fail("\(error)")
        }
    }

    func leave() {
        guard stage == .joining || stage == .connected else { return }
        stage = .left
        sayGoodbye()
        end()
    }

    func fail(_ reason: String) {
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

    // MARK: The socket

    func send(_ bytes: [UInt8], isText: Bool = false) { socket?.send(bytes, opcode: isText ? .text : .binary) }

    /// - Parameter number: of the socket it came from.
    func handle(_ event: SignalEvent, socket number: Int) {
        guard number == socketNumber else {
            if case .opened(let late) = event { late.close() }
            return
        }
        switch event {
        case .opened(let socket): self.socket = socket
        case .upgraded: socketOpened()
        case .closed(let reason):
            socket = nil
            fail(reason)
        case .message(let bytes): receive(bytes)
        }
    }

    // MARK: Sections

    func addSource(_ shape: MediaShape) {
        sections.append(
            ClientSection(
                mid: String(sections.count), isVideo: shape.isVideo,
                content: .sends(shape, track: shape.rawValue, ssrc: UInt32.random(in: 1...UInt32.max))))
    }

    func addPlaces(audio: Int, video: Int) {
        for isVideo in Array(repeating: false, count: audio) + Array(repeating: true, count: video) {
            sections.append(ClientSection(mid: String(sections.count), isVideo: isVideo, content: .place))
        }
    }

    /// Takes up what the server says about itself, about what it sends and what it takes. Nil: the participant has failed.
    func take(_ text: String) -> SessionDescription? {
        guard let description = try? SessionDescription(parsing: text) else {
            fail("a session description that cannot be read")
            return nil
        }
        if connection == nil {
            guard let server = description.server else {
                fail("a session description without credentials or UDP address")
                return nil
            }
            guard connect(server.parameters, server.address) else { return nil }
        }
        cl_endpoint_set_extensions(world.load, endpoint, description.headerExtensions)
        for stream in description.announcedStreams {
            _ = cl_stream_expect(
                world.load, endpoint, stream.ssrc, stream.isVideo, stream.retransmissionSSRC ?? 0)
        }
        for index in sections.indices where !sections[index].isSending {
            guard case .sends(let shape, _, let ssrc) = sections[index].content,
                let payloadType = description.acceptedPayloadType(mid: sections[index].mid)
            else { continue }
            var source = shape.source(
                ssrc: ssrc, mid: sections[index].mid, payloadType: payloadType, loop: world.loops[shape] ?? 0)
            sections[index].isSending = cl_source_add(world.load, endpoint, &source)
        }
        return description
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
            identity: world.identity, role: role, local: credentials, server: server, remote: parameters,
            now: world.now)
        handleTimeout()
        localAddress = MediaRelay.SocketAddress(ip: server.ip, port: cl_endpoint_port(world.load, endpoint))
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
            ping()
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
