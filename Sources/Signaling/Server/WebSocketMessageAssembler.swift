// RFC 6455 from the server's side, without a socket: one frame in, what it means out. Checks what the codec below
// leaves open (masks, reserved bits, fragments, UTF-8, close codes) and joins fragments.

import NIOCore
import NIOWebSocket

struct WebSocketMessageAssembler {
    enum Outcome: Equatable {
        /// A fragment was kept, or the frame needs no answer.
        case nothing
        case message(SignalFrame)
        case ping(ByteBuffer)
        /// The client says goodbye; the code is what to answer with.
        case close(UInt16)
        /// The client broke a rule: close with this code (RFC 6455, 7.4.1).
        case violation(UInt16, String)
    }

    private enum Kind { case text, binary }

    private let limits: EdgeLimits
    private var kind: Kind?
    private var fragments = 0
    private var buffered = ByteBuffer()

    init(limits: EdgeLimits) { self.limits = limits }

    mutating func receive(_ frame: WebSocketFrame) -> Outcome {
        // 5.1: a client that does not mask could make a proxy cache what we echo.
        guard frame.maskKey != nil else { return violation(.protocolError, "frame is not masked") }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return violation(.protocolError, "reserved bit set") }
        let payload = frame.unmaskedData
        switch frame.opcode {
        case .text: return begin(.text, payload, isFinal: frame.fin)
        case .binary: return begin(.binary, payload, isFinal: frame.fin)
        case .continuation: return append(payload, isFinal: frame.fin)
        case .ping: return .ping(payload)
        case .pong: return .nothing
        case .connectionClose: return close(payload)
        default: return violation(.protocolError, "unknown opcode")
        }
    }

    private mutating func begin(_ kind: Kind, _ payload: ByteBuffer, isFinal: Bool) -> Outcome {
        guard self.kind == nil else { return violation(.protocolError, "message begins inside another") }
        self.kind = kind
        return append(payload, isFinal: isFinal)
    }

    private mutating func append(_ payload: ByteBuffer, isFinal: Bool) -> Outcome {
        guard let kind else { return violation(.protocolError, "continuation of nothing") }
        fragments += 1
        guard fragments <= limits.messageFragments else { return violation(.messageTooLarge, "too many fragments") }
        guard buffered.readableBytes + payload.readableBytes <= limits.messageBytes else {
            return violation(.messageTooLarge, "message too large")
        }
        if fragments == 1 {
            buffered = payload
        } else {
            buffered.writeImmutableBuffer(payload)
        }
        guard isFinal else { return .nothing }
        let message = buffered
        forget()
        switch kind {
        case .binary:
            return .message(.binary(Array(message.readableBytesView)))
        case .text:
            // 8.1: text that is not UTF-8 fails the connection.
            guard let text = String(validating: message.readableBytesView, as: UTF8.self) else {
                return violation(.dataInconsistentWithMessage, "text is not UTF-8")
            }
            return .message(.text(text))
        }
    }

    private mutating func close(_ payload: ByteBuffer) -> Outcome {
        forget()
        var payload = payload
        if payload.readableBytes == 0 { return .close(UInt16(webSocketErrorCode: .normalClosure)) }
        guard let code = payload.readInteger(as: UInt16.self), Self.mayBeSent(code) else {
            return violation(.protocolError, "invalid close code")
        }
        guard String(validating: payload.readableBytesView, as: UTF8.self) != nil else {
            return violation(.dataInconsistentWithMessage, "close reason is not UTF-8")
        }
        return .close(code)
    }

    private mutating func violation(_ code: WebSocketErrorCode, _ reason: String) -> Outcome {
        forget()
        return .violation(UInt16(webSocketErrorCode: code), reason)
    }

    private mutating func forget() {
        kind = nil
        fragments = 0
        buffered = ByteBuffer()
    }

    /// 7.4.1 and the IANA registry: 1004, 1005, 1006 and 1015 never travel; below 1000 and 1016 to 2999 are not ours.
    private static func mayBeSent(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
