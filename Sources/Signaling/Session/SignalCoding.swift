// Signal messages to and from WebSocket messages, in both forms of the protocol: protobuf in binary messages, and the
// JSON of protobuf in text messages. A server answers in the form the client last used (livekit-wire.md, 2.1).

import Foundation
import LiveKitProtocol
import SwiftProtobuf

/// How messages look on one socket.
enum FrameForm: Sendable, Hashable { case binary, text }

enum SignalCodingError: Error, Equatable { case malformed }

enum SignalCoding {
    static var binaryOptions: BinaryDecodingOptions {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = Limits.messageDepth
        return options
    }

    /// Newer clients send members that we do not know; they are skipped, in JSON as in binary.
    private static var textOptions: JSONDecodingOptions {
        var options = JSONDecodingOptions()
        options.messageDepthLimit = Limits.messageDepth
        options.ignoreUnknownFields = true
        return options
    }

    /// A request whose `message` is nil is one that we do not know, and no error.
    static func decode(_ frame: SignalFrame) throws(SignalCodingError) -> LiveKitSignalRequest {
        do {
            switch frame {
            case .binary(let bytes):
                return try LiveKitSignalRequest(serializedBytes: bytes, options: binaryOptions)
            case .text(let text):
                return try LiveKitSignalRequest(jsonString: text, options: textOptions)
            }
        } catch {
            throw .malformed
        }
    }

    static func encode(_ response: LiveKitSignalResponse, as form: FrameForm) throws(SignalCodingError) -> SignalFrame {
        do {
            switch form {
            case .binary:
                let bytes: [UInt8] = try response.serializedBytes()
                return .binary(bytes)
            case .text:
                return .text(try response.jsonString())
            }
        } catch {
            throw .malformed
        }
    }
}

extension SignalFrame {
    var form: FrameForm {
        switch self {
        case .binary: .binary
        case .text: .text
        }
    }

    /// Payload bytes.
    var byteCount: Int {
        switch self {
        case .binary(let bytes): bytes.count
        case .text(let text): text.utf8.count
        }
    }
}
