// A real edge on a free loopback port, for as long as a test's body runs.

import Logging
import ServiceLifecycle
import Testing

@testable import Signaling

struct EdgeFixture {
    let port: Int
    let gateway: EchoGateway

    static let indexBody = "<!doctype html><title>page</title>"

    static func content() -> EdgeContent {
        let files = [
            "": StaticFile(contentType: "text/html; charset=utf-8", entityTag: "\"1\"", bytes: Array(indexBody.utf8)),
            "main.js": StaticFile(contentType: "text/javascript; charset=utf-8", entityTag: "\"2\"", bytes: [0x31]),
        ]
        return EdgeContent(page: { files[$0] }, isReady: { true }, metrics: { [.build(version: "test")] })
    }

    static func run(
        gateway: EchoGateway = EchoGateway(),
        _ configure: (inout EdgeConfiguration, inout EdgeContent) -> Void = { _, _ in },
        _ body: @escaping (EdgeFixture) async throws -> Void
    ) async throws {
        var configuration = EdgeConfiguration(listen: ListenAddress(host: "127.0.0.1", port: 0))
        var content = content()
        configure(&configuration, &content)
        let (ports, found) = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "test")
        logger.logLevel = .error
        let edge = HTTPEdge(configuration, gateway: gateway, content: content, logger: logger) { address in
            found.yield(address.port)
        }
        let services = ServiceGroup(configuration: .init(services: [edge], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { found.finish() }
                try await services.run()
            }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { return try await group.waitForAll() }
            var failure: (any Error)?
            do {
                try await body(EdgeFixture(port: port, gateway: gateway))
            } catch {
                failure = error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            if let failure { throw failure }
        }
    }

    /// Polls until it holds, for what the server does a moment after the client saw the end.
    static func eventually(_ condition: () -> Bool) async -> Bool {
        for _ in 0..<500 {
            if condition() { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return condition()
    }
}
