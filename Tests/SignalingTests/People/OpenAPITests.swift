// The document that the server gives of its API, against the routes that its router has.

import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import Signaling

@Suite(.timeLimit(.minutes(1)))
struct OpenAPITests {
    @Test func everyRouteOfTheRouterIsInTheDocumentAndNoOther() async throws {
        let house = try await GatewayTests.House()
        try await PeopleWorld.with { world in
            var content = EdgeFixture.content()
            content.controls = ControlRoutes(directory: house.directory, keys: house.keys)
            content.people = world.routes
            let routes = EdgeRoutes(
                gateway: EchoGateway(), content: content, statistics: EdgeStatistics(), apiBodyBytes: 1,
                servesMetrics: false)
            let served = routes.main().routes.filter { "\($0.path)".contains("api/v1") && $0.method != .head }
                .map { route in
                    let words = "\(route.path)".split(separator: "/").map { word in
                        word.hasPrefix(":") ? "{\(word.dropFirst())}" : String(word)
                    }
                    return "\(route.method.rawValue) /\(words.joined(separator: "/"))"
                }
            try await EdgeFixture.run { _, running in
                running.controls = content.controls
                running.people = content.people
            } _: { edge in
                try await RawClient.connect(edge.port) { client in
                    let answer = try await client.get("/api/v1/openapi.json")
                    #expect(answer.status == 200 && answer.headers["content-type"] == "application/json")
                    let document = try #require(
                        try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
                    #expect(document["openapi"] as? String == "3.1.0")
                    let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
                    let described = paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } }
                    #expect(Set(described) == Set(served) && served.count == Set(served).count)
                    #expect(served.contains("POST /api/v1/lock-outs") && served.count > 30)
                    let operations = paths.values.flatMap(\.values)
                    let names = operations.compactMap { $0["operationId"] as? String }
                    #expect(Set(names).count == operations.count, "each has a name of its own")
                    for (path, methods) in paths {
                        let named = path.split(separator: "/").filter { $0.hasPrefix("{") }
                        for operation in methods.values {
                            let parameters = (operation["parameters"] as? [[String: Any]] ?? []).filter {
                                $0["in"] as? String == "path"
                            }
                            #expect(parameters.count == named.count, "\(path)")
                        }
                    }
                }
            }
        }
    }

    @Test func withoutAnOrganisationNobodySignsIn() async throws {
        try await TemporaryStore.with { store in
            let house = try await GatewayTests.House()
            let people = try await PeopleRoutes(store: store, meetings: house.directory)
            #expect(people == nil)
        }
        try await EdgeFixture.run { _, _ in
        } _: { edge in
            try await RawClient.connect(edge.port) { client in
                try await client.expect(404, "/api/v1/me")
                try await client.expect(404, "/api/v1/openapi.json")
            }
        }
    }
}
