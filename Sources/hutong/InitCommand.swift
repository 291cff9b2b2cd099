// `hutong init`: the organisation and its first super admin, once, before the server starts.

import ArgumentParser
import Foundation
import Logging
import Signaling

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Creates the organisation and its first super admin, and prints how he comes in.",
        discussion: """
            What it prints lets in once, for three days, and sets a password. The server must not run meanwhile: start it \
            afterwards. What `hutong serve` is told with --config, --listen, --data and the like is told here too.
            """)

    @Option(help: "Account of the first super admin: letters, digits and . - _")
    var admin: String

    @Option(help: "His name (default: the account).")
    var name = ""

    @Option(help: "Name of the organisation.")
    var organisation = "Hutong"

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let result = options.read()
        try result.report()
        let configuration = result.configuration
        let token: String
        do {
            let store = try Store(folder: configuration.dataDirectory, logger: Logger(label: "hutong.store"))
            token = try await FirstStart.found(
                organisation: organisation, admin: admin, name: name, in: store,
                at: Int64(Date().timeIntervalSince1970))
        } catch {
            Console.complain("\(error)")
            throw Console.runtimeError
        }
        let greeting = Greeting(configuration: configuration, listening: configuration.listen, mediaPorts: [])
        let url = greeting.urls.first ?? ""
        Console.print("\(organisation) is there. \(admin) comes in once, within three days, and sets a password:")
        // The page has no sign-in.
        Console.print(
            "curl -c cookies.txt \(url)/api/v1/invites/redeem -d '{\"token\": \"\(token)\", \"password\": \"…\"}'")
    }
}
