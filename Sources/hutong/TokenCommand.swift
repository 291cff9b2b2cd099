// `hutong token`: mints a join token with one of the configured keys.

import ArgumentParser
import Foundation
import Signaling

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Prints a token that lets one person join one meeting.")

    @Option(help: "The meeting's name.")
    var room: String

    @Option(help: "Who joins; a second connection with the same identity replaces the first.")
    var identity: String

    @Option(help: "Name shown to others.")
    var name = ""

    @Option(help: "How long the token lets in: 30s, 5m, 6h; at most 24h.")
    var validFor = "6h"

    @Option(help: "Which of the configured API keys signs, when there are several.")
    var apiKey: String?

    @Option(help: "May publish tracks (default true).")
    var canPublish: Bool?

    @Option(help: "May receive tracks (default true).")
    var canSubscribe: Bool?

    @Option(help: "May send data messages (default: like --can-publish).")
    var canPublishData: Bool?

    @Option(help: "May rename itself and change its metadata (default false).")
    var canUpdateOwnMetadata: Bool?

    @Option(help: "Only this source: camera, microphone, screen_share, screen_share_audio; may be repeated.")
    var canPublishSource: [String] = []

    @Flag(help: "Not listed among the participants.")
    var hidden = false

    @Flag(help: "May administer the meeting.")
    var admin = false

    @Option(help: "Metadata shown to others.")
    var metadata = ""

    @OptionGroup var options: ConfigurationOptions

    /// Ours; the protocol sets none. A token lives on when the person is sent out.
    private static let longest = Duration.seconds(24 * 3600)

    func validate() throws {
        guard let lifetime = DurationText.parse(validFor), lifetime >= .seconds(1), lifetime <= Self.longest else {
            throw ValidationError("--valid-for must be a time such as 30s, 5m or 6h, at most 24h")
        }
        guard !room.isEmpty, !identity.isEmpty else { throw ValidationError("--room and --identity must not be empty") }
    }

    func run() async throws {
        let result = options.read()
        let configuration = result.configuration
        // The rest of the configuration may be somebody else's concern; the keys must be right.
        try result.report(configuration.problems().filter { $0.place == "keys" })
        let key = try signingKey(configuration)
        let keys = try await AccessKeys(configuration.keys.mapValues { $0.revealed() })
        var claims = AccessClaims.join(meeting: room, identity: identity, name: name)
        claims.metadata = metadata
        claims.video.canPublish = canPublish
        claims.video.canSubscribe = canSubscribe
        claims.video.canPublishData = canPublishData
        claims.video.canUpdateOwnMetadata = canUpdateOwnMetadata
        claims.video.canPublishSources = canPublishSource.isEmpty ? nil : canPublishSource
        claims.video.hidden = hidden ? true : nil
        claims.video.roomAdmin = admin ? true : nil
        let lifetime = DurationText.parse(validFor)?.components.seconds ?? AccessKeys.defaultLifetime
        do {
            let now = Int64(Date().timeIntervalSince1970)
            Console.print(try keys.mint(claims, key: key, now: now, lifetime: lifetime))
        } catch {
            Console.complain(error.reason)
            throw Console.runtimeError
        }
    }

    private func signingKey(_ configuration: Configuration) throws -> String {
        let names = configuration.keys.keys.sorted()
        if let apiKey {
            if names.contains(apiKey) { return apiKey }
            Console.complain("--api-key: \(apiKey) is not configured; there is \(names.joined(separator: ", "))")
            throw Console.configurationError
        }
        guard let only = configuration.onlyKey else {
            Console.complain("--api-key: say which of \(names.joined(separator: ", ")) signs")
            throw Console.configurationError
        }
        return only
    }
}
