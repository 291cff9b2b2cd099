// The OpenAPI 3.1 document of a table of routes.

import Foundation
import HTTPTypes

enum OpenAPI {
    static func document(of routes: [APIRoute]) -> [UInt8] {
        var paths: [String: JSONValue] = [:]
        for route in routes {
            let methods: JSONValue = .object([route.method.rawValue.lowercased(): operation(route)])
            paths[route.path] = paths[route.path]?.merged(methods) ?? methods
        }
        let document: JSONValue = [
            "openapi": "3.1.0",
            "info": [
                "title": "Hutong", "version": "1",
                "description":
                    "docs/server-api.md says what the routes are for. Errors are RFC 9457 problems with a stable code and texts in Chinese and English.",
            ],
            "paths": .object(paths),
            "components": [
                "securitySchemes": [
                    "session": ["type": "apiKey", "in": "cookie", "name": .string(SessionCookie.name)],
                    "token": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"],
                ],
                "schemas": ["Problem": problem],
                "responses": [
                    "Problem": [
                        "description": "What is wrong.",
                        "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
                    ]
                ],
            ],
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(document)).map { [UInt8]($0) } ?? []
    }

    private static let problem: JSONValue = [
        "type": "object", "required": ["title", "status"],
        "properties": [
            "title": ["type": "string"], "status": ["type": "integer"], "detail": ["type": "string"],
            "code": ["type": "string"], "texts": texts, "retryAfter": ["type": "integer"],
            "errors": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["field", "code", "texts"],
                    "properties": [
                        "field": ["type": "string"], "code": ["type": "string"], "texts": texts,
                        "row": ["type": "integer"],
                    ],
                ],
            ],
        ],
    ]

    private static let texts: JSONValue = [
        "type": "object", "properties": ["zh-CN": ["type": "string"], "en": ["type": "string"]],
    ]

    private static func operation(_ route: APIRoute) -> JSONValue {
        var parameters = route.pathParameters.map { parameter($0, in: "path", .string, required: true) }
        parameters += route.query.map { parameter($0.name, in: "query", $0.kind, required: $0.isRequired) }
        if route.isRepeatable {
            parameters.append(parameter("Idempotency-Key", in: "header", .string, required: false))
        }
        if route.isConditional { parameters.append(parameter("If-Match", in: "header", .string, required: true)) }
        var success: [String: JSONValue] = ["description": "Done."]
        if route.status != .noContent {
            success["content"] = ["application/json": ["schema": ["type": "object"]]]
        }
        var operation: [String: JSONValue] = [
            "operationId": .string(route.operation), "summary": .string(route.summary),
            "responses": [
                String(route.status.code): .object(success),
                "default": ["$ref": "#/components/responses/Problem"],
            ],
        ]
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if !route.rights.isEmpty { operation["description"] = .string("Asks for the right: \(route.rights).") }
        switch route.access {
        case .open: operation["security"] = .array([])
        case .session: operation["security"] = [["session": []]]
        case .token: operation["security"] = [["token": []]]
        }
        if let body = body(route.body) { operation["requestBody"] = body }
        return .object(operation)
    }

    private static func parameter(
        _ name: String, in place: String, _ kind: APIRoute.Field.Kind, required: Bool
    ) -> JSONValue {
        ["name": .string(name), "in": .string(place), "required": .bool(required), "schema": schema(kind)]
    }

    private static func schema(_ kind: APIRoute.Field.Kind) -> JSONValue {
        switch kind {
        case .string, .integer, .boolean, .object: ["type": .string(kind.rawValue)]
        case .strings: ["type": "array", "items": ["type": "string"]]
        case .integers: ["type": "array", "items": ["type": "integer"]]
        case .objects: ["type": "array", "items": ["type": "object"]]
        }
    }

    private static func body(_ body: APIRoute.Body) -> JSONValue? {
        switch body {
        case .none: return nil
        case .object:
            return ["content": ["application/json": ["schema": ["type": "object"]]]]
        case .file:
            return [
                "required": true,
                "content": ["application/octet-stream": ["schema": ["type": "string", "format": "binary"]]],
            ]
        case .json(let fields):
            let properties = Dictionary(fields.map { ($0.name, schema($0.kind)) }) { first, _ in first }
            return [
                "required": true,
                "content": [
                    "application/json": [
                        "schema": [
                            "type": "object", "additionalProperties": false, "properties": .object(properties),
                            "required": .array(fields.filter(\.isRequired).map { .string($0.name) }),
                        ]
                    ]
                ],
            ]
        }
    }
}

/// A JSON text as a value, to be written out.
indirect enum JSONValue: Encodable, Sendable {
    case string(String)
    case bool(Bool)
    case array([JSONValue])
    case object([String: JSONValue])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let text): try container.encode(text)
        case .bool(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }

    /// Two objects in one.
    func merged(_ other: JSONValue) -> JSONValue {
        guard case .object(let mine) = self, case .object(let others) = other else { return other }
        return .object(mine.merging(others) { _, new in new })
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    init(stringLiteral text: String) { self = .string(text) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(arrayLiteral values: JSONValue...) { self = .array(values) }
    init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(Dictionary(members) { first, _ in first })
    }
}
