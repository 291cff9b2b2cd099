// Which signaling endpoint a URL means, and what the request says. Pure: text in, values out.

import HTTPTypes

/// The signaling paths of livekit-wire.md 1.1. Empty segments are ignored: SDKs given `ws://host/` ask for `//rtc`.
enum SignalRoute: Equatable {
    case socket(SignalRequest.Version)
    case validate(SignalRequest.Version)

    init?(path: Substring) {
        switch path.split(separator: "/").map(String.init) {
        case ["rtc"]: self = .socket(.v0)
        case ["rtc", "v1"]: self = .socket(.v1)
        case ["rtc", "validate"]: self = .validate(.v0)
        case ["rtc", "v1", "validate"]: self = .validate(.v1)
        default: return nil
        }
    }
}

/// A request target split at its question mark. The query holds tokens: it is never logged.
struct RequestTarget {
    let path: Substring
    let query: Substring

    init(_ uri: String) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts.first ?? ""
        query = parts.count > 1 ? parts[1] : ""
    }

    /// Items in their order, decoded as `application/x-www-form-urlencoded` (a plus is a space, broken escapes stay as
    /// they are, broken UTF-8 becomes U+FFFD).
    var queryItems: [(name: String, value: String)] {
        query.split(separator: "&").map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decode(parts.first ?? ""), Self.decode(parts.count > 1 ? parts[1] : ""))
        }
    }

    static func decode(_ text: Substring, plusIsSpace: Bool = true) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+") where plusIsSpace:
                bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2)
                if digits.count == 2, let high = hexValue(digits.first), let low = hexValue(digits.last) {
                    bytes.append(high << 4 | low)
                    rest = rest.dropFirst(2)
                } else {
                    bytes.append(byte)
                }
            default:
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexValue(_ digit: UInt8?) -> UInt8? {
        switch digit {
        case .some(let digit) where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit): digit - UInt8(ascii: "0")
        case .some(let digit) where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(digit):
            digit - UInt8(ascii: "a") + 10
        case .some(let digit) where (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit):
            digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension SignalRequest {
    /// The token leaves the query, so that nothing that prints the query can print it.
    init(version: Version, uri: String, authorization: String?, remoteAddress: String) {
        var items = RequestTarget(uri).queryItems
        let inQuery = items.first { $0.name == "access_token" }?.value
        items.removeAll { $0.name == "access_token" }
        let token = authorization.flatMap(Self.bearerToken) ?? inQuery
        self.init(
            version: version, query: items, token: token.flatMap { $0.isEmpty ? nil : $0 },
            remoteAddress: remoteAddress)
    }

    /// RFC 6750, 2.1; the scheme's case does not matter (RFC 9110, 11.1).
    static func bearerToken(_ authorization: String) -> String? {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1].drop { $0 == " " })
    }
}
