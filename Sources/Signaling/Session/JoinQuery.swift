// The query of `/rtc`: what a client says about itself and wants (livekit-wire.md, 1.4). Unknown parameters are
// skipped.

import Foundation
import LiveKitProtocol
import SwiftProtobuf

struct JoinQuery {
    let client: LiveKitClientInfo
    let settings: JoinSettings
    /// Joined to the token's.
    let attributes: [String: String]

    /// Bytes of a free text about the client's system; it is not shown to others.
    private static let textBytes = 256

    init(_ request: SignalRequest) throws(SignalRefusal) {
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
    }

    func newcomer(_ claims: AccessClaims) throws(SignalRefusal) -> Newcomer {
        // Its own attributes are for those whose token lets them change them.
        let own = Rights(claims.video).canUpdateOwnMetadata ? attributes : [:]
        let all = claims.attributes.merging(own) { _, new in new }
        guard claims.metadata.utf8.count <= Limits.metadataBytes,
            all.reduce(0, { $0 + $1.key.utf8.count + $1.value.utf8.count }) <= Limits.attributesBytes
        else { throw .nameTooLong }
        return Newcomer(claims: claims, settings: settings, client: client, attributes: own)
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

extension SignalRequest {
    /// The client wants to go on with an earlier session.
    var isReconnect: Bool { self["reconnect"] == "1" || self["reconnect"] == "true" }
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
