// What a client says about itself and wants when it connects: the parameters of `/rtc` (livekit-wire.md, 1.4), or the one
// parameter of `/rtc/v1` in which everything is (1.5). Unknown parameters are skipped.

import Foundation
import LiveKitProtocol
import SwiftProtobuf

/// A client that lost its socket and wants to go on where it was.
struct Resumption: Sendable, Equatable {
    /// The participant that it was.
    var sid: String
    var reason: LiveKitReconnectReason
}

struct JoinQuery {
    let client: LiveKitClientInfo
    let settings: JoinSettings
    /// Joined to the token's, by those whose token lets them.
    let attributes: [String: String]
    let metadata: String
    let tracks: [LiveKitAddTrackRequest]
    let offer: LiveKitSessionDescription?
    /// Nil for a new session.
    let resumption: Resumption?

    /// Bytes of a free text about the client's system; it is not shown to others.
    private static let textBytes = 256

    init(_ request: SignalRequest) throws(SignalRefusal) {
        // A client may use it on `/rtc` too, and means v1 by it.
        if let parameter = request["join_request"] {
            try self.init(JoinRequestParameter.decode(parameter))
        } else if request.version == .v1 {
            throw .malformedJoinRequest
        } else {
            try self.init(parameters: request)
        }
    }

    init(_ request: LiveKitJoinRequest) throws(SignalRefusal) {
        guard request.clientInfo.protocol >= Limits.oldestProtocol else { throw .protocolTooOld }
        guard request.addTrackRequests.count <= Limits.pendingTracks else { throw .malformedJoinRequest }
        client = request.clientInfo
        settings = JoinSettings(
            version: .v1,
            autoSubscribe: !request.hasConnectionSettings || request.connectionSettings.autoSubscribe)
        attributes = request.participantAttributes
        metadata = request.metadata
        tracks = request.addTrackRequests
        offer = request.hasPublisherOffer && !request.publisherOffer.sdp.isEmpty ? request.publisherOffer : nil
        resumption = request.reconnect ? Resumption(sid: request.participantSid, reason: request.reconnectReason) : nil
    }

    private init(parameters request: SignalRequest) throws(SignalRefusal) {
        func text(_ name: String) -> String { String((request[name] ?? "").prefix(Self.textBytes)) }
        func number(_ name: String) throws(SignalRefusal) -> Int32 {
            guard let value = request[name], !value.isEmpty else { return 0 }
            guard let number = Int32(value) else { throw .malformedQuery }
            return number
        }
        let protocolNumber = try number("protocol")
        guard protocolNumber >= Limits.oldestProtocol else { throw .protocolTooOld }
        let clientProtocol = try number("client_protocol")
        client = .with {
            $0.sdk = LiveKitClientInfo.SDK(query: text("sdk"))
            $0.version = text("version")
            $0.protocol = protocolNumber
            $0.clientProtocol = clientProtocol
            $0.os = text("os")
            $0.osVersion = text("os_version")
            $0.deviceModel = text("device_model")
            $0.browser = text("browser")
            $0.browserVersion = text("browser_version")
            $0.network = text("network")
            $0.capabilities = text("capabilities").split(separator: ",").compactMap {
                LiveKitClientInfo.Capability(query: $0)
            }
        }
        var settings = JoinSettings()
        settings.autoSubscribe = Self.flag(request["auto_subscribe"]) ?? true
        self.settings = settings
        attributes = try Self.attributes(request["attributes"])
        metadata = ""
        tracks = []
        offer = nil
        let reason = LiveKitReconnectReason(rawValue: Int(try number("reconnect_reason")))
        resumption =
            Self.flag(request["reconnect"]) == true
            ? Resumption(sid: text("sid"), reason: reason ?? .rrUnknown) : nil
    }

    func newcomer(_ claims: AccessClaims) throws(SignalRefusal) -> Newcomer {
        let isOwnAllowed = Rights(claims.video).canUpdateOwnMetadata
        let ownAttributes = isOwnAllowed ? attributes : [:]
        let ownMetadata = isOwnAllowed ? metadata : ""
        let all = claims.attributes.merging(ownAttributes) { _, new in new }
        guard max(claims.metadata.utf8.count, ownMetadata.utf8.count) <= Limits.metadataBytes,
            all.reduce(0, { $0 + $1.key.utf8.count + $1.value.utf8.count }) <= Limits.attributesBytes
        else { throw .nameTooLong }
        return Newcomer(
            claims: claims, settings: settings, client: client, attributes: ownAttributes, metadata: ownMetadata,
            tracks: tracks, offer: offer)
    }

    private static func flag(_ value: String?) -> Bool? {
        switch value {
        case "1", "true": true
        case "0", "false": false
        default: nil
        }
    }

    /// A JSON object of texts in base64url.
    private static func attributes(_ value: String?) throws(SignalRefusal) -> [String: String] {
        guard let value, !value.isEmpty else { return [:] }
        guard value.utf8.count <= Limits.attributesBytes, let bytes = Base64URL.decode(value),
            let attributes = try? JSONDecoder().decode([String: String].self, from: Data(bytes))
        else { throw .malformedQuery }
        return attributes
    }
}

extension LiveKitClientInfo.SDK {
    init(query: String) {
        switch query.lowercased() {
        case "js": self = .js
        case "swift": self = .swift
        case "android": self = .android
        case "flutter": self = .flutter
        case "go": self = .go
        case "unity": self = .unity
        case "reactnative": self = .reactNative
        case "rust": self = .rust
        case "python": self = .python
        case "cpp": self = .cpp
        case "unityweb": self = .unityWeb
        case "node": self = .node
        case "unreal": self = .unreal
        case "esp32": self = .esp32
        case "dotnet": self = .dotnet
        default: self = .unknown
        }
    }
}

extension LiveKitClientInfo.Capability {
    init?(query: Substring) {
        switch query {
        case "CAP_PACKET_TRAILER": self = .capPacketTrailer
        case "CAP_COMPRESSION_DEFLATE_RAW": self = .capCompressionDeflateRaw
        default: return nil
        }
    }
}
