// The table of settings, where values come from, and the line that each wrong one gets.

import ArgumentParser
import Foundation
import Logging
import Signaling
import Testing

@testable import hutong

struct ConfigurationTests {
    private func read(
        yaml: String? = nil, environment: [String: String] = [:], arguments: [String] = []
    ) throws -> ConfigurationReader.Result {
        var reader = ConfigurationReader(environment: environment)
        if let yaml { reader.file = ("hutong.yaml", yaml) }
        reader.commandLine = try ConfigurationOptions.parse(arguments).settings
        return reader.read()
    }

    @Test func pathsAndEnvironmentNamesAreUnique() {
        #expect(Set(ConfigurationKey.all.map(\.path)).count == ConfigurationKey.all.count)
        #expect(Set(ConfigurationKey.all.map(\.environmentName)).count == ConfigurationKey.all.count)
        #expect(ConfigurationKey.all.contains { $0.environmentName == "HUTONG_MEDIA_RECEIVE_BUFFER" })
    }

    /// The file in the repository is what the table says, word for word.
    @Test func exampleFileIsTheTable() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = try String(contentsOf: root.appendingPathComponent("hutong.example.yaml"), encoding: .utf8)
        #expect(file == ConfigurationKey.example, "run `hutong check --example > hutong.example.yaml`")
    }

    /// It names every setting, and reading it changes nothing.
    @Test func exampleFileSetsEveryKeyToItsDefault() throws {
        let result = try read(yaml: ConfigurationKey.example)
        #expect(result.problems.isEmpty)
        #expect(result.configuration == Configuration())
        #expect(Set(result.sources.keys) == Set(ConfigurationKey.all.map(\.path)))
    }

    @Test func everyDefaultCanBeGivenByEnvironment() throws {
        for key in ConfigurationKey.all where key.path != "keys" {
            let shown = key.show(Configuration())
            let text = shown == "\"\"" ? "" : shown == "[]" ? "" : shown
            let result = try read(environment: [key.environmentName: text])
            #expect(result.problems.isEmpty, "\(key.path)")
            #expect(result.configuration == Configuration(), "\(key.path)")
            #expect(result.sources[key.path] == .environment(key.environmentName))
        }
    }

    @Test func laterSourcesWin() throws {
        let yaml = "listen: 127.0.0.1:1\nmedia:\n  workers: 2\n  announce: [192.0.2.1]\n"
        let file = try read(yaml: yaml)
        #expect(file.configuration.listen.port == 1)
        #expect(file.sources["media.workers"] == .file(path: "hutong.yaml", line: 3))
        let environment = ["HUTONG_LISTEN": "127.0.0.1:2", "HUTONG_MEDIA_ANNOUNCE": "192.0.2.2, 2001:db8::1"]
        let both = try read(yaml: yaml, environment: environment)
        #expect(both.configuration.listen.port == 2)
        #expect(both.configuration.workers == 2)
        #expect(both.configuration.announced == ["192.0.2.2", "2001:db8::1"])
        let all = try read(
            yaml: yaml, environment: environment,
            arguments: ["--listen", "127.0.0.1:3", "--announce", "192.0.2.3", "--announce", "192.0.2.4"])
        #expect(all.configuration.listen.port == 3)
        #expect(all.configuration.announced == ["192.0.2.3", "192.0.2.4"])
        #expect(all.sources["listen"] == .commandLine("--listen"))
    }

    @Test(arguments: [
        ("listen: 7880", "hutong.yaml:1: listen must be an address and port such as"),
        ("listen: '127.0.0.1:99999'", "hutong.yaml:1: listen must be an address and port such as"),
        ("listen: '::1:7880'", "hutong.yaml:1: listen must be an address and port such as"),
        ("listen: 'a b:1'", "hutong.yaml:1: listen must be an address and port such as"),
        ("media:\n  listen: localhost:7882", "hutong.yaml:2: media.listen must be a numeric address and port such as"),
        ("media: {announce: [example.com]}", "hutong.yaml:1: media.announce must be a list of numeric IP addresses"),
        ("media: {announce: [192.0.2.0/24]}", "hutong.yaml:1: media.announce must be a list of numeric IP addresses"),
        ("media: {workers: 0}", "hutong.yaml:1: media.workers must be auto, or a whole number from 1 to 64"),
        ("media: {workers: [1]}", "hutong.yaml:1: media.workers must be auto, or a whole number from 1 to 64"),
        ("media: {receive_buffer: 4 MB}", "hutong.yaml:1: media.receive_buffer must be a size such as 4 MiB"),
        ("media: {receive_buffer: 99999999999999999 MiB}", "media.receive_buffer must be a size such as 4 MiB"),
        ("media: {pin_threads: yes please}", "hutong.yaml:1: media.pin_threads must be true or false"),
        ("meeting: {max_participants: 0}", "meeting.max_participants must be a whole number from 1 to 10000"),
        ("meeting: {empty_timeout: 5}", "meeting.empty_timeout must be a time such as 20s, 5m or 6h, from 1s to 24h"),
        ("meeting: {empty_timeout: 9999999999999999h}", "meeting.empty_timeout must be a time such as"),
        ("log: {level: loud}", "log.level must be one of trace, debug, info, notice, warning, error, critical"),
        ("keys: [a]", "keys must be API keys with their secrets"),
        ("data: ''", "data must be a path"),
        ("webhooks: {urls: [ftp://a.example]}", "webhooks.urls must be a list of http or https URLs"),
        ("webhooks: {urls: [http://a, http://a]}", "webhooks.urls must be a list of http or https URLs, each once"),
        ("webhooks: {urls: [http://user:canary@a]}", "webhooks.urls must be a list of http or https URLs"),
        (
            "webhooks: {give_up_after: 1s}",
            "webhooks.give_up_after must be a time such as 20s, 5m or 6h, from 1m to 720h"
        ),
        ("max_participants: 5", "there is no setting max_participants (did you mean meeting.max_participants?)"),
        ("lisen: 127.0.0.1:1", "there is no setting lisen (did you mean listen?)"),
        ("media: {port: 1}", "hutong.yaml:1: there is no setting media.port"),
        ("media: 5", "hutong.yaml:1: there is no setting media"),
        ("tls:\n  certificate:\n    path: x", "tls.certificate must be a path, or empty"),
        ("- a", "hutong.yaml: must be a mapping of settings"),
        ("listen: 127.0.0.1:1\nlisten: 127.0.0.1:2", "hutong.yaml: a setting is given twice"),
        ("a: [", "hutong.yaml: line "),
        ("\tlisten: x", "hutong.yaml: line "),
    ])
    func saysWhatIsWrongInOneLine(yaml: String, line: String) throws {
        let problems = try read(yaml: yaml).problems.map(\.description)
        #expect(problems.count == 1)
        #expect(problems[0].contains(line), "\(problems[0])")
        #expect(!problems[0].contains("\n"))
    }

    @Test func collectsEverythingAtOnce() throws {
        let result = try read(
            yaml: "listen: x\nnothing: 1\nmedia: {workers: -1}", environment: ["HUTONG_LOG_LEVEL": "loud"])
        #expect(result.problems.count == 4)
        #expect(result.problems.last?.description.hasPrefix("HUTONG_LOG_LEVEL: log.level must be one of") == true)
    }

    @Test func emptyFilesAreFine() throws {
        for yaml in ["", "# nothing\n", "---\n", "{}"] {
            let result = try read(yaml: yaml)
            #expect(result.problems.isEmpty)
            #expect(result.configuration == Configuration())
        }
    }

    @Test func warnsOfUnknownVariables() throws {
        let result = try read(environment: ["HUTONG_LISTN": "x", "PATH": "/bin"])
        #expect(result.problems.isEmpty)
        #expect(result.warnings.map(\.place) == ["HUTONG_LISTN"])
    }

    @Test func readsKeysFromFileAndEnvironment() throws {
        let secret = String(repeating: "s", count: 32)
        #expect(try read(yaml: "keys: {a: \(secret)}").configuration.keys == ["a": Secret(secret)])
        let environment = ["HUTONG_KEYS": "a: \(secret), b:x:y\nc: z"]
        let keys = try read(environment: environment).configuration.keys
        #expect(keys == ["a": Secret(secret), "b": Secret("x:y"), "c": Secret("z")])
        #expect(try read(environment: ["HUTONG_KEYS": "a"]).problems.count == 1)
        #expect(try read(environment: ["HUTONG_KEYS": "a: 1, a: 2"]).problems.count == 1)
    }

    @Test func webhooksNeedAKeyThatIsThere() throws {
        func problems(_ yaml: String) throws -> [String] {
            try read(yaml: yaml).configuration.problems().map(\.description)
        }
        let secret = String(repeating: "s", count: 32)
        let url = "webhooks: {urls: ['https://a.example/?key=canary']"
        #expect(try problems("keys: {a: \(secret)}\n\(url)}") == [])
        #expect(try problems("keys: {a: \(secret), b: \(secret)}\n\(url), api_key: b}") == [])
        #expect(try problems("keys: {a: \(secret), b: \(secret)}") == [], "nobody is told, nothing is signed")
        let line = "webhooks.api_key: say which of a, b signs webhooks"
        #expect(try problems("keys: {a: \(secret), b: \(secret)}\n\(url)}") == [line])
        #expect(try problems("keys: {a: \(secret), b: \(secret)}\n\(url), api_key: c}") == [line])
        let result = try read(environment: [
            "HUTONG_WEBHOOKS_URLS": "http://a.example, https://b.example:9/x?key=canary"
        ])
        #expect(result.configuration.webhookURLs.count == 2)
        #expect(ConfigurationKey.listing(result).contains(#"["http://a.example", "https://b.example:9/…"]"#))
    }

    @Test func secretsNeverShow() throws {
        let secret = "canary-canary-canary-canary-canary"
        // The second file is broken right at the secret: parser errors like to quote.
        for yaml in [
            "keys: {mykey: \(secret)}", "keys: {mykey: \(secret), mykey: \(secret)}", "keys: [\(secret)]",
            "keys: {mykey: '\(secret)", "keys: \(secret)", "keys: {mykey: [\(secret)]}",
        ] {
            let result = try read(yaml: yaml)
            let dumped =
                "\(result)" + String(reflecting: result) + ConfigurationKey.listing(result)
                + result.problems.map(\.description).joined()
                + "\(Mirror(reflecting: result.configuration).children.map(\.value))"
            #expect(!dumped.contains(secret), "\(yaml)")
        }
        var text = ""
        dump(Secret(secret), to: &text)
        #expect(!text.contains(secret))
    }

    @Test func saysWhatDoesNotFit() {
        let changes: [((inout Configuration) -> Void, String)] = [
            ({ _ in }, "keys: there is no API key"),
            ({ $0.keys["short"] = Secret("s") }, "keys: the secret of short has 1 bytes; it needs 32 or more"),
            ({ $0.certificatePath = "x" }, "tls.key: is missing"),
            ({ $0.privateKeyPath = "x" }, "tls.certificate: is missing"),
            (
                { ($0.isSelfSigned, $0.certificatePath, $0.privateKeyPath) = (true, "x", "y") },
                "tls.self_signed: cannot be on"
            ),
            ({ $0.media.host = "0.0.0.0" }, "media.announce: is empty"),
            ({ $0.media.host = "::" }, "media.announce: is empty"),
            ({ ($0.media.port, $0.workers) = (65_530, 10) }, "media.workers: 10 ports from 65530 go beyond 65535"),
            ({ $0.metricsListen = $0.listen }, "metrics.listen: is the same as listen"),
            ({ $0.media.port = $0.listen.port }, "media.tcp: TCP port 7880 is that of listen; choose another"),
            (
                { ($0.metricsListen, $0.workers) = (ListenAddress(host: "0.0.0.0", port: 7884), 3) },
                "media.tcp: TCP port 7884 is that of metrics.listen"
            ),
        ]
        for (change, line) in changes {
            var configuration = Configuration()
            if !line.contains("no API key") { configuration.keys = ["k": Configuration.developmentSecret] }
            change(&configuration)
            let problems = configuration.problems().map(\.description)
            #expect(problems.count == 1, "\(line)")
            #expect(problems.first?.hasPrefix(line) == true, "\(problems)")
        }
    }

    @Test func developmentBringsItsKeyAndNothingElse() throws {
        var configuration = Configuration()
        configuration.addDevelopmentKey()
        #expect(configuration.keys.isEmpty)
        configuration.isDevelopment = true
        configuration.addDevelopmentKey()
        #expect(configuration.keys == ["devkey": Secret("hutong-development-secret-32-bytes-min")])
        #expect(configuration.problems().isEmpty)
        #expect(configuration.warnings().isEmpty)
        configuration.listen.host = "0.0.0.0"
        #expect(configuration.warnings().count == 2)
    }

    @Test(arguments: [
        ("1s", Duration.seconds(1)), ("1500ms", .milliseconds(1500)), ("5m", .seconds(300)), ("6h", .seconds(21_600)),
        ("90 s", .seconds(90)), ("", nil), ("s", nil), ("-1s", nil), ("1.5s", nil), ("1d", nil), ("1", nil),
    ])
    func readsTimes(text: String, duration: Duration?) {
        #expect(DurationText.parse(text) == duration)
        if let duration { #expect(DurationText.parse(DurationText.show(duration)) == duration) }
    }

    @Test func greetsWithWhatToType() {
        var configuration = Configuration()
        let address = ListenAddress(host: "127.0.0.1", port: 1234)
        #expect(
            Greeting(configuration: configuration, listening: address, mediaPorts: [7882, 7883]).lines == [
                "Hutong is ready: http://127.0.0.1:1234", "Media: UDP and TCP 127.0.0.1, ports 7882 to 7883",
            ])
        configuration.announced = ["192.0.2.1", "2001:db8::1"]
        configuration.isSelfSigned = true
        let wildcard = ListenAddress(host: "0.0.0.0", port: 443)
        #expect(
            Greeting(configuration: configuration, listening: wildcard, mediaPorts: [5, 9]).lines == [
                "Hutong is ready: https://localhost:443  https://192.0.2.1:443  https://[2001:db8::1]:443",
                "Media: UDP and TCP 192.0.2.1, 2001:db8::1, ports 5, 9",
            ])
    }

    @Test func selfSignedCertificateIsKeptUntilItsNamesChange() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "hutong-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        var configuration = Configuration()
        configuration.isSelfSigned = true
        configuration.dataDirectory = folder.path
        let file = folder.appendingPathComponent("tls-self-signed.pem")
        let first = try #require(try TLSFiles.load(configuration))
        #expect(first.expiry > Int64(Date().timeIntervalSince1970) + 300 * 86_400)
        let bytes = try Data(contentsOf: file)
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        _ = try TLSFiles.load(configuration)
        #expect(try Data(contentsOf: file) == bytes)
        configuration.announced = ["192.0.2.7"]
        _ = try TLSFiles.load(configuration)
        #expect(try Data(contentsOf: file) != bytes)
        configuration.dataDirectory = "/proc/nowhere"
        #expect(throws: ConfigurationProblem.self) { try TLSFiles.load(configuration) }
    }

    @Test func refusesBrokenTLSFiles() throws {
        var configuration = Configuration()
        configuration.certificatePath = "/nonexistent/a.pem"
        configuration.privateKeyPath = "/nonexistent/b.pem"
        let missing = #expect(throws: ConfigurationProblem.self) { try TLSFiles.load(configuration) }
        #expect(missing?.description == "tls.certificate: /nonexistent/a.pem does not exist")
        configuration.certificatePath = #filePath
        configuration.privateKeyPath = #filePath
        let malformed = #expect(throws: ConfigurationProblem.self) { try TLSFiles.load(configuration) }
        #expect(malformed?.description == "tls.certificate: \(#filePath) is no PEM certificate chain")
    }
}
