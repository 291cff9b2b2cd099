import Foundation
import Glibc

@testable import MediaRelay

/// `openssl s_client` as an independent DTLS client on loopback, with a certificate of its own or none.
final class OpenSSLClient {
    static let path = "/usr/bin/openssl"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

    enum Failure: Error {
        case socket
        case command(String)
    }

    private let folder: URL
    private let descriptor: Int32
    private let port: UInt16
    private var peer = sockaddr_in()

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "hutong-dtls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        self.descriptor = descriptor
        guard descriptor >= 0 else { throw Failure.socket }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard isBound else { throw Failure.socket }
        port = UInt16(bigEndian: address.sin_port)
        var patience = timeval(tv_sec: 0, tv_usec: 50_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        try run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test",
            "-keyout", file("key"), "-out", file("certificate"),
        ])
    }

    deinit {
        Glibc.close(descriptor)
        try? FileManager.default.removeItem(at: folder)
    }

    private func file(_ name: String) -> String { folder.appending(path: name).path }

    @discardableResult
    private func run(_ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure.command(arguments[0]) }
        return text
    }

    /// Of its certificate, as OpenSSL computes it.
    func fingerprint(_ algorithm: String) throws -> Fingerprint {
        let hash = algorithm.replacing("-", with: "")
        let text = try run(["x509", "-in", file("certificate"), "-noout", "-fingerprint", "-\(hash)"])
        return Fingerprint(algorithm: algorithm, bytes: [UInt8](hex: String(text.drop { $0 != "=" }.dropFirst())))
    }

    /// Connects to `server` until that is no longer shaking hands, or for ten seconds. Gives what s_client printed.
    func connect(to server: DTLSEndpoint, showsCertificate: Bool = true, options: [String]) throws -> String {
        let process = Process()
        let (output, input) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments =
            ["s_client", "-dtls1_2", "-connect", "127.0.0.1:\(port)"]
            + (showsCertificate ? ["-cert", file("certificate"), "-key", file("key")] : []) + options
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = input
        try process.run()
        let begin = ContinuousClock.now
        var lingers = 5
        while ContinuousClock.now - begin < .seconds(10), lingers > 0 {
            let elapsed = (ContinuousClock.now - begin).components
            let now = MediaTime(
                microseconds: 1 + UInt64(elapsed.seconds) * 1_000_000 + UInt64(elapsed.attoseconds / 1_000_000_000_000))
            if let datagram = receive() { server.receive(datagram, now: now) }
            server.handleTimeout(now: now)
            for datagram in server.takeOutgoing() { send(datagram) }
            if server.state != .handshaking { lingers -= 1 }
        }
        try? input.fileHandleForWriting.close()  // s_client leaves at the end of its input
        process.terminate()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    private func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 2_048)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &peer) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length)
            }
        }
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    private func send(_ datagram: [UInt8]) {
        _ = withUnsafePointer(to: &peer) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, datagram, datagram.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
