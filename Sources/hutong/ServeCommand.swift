// `hutong serve`: configuration, then services, then run until told to stop.

import ArgumentParser
import Foundation
import Logging
import MediaRelay
import Signaling

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Runs the server: page, signaling and media relay.",
        discussion: """
            Every setting can be given in the file, in the environment (HUTONG_…) or, the commonest, here; the later \
            beats the earlier. `hutong check` shows what is in force. Stops gracefully on SIGTERM and SIGINT.
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        var result = options.read()
        result.warnings += result.configuration.warnings()
        try result.report(result.configuration.problems())
        let configuration = result.configuration
        let server: Server
        do {
            server = try await Server(configuration)
        } catch let problem as ConfigurationProblem {
            Console.complain(problem)
            throw Console.configurationError
        } catch {
            Console.complain("\(error)")
            throw Console.runtimeError
        }
        do {
            try await server.run()
        } catch {
            Console.complain("\(error)")
            throw Console.runtimeError
        }
    }
}
