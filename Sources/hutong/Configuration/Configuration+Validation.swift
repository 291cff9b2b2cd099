// What no single setting can know: which of them fit together.

import Signaling

extension Configuration {
    /// Called once after reading: what `--dev` brings, if nobody said otherwise.
    mutating func addDevelopmentKey() {
        guard isDevelopment, keys[Self.developmentKey] == nil else { return }
        keys[Self.developmentKey] = Self.developmentSecret
    }

    /// The API key that signs when nobody said which; nil when there are several.
    var onlyKey: String? {
        if isDevelopment { return Self.developmentKey }
        return keys.count == 1 ? keys.keys.first : nil
    }

    /// The API key that signs webhooks; nil when it is not clear which, or does not exist.
    var webhookSigningKey: String? {
        let key = webhookKey ?? onlyKey
        return key.flatMap { keys[$0] == nil ? nil : $0 }
    }

    var usesTLS: Bool { isSelfSigned || certificatePath != nil }

    /// Everything that keeps the server from starting, apart from files and sockets.
    func problems() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        if keys.isEmpty {
            problems.append(
                .init(
                    "keys",
                    "there is no API key; put `keys: { mykey: SECRET }` into the file or "
                        + "HUTONG_KEYS=\"mykey: SECRET\" into "
                        + "the environment, SECRET from `openssl rand -hex 32`; or try the server with --dev"))
        }
        for (key, secret) in keys.sorted(by: { $0.key < $1.key })
        where secret.byteCount < AccessKeys.minimumSecretBytes {
            problems.append(
                .init(
                    "keys",
                    "the secret of \(key) has \(secret.byteCount) bytes; "
                        + "it needs \(AccessKeys.minimumSecretBytes) or more "
                        + "(`openssl rand -hex 32` makes one)"))
        }
        if certificatePath != nil, privateKeyPath == nil {
            problems.append(.init("tls.key", "is missing; tls.certificate needs its private key"))
        }
        if certificatePath == nil, privateKeyPath != nil {
            problems.append(.init("tls.certificate", "is missing; tls.key needs its certificate"))
        }
        if isSelfSigned, certificatePath != nil || privateKeyPath != nil {
            problems.append(.init("tls.self_signed", "cannot be on together with tls.certificate and tls.key"))
        }
        if IPAddressText.isWildcard(media.host), announced.isEmpty {
            problems.append(
                .init(
                    "media.announce", "is empty; with media.listen on \(media.host) say which address clients shall use"
                ))
        }
        if let workers, media.port != 0, media.port + workers - 1 > 65_535 {
            problems.append(.init("media.workers", "\(workers) ports from \(media.port) go beyond 65535"))
        }
        for (path, address) in [("listen", listen), ("metrics.listen", metricsListen)] {
            guard let address, sharesPortWithMedia(address) else { continue }
            problems.append(
                .init(
                    "media.tcp",
                    "TCP port \(address.port) is that of \(path); choose another media.listen, or turn media.tcp off"))
        }
        if !webhookURLs.isEmpty, !keys.isEmpty, webhookSigningKey == nil {
            let names = keys.keys.sorted().joined(separator: ", ")
            problems.append(.init("webhooks.api_key", "say which of \(names) signs webhooks"))
        }
        if let metricsListen, metricsListen == listen, listen.port != 0 {
            problems.append(.init("metrics.listen", "is the same as listen"))
        }
        return problems
    }

    /// Whether media would take the address's TCP port, as far as the settings tell.
    private func sharesPortWithMedia(_ address: ListenAddress) -> Bool {
        let ports = media.port..<media.port + (workers ?? 1)
        guard acceptsMediaTCP, media.port != 0, ports.contains(address.port) else { return false }
        return address.host == media.host || [address.host, media.host].contains(where: IPAddressText.isWildcard)
    }

    /// What works but is seldom meant.
    func warnings() -> [ConfigurationProblem] {
        var warnings: [ConfigurationProblem] = []
        if isDevelopment, !IPAddressText.isLoopback(listen.host) {
            warnings.append(
                .init("--dev", "on \(listen.host) lets everyone who reaches it join any meeting and mint tokens"))
        }
        if !IPAddressText.isLoopback(listen.host), !usesTLS {
            warnings.append(
                .init(
                    "listen",
                    "without TLS browsers on other machines give the page no camera or microphone; "
                        + "set tls.certificate, "
                        + "or put a proxy with HTTPS in front"))
        }
        if media.host != "::", !announced.isEmpty, IPAddressText.isLoopback(media.host),
            !announced.allSatisfy(IPAddressText.isLoopback)
        {
            warnings.append(
                .init("media.announce", "names addresses on which media.listen (\(media.host)) does not receive"))
        }
        return warnings
    }
}
