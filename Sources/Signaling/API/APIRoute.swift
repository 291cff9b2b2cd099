// A route of /api/v1 as one value: what the router serves and what the OpenAPI document says come from it, so that they
// cannot differ.

import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

struct APIRoute: Sendable {
    typealias Handler = @Sendable (Request, EdgeContext) async throws -> Response

    /// What a caller must bring.
    enum Access: Sendable, Equatable {
        case open
        /// A session's cookie. What rights beside is in `rights`.
        case session
        /// A join token, or one of an API key.
        case token
    }

    struct Field: Sendable {
        enum Kind: String, Sendable {
            case string, integer, boolean, strings, integers, object, objects
        }
        var name: String
        var kind: Kind
        var isRequired: Bool

        init(_ name: String, _ kind: Kind = .string, required: Bool = false) {
            self.name = name
            self.kind = kind
            isRequired = required
        }
    }

    enum Body: Sendable {
        case none
        case json([Field])
        /// A JSON object that is described elsewhere.
        case object
        case file
    }

    var method: HTTPRequest.Method
    /// `/api/v1/members/{account}`.
    var path: String
    /// Stable, for generated clients.
    var operation: String
    var summary: String
    var access: Access
    /// For people: which administrative right it asks for; empty for none.
    var rights = ""
    var query: [Field] = []
    var body = Body.none
    /// The status when all goes well.
    var status = HTTPResponse.Status.ok
    /// Takes an `Idempotency-Key`.
    var isRepeatable = false
    /// Asks for `If-Match`.
    var isConditional = false
    var handler: Handler

    /// The names in braces.
    var pathParameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    func add(to router: Router<EdgeContext>) {
        let path = path.split(separator: "/").map { $0.hasPrefix("{") ? ":" + $0.dropFirst().dropLast() : String($0) }
        router.on(RouterPath(path.joined(separator: "/")), method: method) { request, context in
            try await handler(request, context)
        }
    }
}

/// All of them.
struct APITable: Sendable {
    let routes: [APIRoute]

    /// With the route of the document itself.
    init(_ routes: [APIRoute]) {
        var all = routes
        var document = APIRoute(
            method: .get, path: "/api/v1/openapi.json", operation: "getDescription", summary: "This document.",
            access: .open, handler: { _, _ in throw Problem(.notFound) })
        all.append(document)
        let text = OpenAPI.document(of: all)
        document.handler = { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-cache"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: text)))
        }
        self.routes = routes + [document]
    }

    func add(to router: Router<EdgeContext>) {
        for route in routes { route.add(to: router) }
    }
}
