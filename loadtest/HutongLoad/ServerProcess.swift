// The server that is judged: one that we start, alone on its core, with its files in a folder that goes with it; or one
// that runs already.

import CLoad
import Foundation
import Synchronization

struct LoadError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Owns the process and its folder.
final class ServerProcess: Sendable {
    let process: Int32
    let folder: URL
    /// Not yet waited for.
    private let isRunning = Mutex(true)

    /// Starts a program. Its output goes to `folder`/output.txt. It is told to stop when the calling thread ends: a
    /// thread of a pool, which may end at any time, must not call this.
    init(
        _ program: String, _ arguments: [String], environment: [String: String], cores: Cores, folder: URL
    ) throws {
        self.folder = folder
        let output = open(
            folder.appendingPathComponent("output.txt").path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw LoadError("\(folder.path) cannot be written; set TMPDIR to a folder that can") }
        defer { _ = close(output) }
        let words = ([program] + arguments).map { strdup($0) } + [nil]
        let settings = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in words + settings { free(text) } }
        process = cl_spawn(program, words, settings, Int32(cores.server ?? -1), cores.isRealtime, output)
        guard process > 0 else { throw LoadError("\(program) cannot be started: \(String(cString: strerror(errno)))") }
    }

    deinit { stop() }

    /// The last of what it said.
    var output: String {
        let text = (try? String(contentsOf: folder.appendingPathComponent("output.txt"), encoding: .utf8)) ?? ""
        return String(text.suffix(Self.outputCharacters))
    }

    private static let outputCharacters = 2_000

    /// False when it has ended.
    var isAlive: Bool {
        isRunning.withLock { isRunning in
            var status: Int32 = 0
            if isRunning, waitpid(process, &status, WNOHANG) == process { isRunning = false }
            return isRunning
        }
    }

    /// Gives it some seconds to end well; then ends it. Removes its folder.
    func stop() {
        if isAlive { kill(process, SIGTERM) }
        for _ in 0..<Self.stopLooks where isAlive { usleep(Self.stopLookMicroseconds) }
        if isAlive {
            kill(process, SIGKILL)
            while isAlive { usleep(Self.stopLookMicroseconds) }
        }
        try? FileManager.default.removeItem(at: folder)
    }

    /// A server with hundreds of connections may take 5 s.
    private static let stopLooks = 600
    private static let stopLookMicroseconds: UInt32 = 10_000

    static func makeFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hutong-load-\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw LoadError("\(folder.path) cannot be made; set TMPDIR to a folder that can be written to")
        }
        return folder
    }

    static func isListening(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { if descriptor >= 0 { _ = close(descriptor) } }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// A port of 127.0.0.1 that nobody uses at this moment.
    static func freePort(_ type: __socket_type) throws -> Int {
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        defer { if descriptor >= 0 { _ = close(descriptor) } }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isDone = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isDone else { throw LoadError("no free port on 127.0.0.1: \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// Hutong as it is started for a run.
enum HutongServer {
    static let developmentToken = AccessToken(key: "devkey", secret: "hutong-development-secret-32-bytes-min")

    /// --server, else HUTONG_BINARY, else the program beside this one.
    static func binary(_ named: String?) throws -> String {
        let beside = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("hutong").path
        let path = named ?? ProcessInfo.processInfo.environment["HUTONG_BINARY"] ?? beside
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw LoadError("no server at \(path): build it with `make build`, or say where it is with --server")
        }
        return path
    }

    static func start(binary: String, people: Int, cores: Cores) throws -> (ServerProcess, SignalAddress) {
        let port = try ServerProcess.freePort(SOCK_STREAM)
        let media = try ServerProcess.freePort(SOCK_DGRAM)
        let folder = try ServerProcess.makeFolder()
        // Nobody's settings but ours.
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("HUTONG_") }
        environment["HUTONG_MEETING_MAX_PARTICIPANTS"] = String(people + roomForComings)
        environment["SWIFT_BACKTRACE"] = "enable=no"
        let server = try ServerProcess(
            binary,
            [
                "serve", "--dev", "--listen", "127.0.0.1:\(port)", "--media", "127.0.0.1:\(media)", "--workers", "1",
                "--data", folder.appendingPathComponent("data").path, "--log-level", "warning",
            ], environment: environment, cores: cores, folder: folder)
        return (server, SignalAddress(host: "127.0.0.1", port: port, usesTLS: false))
    }

    /// Who leaves and comes back may be two for a moment.
    private static let roomForComings = 10
}
