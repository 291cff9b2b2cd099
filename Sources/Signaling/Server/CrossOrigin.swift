// CORS (Fetch standard, 3.2): any origin, because the token and not the origin is what lets a client in. Answers of the
// routes that read a cookie are for our own pages only, and say so.

import HTTPTypes
import NIOHTTP1

enum CrossOrigin {
    /// On every response, errors included: without it a browser SDK cannot read the status of a refused join and
    /// reports "server unreachable" instead. `Authorization` is named because `*` does not cover it.
    static let fields: [(name: String, value: String)] = [
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", "OPTIONS, HEAD, GET, POST, PATCH, DELETE"),
        ("Access-Control-Allow-Headers", "*, Authorization"),
        ("Access-Control-Max-Age", "86400"),
    ]

    /// On answers to whoever is signed in by cookie; the fields above are left away then.
    static let ownSiteOnly = (name: "Cross-Origin-Resource-Policy", value: "same-origin")

    static let headers = HTTPHeaders(fields.map { ($0.name, $0.value) })

    static func add(to target: inout HTTPFields) {
        if let name = HTTPField.Name(ownSiteOnly.name), target[name] == ownSiteOnly.value { return }
        for (name, value) in fields { target.set(name, value) }
    }
}

extension HTTPFields {
    /// For fields that HTTPTypes has no constant for.
    mutating func set(_ name: String, _ value: String) {
        guard let name = HTTPField.Name(name) else { return }
        self[name] = value
    }
}
