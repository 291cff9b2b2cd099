// The built program, run as an operator runs it: exit codes, messages, start, join token, HTTPS, stop.

import Foundation
import Testing

@testable import hutong

@Suite(.serialized, .timeLimit(.minutes(2)))
struct ExecutableTests {
    /// Beside the test bundle, where SwiftPM puts products.
    private static let executable = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("hutong")

    private struct Output: Sendable {
        var status: Int32
        var output: String
        var errors: String
    }

    /// @unchecked Sendable: each test makes its own and calls it from one task, one call at a time.
    private final class Running: @unchecked Sendable {
        let process = Process()
        /// Its own, so that no two servers share the data directory there.
        private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "hutong-\(UInt64.random(in: 0 ... .max))")
        private let output = Pipe()
        private let errors = Pipe()
        private var text = ""

        init(program: String = executable.path, _ arguments: [String], environment: [String: String] = [:]) throws {
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
            process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            process.currentDirectoryURL = folder
            process.standardOutput = output
            process.standardError = errors
            try process.run()
        }

        deinit {
            if process.isRunning { process.terminate() }
            try? FileManager.default.removeItem(at: folder)
        }

        /// Waiting for another process would hold a thread of the pool that the other tests need.
        static func offPool<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(returning: body()) }
            }
        }

        func line(startingWith prefix: String) async -> String? { await Self.offPool { self.readLine(prefix) } }

        func finish() async -> Output { await Self.offPool { self.waitForEnd() } }

        /// Reads standard output until a line begins so, or the stream ends.
        private func readLine(_ prefix: String) -> String? {
            while true {
                if let line = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                    .first(where: { $0.hasPrefix(prefix) })
                {
                    return String(line)
                }
                let bytes = output.fileHandleForReading.availableData
                if bytes.isEmpty { return nil }
                text += String(decoding: bytes, as: UTF8.self)
            }
        }

        private func waitForEnd() -> Output {
            let rest = output.fileHandleForReading.readDataToEndOfFile()
            let complaints = errors.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return Output(
                status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
                output: text + String(decoding: rest, as: UTF8.self),
                errors: String(decoding: complaints, as: UTF8.self))
        }
    }

    private func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> Output {
        try await Running(arguments, environment: environment).finish()
    }

    private func temporaryFile(_ text: String, mode: Int = 0o600) throws -> String {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("hutong-\(UInt64.random(in: 0 ... .max)).yaml").path
        #expect(
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode]))
        return path
    }

    /// Free ports for HTTP and media, one worker: other servers run on this machine.
    private let anyPorts = ["--listen", "127.0.0.1:0", "--media", "127.0.0.1:0", "--workers", "1"]

    @Test func printsItsVersion() async throws {
        let version = try await run("version")
        #expect(version.status == 0)
        #expect(version.output == "hutong \(Hutong.version)\n")
    }

    @Test func refusesWithoutKeysAndSaysHowToMakeOne() async throws {
        let refused = try await run("serve")
        #expect(refused.status == 78)
        #expect(refused.errors.hasPrefix("hutong: keys: there is no API key"))
        #expect(refused.errors.contains("openssl rand -hex 32"))
        #expect(refused.errors.split(separator: "\n").count == 1)
    }

    @Test func refusesWrongConfigurationsWithEveryLineAndNoTrace() async throws {
        let path = try temporaryFile("listen: nowhere\nkeys: {k: short-canary}\nmedai: {}\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        for command in ["serve", "check"] {
            let refused = try await run(command, "--config", path, "--workers", "none")
            #expect(refused.status == 78)
            #expect(refused.errors.split(separator: "\n").count == 4, "\(refused.errors)")
            #expect(refused.errors.contains("\(path):1: listen must be"))
            #expect(refused.errors.contains("\(path):3: there is no setting medai"))
            #expect(refused.errors.contains("--workers: media.workers must be"))
            #expect(refused.errors.contains("keys: the secret of k has 12 bytes"))
            #expect(!(refused.output + refused.errors).contains("short-canary"))
        }
        let missing = try await run("serve", "--config", "/nonexistent.yaml", "--dev")
        #expect(missing.status == 78)
        #expect(missing.errors == "hutong: /nonexistent.yaml: cannot be read\n")
        let certificate = try await run(
            "serve", "--dev", "--tls-cert", "/nonexistent.pem", "--tls-key", "/nonexistent.key")
        #expect(certificate.status == 78)
        #expect(certificate.errors == "hutong: tls.certificate: /nonexistent.pem does not exist\n")
    }

    @Test func checkShowsWhatIsInForceAndHidesSecrets() async throws {
        let path = try temporaryFile(
            "keys: {k: canary-canary-canary-canary-canary}\nmedia: {workers: 2}\n", mode: 0o644)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let check = try await run("check", "--config", path, environment: ["HUTONG_LOG_LEVEL": "debug"])
        #expect(check.status == 0, "\(check.errors)")
        #expect(check.output.contains("{k: (hidden)}"))
        #expect(check.output.contains("# \(path):2"))
        #expect(check.output.contains("# HUTONG_LOG_LEVEL"))
        #expect(check.output.contains("The configuration is complete."))
        #expect(check.errors.contains("holds secrets and every user can read it"))
        #expect(!(check.output + check.errors).contains("canary"))
        #expect(try await run("check", "--example").output == ConfigurationKey.example)
    }

    @Test func mintsTokens() async throws {
        let token = try await run(
            "token", "--dev", "--room", "a", "--identity", "b", "--can-publish=false", "--valid-for", "5m")
        #expect(token.status == 0)
        let parts = token.output.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: ".")
        #expect(parts.count == 3)
        var body = String(parts[1]).replacing("-", with: "+").replacing("_", with: "/")
        while body.utf8.count % 4 != 0 { body += "=" }
        let json = try #require(Data(base64Encoded: body))
        let claims = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(claims["iss"] as? String == "devkey")
        #expect(claims["sub"] as? String == "b")
        let lifetime = try #require(claims["exp"] as? Double) - #require(claims["nbf"] as? Double)
        #expect(lifetime == 300)
        let grant = try #require(claims["video"] as? [String: Any])
        #expect(grant["room"] as? String == "a")
        #expect(grant["canPublish"] as? Bool == false)
        #expect(try await run("token", "--room", "a", "--identity", "b").status == 78)
        #expect(try await run("token", "--dev", "--room", "a", "--identity", "b", "--valid-for", "25h").status == 64)
    }

    @Test func startsServesAndStops() async throws {
        let start = ContinuousClock.now
        let server = try Running(["serve", "--dev"] + anyPorts)
        let ready = try #require(await server.line(startingWith: "Hutong is ready: "))
        #expect(ContinuousClock.now - start < .seconds(5))
        let url = String(ready.dropFirst("Hutong is ready: ".count))
        #expect(url.hasPrefix("http://127.0.0.1:"))
        #expect(await server.line(startingWith: "Media: UDP and TCP 127.0.0.1, port ") != nil)
        #expect(try await fetch(url + "/readyz").contains("ready"))
        #expect(try await fetch(url + "/").contains("<!doctype html>"))
        #expect(try await fetch(url + "/dev/token?room=a&name=b").contains("token"))
        #expect(try await fetch(url + "/metrics").contains("hutong_packets_received_total{worker=\"0\"}"))
        let port = try #require(url.split(separator: ":").last)
        let second = try await run(
            "serve", "--dev", "--listen", "127.0.0.1:\(port)", "--media", "127.0.0.1:0", "--workers", "1")
        #expect(second.status == 1)
        #expect(second.errors.contains("hutong: TCP port \(port) on 127.0.0.1 is in use"))
        #expect(!second.output.contains("ready"))

        let stop = ContinuousClock.now
        server.process.terminate()
        let ended = await server.finish()
        #expect(ContinuousClock.now - stop < .seconds(6))
        #expect(ended.status == 0, "\(ended.errors)")

        // The same port at once: a restart must not wait for TIME_WAIT.
        let again = try Running(
            ["serve", "--dev", "--listen", "127.0.0.1:\(port)", "--media", "127.0.0.1:0", "--workers", "1"])
        #expect(await again.line(startingWith: "Hutong is ready: ") != nil)
        again.process.interrupt()
        #expect(await again.finish().status == 0)
    }

    @Test func twoServersDoNotShareADataDirectory() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "hutong-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try Running(["serve", "--dev", "--data", folder.path] + anyPorts)
        #expect(await server.line(startingWith: "Hutong is ready: ") != nil)
        let second = try await Running(["serve", "--dev", "--data", folder.path] + anyPorts).finish()
        #expect(second.status == 1)
        #expect(second.errors.hasSuffix("is in use by another server; give each a folder of its own with `data`\n"))
        #expect(second.errors.split(separator: "\n").count == 1 && second.output.isEmpty)
        server.process.terminate()
        #expect(await server.finish().status == 0)
    }

    @Test func servesHTTPSAndWSSWithItsOwnCertificate() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "hutong-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try Running(["serve", "--dev", "--tls-self-signed", "--data", folder.path] + anyPorts)
        let ready = try #require(await server.line(startingWith: "Hutong is ready: https://127.0.0.1:"))
        let port = try #require(ready.split(separator: ":").last)
        let certificate = folder.appendingPathComponent("tls-self-signed.pem").path
        // Python's verification: the name and the chain count, as in a browser that was told to trust it.
        let script = """
            import json, socket, ssl, sys, urllib.request
            port, certificate = int(sys.argv[1]), sys.argv[2]
            context = ssl.create_default_context(cafile=certificate)
            page = urllib.request.urlopen(f'https://localhost:{port}/', context=context)
            print(page.status, page.headers['Content-Security-Policy'] is not None)
            answer = urllib.request.urlopen(f'https://127.0.0.1:{port}/dev/token?room=a&name=b', context=context)
            token = json.load(answer)['token']
            tls = context.wrap_socket(socket.create_connection(('127.0.0.1', port), 10), server_hostname='localhost')
            tls.sendall((f'GET /rtc?access_token={token}&protocol=16 HTTP/1.1\\r\\nHost: localhost\\r\\n'
                'Connection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\n'
                'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n').encode())
            answer = b''
            while answer.count(b'\\r\\n\\r\\n') < 1 or len(answer.split(b'\\r\\n\\r\\n', 1)[1]) < 2:
                more = tls.recv(4096)
                if not more: break
                answer += more
            head, frame = answer.split(b'\\r\\n\\r\\n', 1)
            print(head.split(b'\\r\\n')[0].decode(), frame[0])
            """
        let text = try await python(script, String(port), certificate)
        // 130: a final binary frame, the JoinResponse.
        #expect(text == "200 True\nHTTP/1.1 101 Switching Protocols 130\n")
        server.process.terminate()
        #expect(await server.finish().status == 0)
    }

    @Test func serverWithoutDevHasNoTokenRouteAndLogsNoSecret() async throws {
        let secret = "canary-canary-canary-canary-canary-canary"
        let server = try Running(
            ["serve"] + anyPorts, environment: ["HUTONG_KEYS": "k: \(secret)", "HUTONG_LOG_LEVEL": "trace"])
        let ready = try #require(await server.line(startingWith: "Hutong is ready: "))
        let url = String(ready.dropFirst("Hutong is ready: ".count))
        #expect(try await fetch(url + "/dev/token?room=a&name=b").contains("\"status\":404"))
        #expect(try await fetch(url + "/rtc/validate?access_token=canary-token").contains("token"))
        server.process.terminate()
        let ended = await server.finish()
        #expect(ended.status == 0)
        #expect(!(ended.output + ended.errors).contains("canary"), "\(ended.errors)")
    }

    /// The body whatever the status.
    private func fetch(_ url: String) async throws -> String {
        try await python(
            """
            import sys, urllib.error, urllib.request
            try: sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())
            except urllib.error.HTTPError as error: sys.stdout.write(error.read().decode())
            """, url)
    }

    /// What the script prints. Python's standard library is the independent client here.
    private func python(_ script: String, _ arguments: String...) async throws -> String {
        try await Running(program: "/usr/bin/env", ["python3", "-c", script] + arguments).finish().output
    }
}
