// The lines a person reads when the server has started. Scripts wait for the first of them.

import Signaling

struct Greeting {
    var configuration: Configuration
    var listening: ListenAddress
    var mediaPorts: [UInt16]

    var lines: [String] {
        let addresses = configuration.announced.isEmpty ? [configuration.media.host] : configuration.announced
        var lines = [
            "Hutong is ready: \(urls.joined(separator: "  "))",
            "Media: \(protocols) \(addresses.joined(separator: ", ")), \(ports)",
        ]
        if configuration.isDevelopment,
            configuration.keys[Configuration.developmentKey] == Configuration.developmentSecret
        {
            lines.append(
                "Development server: API key \(Configuration.developmentKey), "
                    + "secret \(Configuration.developmentSecret.revealed())")
        }
        return lines
    }

    /// What to type into a browser.
    var urls: [String] {
        hosts.map { "\(configuration.usesTLS ? "https" : "http")://\(ListenAddress(host: $0, port: listening.port))" }
    }

    func print() {
        for line in lines { Console.print(line) }
    }

    /// A wildcard is no address.
    private var hosts: [String] {
        guard IPAddressText.isWildcard(listening.host) else { return [listening.host] }
        return ["localhost"] + configuration.announced
    }

    private var protocols: String { configuration.acceptsMediaTCP ? "UDP and TCP" : "UDP" }

    private var ports: String {
        guard let first = mediaPorts.first, let last = mediaPorts.last else { return "no port" }
        let isRun = zip(mediaPorts, mediaPorts.dropFirst()).allSatisfy { Int($0) + 1 == Int($1) }
        if mediaPorts.count == 1 { return "port \(first)" }
        return isRun ? "ports \(first) to \(last)" : "ports " + mediaPorts.map { "\($0)" }.joined(separator: ", ")
    }
}
