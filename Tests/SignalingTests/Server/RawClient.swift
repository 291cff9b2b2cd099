// A client that sends exactly the bytes a test wants, well formed or not, over a real TCP connection.

import NIOCore
import NIOPosix
import Testing

/// Bytes in, bytes out; every read has a deadline.
final class RawClient {
    struct Response {
        var status: Int
        /// Names in lower case.
        var headers: [String: String]
        var body: String
    }

    struct Frame: Equatable {
        var opcode: UInt8
        var payload: [UInt8]
        var text: String { String(decoding: payload, as: UTF8.self) }
        /// Of a close frame.
        var closeCode: UInt16? {
            payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : nil
        }
    }

    struct TimedOut: Error {}

    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let channel: any Channel
    private var received = ByteBuffer()

    private init(
        _ channel: any Channel, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.channel = channel
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    static func connect(
        _ port: Int, receiveBuffer: Int? = nil, deadline: Duration = .seconds(10),
        _ body: (RawClient) async throws -> Void
    ) async throws {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        let channel = try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        // One deadline for the whole conversation: a hang becomes a closed channel and a failed read.
        let rawChannel = channel.channel
        let timer = rawChannel.eventLoop.scheduleTask(in: TimeAmount(deadline)) { rawChannel.close(promise: nil) }
        defer { timer.cancel() }
        var failure: (any Error)?
        // Closing a channel that the other side closed already is no failure of the test.
        try? await channel.executeThenClose { inbound, outbound in
            do {
                try await body(RawClient(rawChannel, inbound, outbound))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }
    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }
    /// Stops taking bytes from the kernel.
    func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }

    /// False at the end of the stream.
    private func readMore() async -> Bool {
        guard var bytes = (try? await inbound.next()) ?? nil else { return false }
        received.writeBuffer(&bytes)
        return true
    }

    /// Reads and discards until the server closes.
    func readToEnd() async {
        while await readMore() { received.clear() }
    }

    // MARK: HTTP

    func get(
        _ target: String, method: String = "GET", headers: [String] = []
    ) async throws -> Response {
        try await send("\(method) \(target) HTTP/1.1\r\nHost: test\r\n" + headers.map { $0 + "\r\n" }.joined() + "\r\n")
        return try await response(hasBody: method != "HEAD")
    }

    /// Sends a GET whose answer must have this status.
    func expect(
        _ status: Int, _ target: String, headers: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let response = try await get(target, headers: headers)
        #expect(response.status == status, sourceLocation: sourceLocation)
    }

    func response(hasBody: Bool = true) async throws -> Response {
        while true {
            let text = String(buffer: received)
            if let end = text.firstRange(of: "\r\n\r\n") {
                let lines = text[..<end.lowerBound].split(separator: "\r\n")
                let status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
                }
                let headBytes = text[..<end.upperBound].utf8.count
                let length = hasBody ? Int(headers["content-length"] ?? "0") ?? 0 : 0
                if received.readableBytes >= headBytes + length {
                    received.moveReaderIndex(forwardBy: headBytes)
                    let body = received.readString(length: length) ?? ""
                    return Response(status: status, headers: headers, body: body)
                }
            }
            guard await readMore() else { throw TimedOut() }
        }
    }

    // MARK: WebSocket

    static let handshake = [
        "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    func upgrade(_ target: String, headers: [String] = []) async throws -> Response {
        try await get(target, headers: Self.handshake + headers)
    }

    /// Upgrades, which must succeed.
    func open(_ target: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let response = try await upgrade(target)
        try #require(response.status == 101, sourceLocation: sourceLocation)
    }

    func frame(
        _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true, reserved: UInt8 = 0
    ) async throws {
        try await send(Self.encode(opcode, payload, isFinal: isFinal, isMasked: isMasked, reserved: reserved))
    }

    func text(_ text: String) async throws { try await frame(1, Array(text.utf8)) }

    static func encode(
        _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true, reserved: UInt8 = 0
    ) -> [UInt8] {
        var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | reserved | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126:
            bytes.append(mask | UInt8(payload.count))
        case ..<65536:
            bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
        default:
            bytes.append(mask | 127)
            bytes += (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        }
        let key: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        if isMasked { bytes += key }
        bytes += payload.enumerated().map { isMasked ? $1 ^ key[$0 % 4] : $1 }
        return bytes
    }

    /// The next frame, or nil when the server closed the connection first.
    func nextFrame() async -> Frame? {
        while true {
            if let frame = parseFrame() { return frame }
            guard await readMore() else { return nil }
        }
    }

    /// The next frame that is not a ping.
    func nextMessage() async -> Frame? {
        while let frame = await nextFrame() {
            if frame.opcode != 9 { return frame }
        }
        return nil
    }

    private func parseFrame() -> Frame? {
        var copy = received
        guard let first = copy.readInteger(as: UInt8.self), let second = copy.readInteger(as: UInt8.self) else {
            return nil
        }
        var length = Int(second & 0x7f)
        if length == 126 {
            guard let long = copy.readInteger(as: UInt16.self) else { return nil }
            length = Int(long)
        } else if length == 127 {
            guard let long = copy.readInteger(as: UInt64.self) else { return nil }
            length = Int(long)
        }
        guard let payload = copy.readBytes(length: length) else { return nil }
        received = copy
        return Frame(opcode: first & 0x0f, payload: payload)
    }
}
