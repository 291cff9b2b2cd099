// `hutong check`: what would be in force and what is wrong with it.

import ArgumentParser

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Prints the effective configuration, secrets hidden, and what is wrong with it.",
        discussion: "Exits with 78 when `hutong serve` with the same options would refuse to start.")

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Print an example file with every setting instead.")
    var example = false

    func run() throws {
        if example {
            Console.print(String(ConfigurationKey.example.dropLast()))
            return
        }
        var result = options.read()
        Console.print(String(ConfigurationKey.listing(result).dropLast()))
        result.warnings += result.configuration.warnings()
        var problems = result.configuration.problems()
        do {
            _ = try TLSFiles.load(result.configuration, makeSelfSigned: false)
        } catch {
            problems.append(error)
        }
        try result.report(problems)
        Console.print("The configuration is complete.")
    }
}
