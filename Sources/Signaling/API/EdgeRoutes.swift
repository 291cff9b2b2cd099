// Every HTTP route, in one table. Signaling sockets are not here: they never reach a router.

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

struct EdgeContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: NIOCore.SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}

struct EdgeRoutes<Gateway: SignalGateway>: Sendable {
    let gateway: Gateway
    let content: EdgeContent
    let statistics: EdgeStatistics
    /// Bytes of a call of the server API.
    let apiBodyBytes: Int
    /// On the main port; to this machine only.
    let servesMetrics: Bool

    func main() -> Router<EdgeContext> {
        let router = makeRouter()
        router.get("rtc/validate") { request, context in await validate(request, context) }
        router.get("rtc/v1/validate") { request, context in await validate(request, context) }
        router.get("healthz") { _, _ in Response.text("ok\n") }
        router.get("readyz") { _, _ in await ready() }
        if servesMetrics {
            router.get("metrics") { request, context in
                // A proxy on this machine makes strangers look local; it says so in these headers.
                guard context.remoteAddress?.isLoopback == true, !request.isForwarded else {
                    throw Problem(.forbidden, detail: "metrics are for this machine only, unless metrics.listen is set")
                }
                return await metrics()
            }
        }
        if let mint = content.developmentToken {
            router.get("dev/token") { request, _ in try developmentToken(request, mint) }
        }
        if let api = content.serverAPI {
            router.post("\(ServerAPIRoute.prefix)/:service/:method") { request, _ in await call(api, request) }
        }
        content.webhooks?.add(to: router)
        if content.controls != nil || content.people != nil {
            APITable((content.controls?.routes ?? []) + (content.people?.routes ?? [])).add(to: router)
        }
        router.get("/") { request, _ in try page(request) }
        router.get("**") { request, _ in try page(request) }
        return router
    }

    /// The listener of `metrics.listen`.
    func metrics() -> Router<EdgeContext> {
        let router = makeRouter()
        router.get("healthz") { _, _ in Response.text("ok\n") }
        router.get("readyz") { _, _ in await ready() }
        router.get("metrics") { _, _ in await metrics() }
        return router
    }

    private func makeRouter() -> Router<EdgeContext> {
        let router = Router(context: EdgeContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: EdgeMiddleware(statistics: statistics))
        return router
    }

    private func validate(_ request: Request, _ context: EdgeContext) async -> Response {
        let target = request.head.path ?? ""
        guard case .validate(let version) = SignalRoute(path: RequestTarget(target).path) else {
            return Response.text("not found", status: .notFound)
        }
        let signalRequest = SignalRequest(
            version: version, uri: target, authorization: request.headers[.authorization],
            remoteAddress: context.remoteAddress?.ipAddress ?? "")
        do {
            try await gateway.validate(signalRequest)
            return Response.text("success")
        } catch {
            statistics.joinRefused(error.status)
            return Response.text(error.reason, status: .init(code: error.status))
        }
    }

    private func ready() async -> Response {
        await content.isReady() ? .text("ready\n") : .text("not ready\n", status: .serviceUnavailable)
    }

    private func metrics() async -> Response {
        let text = MetricsText.render(await content.metrics() + MetricFamily.edge(statistics.read()))
        return Response(
            status: .ok, headers: [.contentType: MetricsText.contentType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private func developmentToken(_ request: Request, _ mint: EdgeContent.DevelopmentToken) throws -> Response {
        // Fetch Metadata: other sites open in the developer's browser must not help themselves.
        let site = request.headers.first { $0.name.canonicalName == "sec-fetch-site" }?.value
        guard ["same-origin", "none", nil].contains(site) else {
            throw Problem(.forbidden, detail: "development tokens are for this server's own page")
        }
        let items = RequestTarget(request.head.path ?? "").queryItems
        func item(_ name: String) -> String { items.first { $0.name == name }?.value ?? "" }
        guard !item("room").isEmpty else { throw Problem(.badRequest, detail: "the query has no room") }
        for name in ["room", "name"] where item(name).utf8.count > Limits.nameBytes {
            throw Problem(.badRequest, detail: "\(name) is longer than \(Limits.nameBytes) bytes")
        }
        let body = try JSONEncoder().encode(["token": mint(item("room"), item("name"))])
        return Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    private func call(_ api: any ServerAPI, _ request: Request) async -> Response {
        guard let route = ServerAPIRoute(path: RequestTarget(request.head.path ?? "").path) else {
            return Problem(.notFound).response
        }
        let limit = apiBodyBytes
        let call = ServerAPICall(
            route: route, contentType: request.headers[.contentType], authorization: request.headers[.authorization],
            body: {
                var request = request
                return (try? await request.collectBody(upTo: limit)).map { [UInt8](buffer: $0) }
            })
        let reply = await api.answer(call)
        return Response(
            status: .init(code: reply.status), headers: [.contentType: reply.contentType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: reply.body)))
    }

    private func page(_ request: Request) throws -> Response {
        // A name in a table made at start, not a path in a file system: there is nowhere to climb to.
        let path = RequestTarget(request.head.path ?? "").path.split(separator: "/").joined(separator: "/")
        guard let file = content.page(RequestTarget.decode(path[...], plusIsSpace: false)) else {
            throw Problem(.notFound)
        }
        return PageResponse.make(file, ifNoneMatch: request.headers[.ifNoneMatch])
    }
}

extension Request {
    /// A reverse proxy speaks for somebody else.
    fileprivate var isForwarded: Bool {
        headers.contains { ["x-forwarded-for", "forwarded", "x-real-ip"].contains($0.name.canonicalName) }
    }
}

extension Response {
    static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
