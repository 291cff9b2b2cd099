// The options that say where the configuration is, and the ones that are settings themselves; shared by all commands
// that need it.

import ArgumentParser
import Foundation

struct ConfigurationOptions: ParsableArguments {
    @Option(help: "YAML file with settings (default: hutong.yaml, if it exists; see hutong.example.yaml).")
    var config: String?

    @Flag(help: "Development: API key devkey, join tokens from /dev/token, loopback addresses by default.")
    var dev = false

    @Option(help: "TCP address of page, API and signaling, for example 127.0.0.1:7880.")
    var listen: String?

    @Option(help: "Numeric address and first UDP port of media, for example 127.0.0.1:7882.")
    var media: String?

    @Option(help: "Numeric address told to clients for media; may be repeated.")
    var announce: [String] = []

    @Option(help: "Packet loops, or auto for one per core.")
    var workers: String?

    @Option(help: "Directory for what outlives a restart.")
    var data: String?

    @Option(help: "PEM file of the TLS certificate chain.")
    var tlsCert: String?

    @Option(help: "PEM file of the TLS private key.")
    var tlsKey: String?

    @Flag(help: "HTTPS with a certificate of our own, for a trial on a LAN.")
    var tlsSelfSigned = false

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    /// The one variable that is not a setting: where the settings are.
    static let fileVariable = "HUTONG_CONFIG"
    static let standardFile = "hutong.yaml"

    /// All sources joined; never throws: what is wrong is in the result.
    func read(environment: [String: String] = ProcessInfo.processInfo.environment) -> ConfigurationReader.Result {
        var environment = environment
        let named = config ?? environment.removeValue(forKey: Self.fileVariable)
        environment.removeValue(forKey: Self.fileVariable)
        var reader = ConfigurationReader(environment: environment, commandLine: settings)
        var unreadable: ConfigurationProblem?
        var isExposed = false
        if let path = named ?? (FileManager.default.fileExists(atPath: Self.standardFile) ? Self.standardFile : nil) {
            if let bytes = FileManager.default.contents(atPath: path) {
                reader.file = (path, String(decoding: bytes, as: UTF8.self))
                isExposed = Self.isReadableByOthers(path)
            } else {
                unreadable = ConfigurationProblem(path, "cannot be read")
            }
        }
        var result = reader.read()
        result.configuration.isDevelopment = dev
        if let unreadable { result.problems.append(unreadable) }
        if isExposed, case .file(let path, _)? = result.sources["keys"] {
            result.warnings.append(.init(path, "holds secrets and every user can read it; `chmod 600 \(path)` helps"))
        }
        result.configuration.addDevelopmentKey()
        return result
    }

    var settings: [(option: String, path: String, value: ConfigurationValue)] {
        var settings: [(option: String, path: String, value: ConfigurationValue)] = []
        func add(_ option: String, _ path: String, _ text: String?) {
            if let text { settings.append((option, path, .scalar(text))) }
        }
        add("--listen", "listen", listen)
        add("--media", "media.listen", media)
        if !announce.isEmpty { settings.append(("--announce", "media.announce", .list(announce))) }
        add("--workers", "media.workers", workers)
        add("--data", "data", data)
        add("--tls-cert", "tls.certificate", tlsCert)
        add("--tls-key", "tls.key", tlsKey)
        add("--tls-self-signed", "tls.self_signed", tlsSelfSigned ? "true" : nil)
        add("--log-level", "log.level", logLevel)
        return settings
    }

    private static func isReadableByOthers(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return ((attributes?[.posixPermissions] as? Int) ?? 0) & 0o004 != 0
    }
}

extension ConfigurationReader.Result {
    /// Says everything that is wrong, each in a line; ends the program with 78 if anything is.
    func report(_ more: [ConfigurationProblem] = []) throws {
        for warning in warnings { Console.warn(warning) }
        let problems = problems + more
        for problem in problems { Console.complain(problem) }
        guard problems.isEmpty else { throw Console.configurationError }
    }
}
