// One command from its options to its report: start or find the server, let the driver play, write what it found.

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import NIOSSL

extension SignalAddress {
    /// ws, wss, http and https URLs.
    init?(_ url: String) {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty,
            let scheme = parts.scheme, ["ws", "wss", "http", "https"].contains(scheme)
        else { return nil }
        let usesTLS = scheme == "wss" || scheme == "https"
        self.init(
            host: host.trimmingCharacters(in: ["[", "]"]), port: parts.port ?? (usesTLS ? 443 : 80), usesTLS: usesTLS,
            path: parts.path.hasSuffix("/") ? String(parts.path.dropLast()) : parts.path)
    }
}

struct LoadRun {
    let scenario: Scenario
    let size: Scenario.Size
    let options: LoadOptions
    /// Asked before any thread is bound to one.
    private let cores: Cores

    init(scenario: Scenario, size: Scenario.Size, options: LoadOptions) {
        self.scenario = scenario
        self.size = size
        self.options = options
        var cores = Cores.assign()
        cores.isRealtime = options.realtime
        self.cores = cores
    }

    func run() async throws {
        Self.raiseOpenFiles()
        Interruption.listen()
        guard !options.realtime || geteuid() == 0 else { throw LoadError("--realtime needs root; try it with sudo") }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let result: Result<LoadReport, any Error>
        do {
            result = .success(try await judge(on: group.next()))
        } catch {
            result = .failure(error)
        }
        try? await group.shutdownGracefully()
        let report = try result.get()
        try write(report)
        guard report.figures.details.joined > 0 || Interruption.isAskedFor else {
            throw LoadError("nobody could join: \(report.figures.details.failure ?? "no answer in time")")
        }
    }

    private func judge(on eventLoop: any EventLoop) async throws -> LoadReport {
        if let url = options.url {
            guard let address = SignalAddress(url) else { throw LoadError("--url must look like ws://host:7880") }
            var token = HutongServer.developmentToken
            if let key = options.key, let secret = options.secret { token = AccessToken(key: key, secret: secret) }
            var report = try await drive(
                Target(address: address, token: token, process: options.pid, cores: Cores()), on: eventLoop)
            report.against = try await judgePeer(on: eventLoop)
            return report
        }
        let binary = try HutongServer.binary(options.server)
        var report = try await judge(.hutong, on: eventLoop) {
            try HutongServer.start(binary: binary, people: $0, cores: $1)
        }
        report.against = try await judgePeer(on: eventLoop)
        return report
    }

    private func judgePeer(on eventLoop: any EventLoop) async throws -> Figures? {
        guard options.against == .janus, !Interruption.isAskedFor else { return nil }
        return try await judge(.janus, on: eventLoop) { try JanusServer.start(people: $0, cores: $1) }.figures
    }

    /// A server that we start.
    private func judge(
        _ kind: Target.Kind, on eventLoop: any EventLoop,
        start: @escaping @Sendable (_ people: Int, Cores) throws -> (ServerProcess, SignalAddress)
    ) async throws -> LoadReport {
        let people = scenario.plan(size).participants.count
        // On the event loop's thread, which outlives it.
        let cores = cores
        let (server, address) = try await eventLoop.submit { try start(people, cores) }.get()
        defer { server.stop() }
        let target = Target(
            kind: kind, address: address, token: HutongServer.developmentToken, process: server.process, cores: cores)
        let result: Result<LoadReport, any Error>
        do {
            result = .success(try await drive(target, on: eventLoop))
        } catch {
            result = .failure(error)
        }
        guard server.isAlive || Interruption.isAskedFor else {
            throw LoadError("the server ended while it was needed; its last words:\n\(server.output)")
        }
        return try result.get()
    }

    private func drive(_ target: Target, on eventLoop: any EventLoop) async throws -> LoadReport {
        try await eventLoop.submit { target.cores.pinClient() }.get()
        // One's own server often has a certificate of its own.
        var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(5), read: .seconds(5)))
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        configuration.tlsConfiguration = tls
        let http = HTTPClient(eventLoopGroupProvider: .shared(eventLoop), configuration: configuration)
        let result: Result<LoadReport, any Error>
        do {
            let driver = try LoadDriver(
                scenario: scenario, size: size, media: options.media, loss: options.loss / 100, target: target,
                eventLoop: eventLoop, http: http)
            result = .success(try await driver.run())
        } catch {
            result = .failure(error)
        }
        try? await http.shutdown()
        return try result.get()
    }

    private func write(_ report: LoadReport) throws {
        if let html = options.html { try Self.write(Data(HTMLReport(report: report).text.utf8), to: html) }
        guard let json = options.json else {
            print(report.table)
            return
        }
        if json == "-" {
            FileHandle.standardOutput.write(try report.json())
        } else {
            try Self.write(try report.json(), to: json)
            print(report.table)
        }
    }

    private static func write(_ data: Data, to path: String) throws {
        do {
            try data.write(to: URL(fileURLWithPath: path))
        } catch {
            throw LoadError("\(path) cannot be written; name a file in a folder that exists")
        }
    }

    /// Each participant is two sockets; distributions start programs with 1024 files but allow more.
    private static func raiseOpenFiles() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max
        else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
