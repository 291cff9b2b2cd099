// `hutong-load`: N real participants, and what they do to a server. One command for each scenario.

import ArgumentParser
import Foundation

@main
struct HutongLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hutong-load",
        abstract: "Shows what N real, encrypted participants do to a server.",
        discussion: """
            Starts a server of its own on this machine and judges it, or the one at --url. `hutong-load help meeting` \
            says what each participant of that scenario sends and receives. Ctrl-C ends with the report so far.
            """,
        subcommands: [
            WebinarCommand.self, AudioCommand.self, StormCommand.self, MeetingCommand.self, ShareCommand.self,
            ChurnCommand.self, MixedCommand.self,
        ])
}

enum Peer: String, ExpressibleByArgument, CaseIterable { case janus }

struct LoadOptions: ParsableArguments {
    @Option(name: [.long, .customShort("n")], help: "How many take part; see the scenario for who comes on top.")
    var participants = 50

    @Option(help: "Seconds that are measured, after everybody has joined.")
    var duration = 10.0

    @Option(help: "What is sent: synthetic packets, or real VP8 and Opus that a player in the same room can decode.")
    var media = MediaKind.synthetic

    @Option(help: "Throw away so many per cent of what comes, as a bad network would, to see it repaired.")
    var loss = 0.0

    @Option(help: "Write the report as JSON to this file; - is standard output, without the table.")
    var json: String?

    @Option(help: "Write the report with plots to this file, as one HTML page.")
    var html: String?

    @Option(help: "A server that runs already, for example ws://192.0.2.10:7880; with --key and --secret.")
    var url: String?

    @Option(help: "API key of the server at --url (default: the development key).")
    var key: String?

    @Option(help: "Its secret.")
    var secret: String?

    @Option(help: "Process id of the server at --url, if it is on this machine: its CPU and memory are judged too.")
    var pid: Int32?

    @Option(help: "The hutong to start (default: HUTONG_BINARY, else the one beside this program).")
    var server: String?

    @Option(help: "Judge this server under the same load too, and tell the ratio: janus. For webinar, audio and storm.")
    var against: Peer?

    @Flag(help: "Put server and client before all other work of this machine (SCHED_FIFO). Needs root.")
    var realtime = false

    func validate() throws {
        guard (1...5_000).contains(participants) else {
            throw ValidationError("--participants must be a number from 1 to 5000")
        }
        guard (0.5...86_400).contains(duration) else {
            throw ValidationError("--duration must be a number of seconds from 0.5 to 86400")
        }
        guard (0...50).contains(loss) else { throw ValidationError("--loss must be a number of per cent from 0 to 50") }
        guard url == nil || (server == nil && !realtime) else {
            throw ValidationError("--server and --realtime are for a server to start, --url names one that runs")
        }
        guard url != nil || (key == nil && secret == nil && pid == nil) else {
            throw ValidationError("--key, --secret and --pid belong to a server that runs; say where with --url")
        }
        guard (key == nil) == (secret == nil) else { throw ValidationError("--key and --secret belong together") }
        if let url, SignalAddress(url) == nil {
            throw ValidationError("--url must look like ws://host:7880 or wss://host")
        }
    }
}

extension MediaKind: ExpressibleByArgument {}

struct SpeakerOption: ParsableArguments {
    @Option(help: "How many voices there are (default: what the scenario says).")
    var speakers: Int?

    func validate() throws {
        guard let speakers else { return }
        guard (1...50).contains(speakers) else { throw ValidationError("--speakers must be a number from 1 to 50") }
    }
}

/// What all scenarios' commands are.
protocol ScenarioCommand: AsyncParsableCommand {
    static var scenario: Scenario { get }
    var options: LoadOptions { get }
    var speakers: Int? { get }
    var audience: Int? { get }
}

extension ScenarioCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: scenario.rawValue, abstract: scenario.summary, discussion: scenario.matrix)
    }
    var speakers: Int? { nil }
    var audience: Int? { nil }

    func run() async throws {
        let size = Scenario.Size(
            participants: options.participants, speakers: speakers ?? Self.scenario.standardSpeakers,
            duration: options.duration, audience: audience ?? Scenario.standardAudience)
        do {
            guard options.against == nil || Self.scenario.isOneWay else {
                throw LoadError(
                    "--against works with webinar, audio and storm; a Janus participant cannot do both ways")
            }
            try await LoadRun(scenario: Self.scenario, size: size, options: options).run()
        } catch let error as LoadError {
            FileHandle.standardError.write(Data("hutong-load: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }
}

struct WebinarCommand: ScenarioCommand {
    static let scenario = Scenario.webinar
    @OptionGroup var options: LoadOptions
}

struct AudioCommand: ScenarioCommand {
    static let scenario = Scenario.audio
    @OptionGroup var options: LoadOptions
    @OptionGroup var voices: SpeakerOption
    var speakers: Int? { voices.speakers }
}

struct StormCommand: ScenarioCommand {
    static let scenario = Scenario.storm
    @OptionGroup var options: LoadOptions
    @Option(name: .customLong("audience"), help: "Who listens already when the storm begins.")
    var listeners = Scenario.standardAudience
    var audience: Int? { listeners }

    func validate() throws {
        guard (1...5_000).contains(listeners) else {
            throw ValidationError("--audience must be a number from 1 to 5000")
        }
    }
}

struct MeetingCommand: ScenarioCommand {
    static let scenario = Scenario.meeting
    @OptionGroup var options: LoadOptions
    @OptionGroup var voices: SpeakerOption
    var speakers: Int? { voices.speakers }
}

struct ShareCommand: ScenarioCommand {
    static let scenario = Scenario.share
    @OptionGroup var options: LoadOptions
    @OptionGroup var voices: SpeakerOption
    var speakers: Int? { voices.speakers }
}

struct ChurnCommand: ScenarioCommand {
    static let scenario = Scenario.churn
    @OptionGroup var options: LoadOptions
    @OptionGroup var voices: SpeakerOption
    var speakers: Int? { voices.speakers }
}

struct MixedCommand: ScenarioCommand {
    static let scenario = Scenario.mixed
    @OptionGroup var options: LoadOptions
    @OptionGroup var voices: SpeakerOption
    var speakers: Int? { voices.speakers }
}
