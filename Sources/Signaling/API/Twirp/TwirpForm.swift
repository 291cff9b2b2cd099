// The two forms of a Twirp body: protobuf, and the JSON of protobuf. A reply has the form of its request.

import Foundation
import SwiftProtobuf

enum TwirpForm: Sendable, Equatable {
    case protobuf
    case json

    /// Parameters, such as a charset, are ignored.
    init?(contentType: String?) {
        let type = contentType?.split(separator: ";").first.map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
        switch type {
        case "application/protobuf": self = .protobuf
        case "application/json": self = .json
        default: return nil
        }
    }

    var contentType: String {
        switch self {
        case .protobuf: "application/protobuf"
        case .json: "application/json"
        }
    }

    /// Fields that are unknown here are skipped in both forms; JSON may name a field in either of protobuf's two ways.
    func decode<Request: Message>(_ bytes: [UInt8]) throws(TwirpError) -> Request {
        do {
            switch self {
            case .protobuf:
                var options = BinaryDecodingOptions()
                options.messageDepthLimit = Limits.messageDepth
                return try Request(serializedBytes: bytes, options: options)
            case .json:
                var options = JSONDecodingOptions()
                options.messageDepthLimit = Limits.messageDepth
                options.ignoreUnknownFields = true
                return try Request(jsonUTF8Bytes: bytes, options: options)
            }
        } catch {
            throw TwirpError(.malformed, "the body is no \(Request.protoMessageName) in \(contentType)")
        }
    }

    /// JSON has the field names of the .proto files, as Twirp's own servers write them.
    func encode(_ response: some Message) throws(TwirpError) -> [UInt8] {
        do {
            switch self {
            case .protobuf: return try response.serializedBytes()
            case .json:
                var options = JSONEncodingOptions()
                options.preserveProtoFieldNames = true
                return try response.jsonUTF8Bytes(options: options)
            }
        } catch {
            throw TwirpError(.internalError, "the answer cannot be written")
        }
    }
}
