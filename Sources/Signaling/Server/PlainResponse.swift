// A short plain text answer that ends the connection, for the places where no router stands yet.

import NIOCore
import NIOHTTP1

enum PlainResponse {
    static func parts(status: HTTPResponseStatus, text: String) -> [HTTPServerResponsePart] {
        let body = ByteBuffer(string: text)
        var headers = CrossOrigin.headers
        headers.add(name: "Connection", value: "close")
        headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        headers.add(name: "Content-Length", value: String(body.readableBytes))
        headers.add(name: "X-Content-Type-Options", value: "nosniff")
        if status == .badRequest { headers.add(name: "Sec-WebSocket-Version", value: "13") }
        return [
            .head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)),
            .body(.byteBuffer(body)),
            .end(nil),
        ]
    }

    /// Returns when the bytes are with the kernel.
    static func write(_ refusal: SignalRefusal, to channel: any Channel) async throws {
        let parts = parts(status: HTTPResponseStatus(statusCode: refusal.status), text: refusal.reason)
        for part in parts.dropLast() { channel.write(part, promise: nil) }
        try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
    }
}
