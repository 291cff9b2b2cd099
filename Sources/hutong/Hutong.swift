// The program: subcommands and nothing else.

import ArgumentParser

@main
struct Hutong: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hutong",
        abstract: "A video conferencing server and media relay that speaks the LiveKit protocol.",
        subcommands: [ServeCommand.self, InitCommand.self, TokenCommand.self, CheckCommand.self, VersionCommand.self])
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version.")

    func run() { Console.print("hutong \(Hutong.version)") }
}

extension Hutong {
    static let version = "0.1.0"
}
