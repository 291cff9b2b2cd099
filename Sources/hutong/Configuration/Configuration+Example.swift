// hutong.example.yaml and the output of `hutong check`, written from the table.

extension ConfigurationKey {
    /// The whole example file: every setting with its meaning, unit, environment variable and default.
    static var example: String {
        var text = """
            # Every setting of Hutong with its default. Copy to hutong.yaml, keep what you change, and start with
            #   hutong serve --config hutong.yaml
            # An environment variable beats the file, the command line beats both. `hutong check` shows the result.
            # This file is written by `hutong check --example`.

            """
        var section = ""
        for key in all {
            let parts = key.path.split(separator: ".").map(String.init)
            let parent = parts.count > 1 ? parts[0] : ""
            text += "\n"
            if parent != section, !parent.isEmpty { text += "\(parent):\n" }
            section = parent
            let indent = parent.isEmpty ? "" : "  "
            for line in key.summary { text += "\(indent)# \(line)\n" }
            let unit = key.unit.isEmpty ? "" : "Unit: \(key.unit). "
            text += "\(indent)# \(unit)Environment: \(key.environmentName)\n"
            text += "\(indent)\(parts[parts.count - 1]): \(key.show(Configuration()))\n"
        }
        return text
    }

    /// The effective configuration, one line a setting with its origin; secrets hidden.
    static func listing(_ result: ConfigurationReader.Result) -> String {
        let width = all.map(\.path.count).max() ?? 0
        return all.map { key in
            let name = key.path.padding(to: width)
            let source =
                result.sources[key.path]
                ?? (key.path == "keys" && result.configuration.isDevelopment
                    ? .commandLine("--dev") : .standard)
            return "\(name) = \(key.show(result.configuration).padding(to: 28)) # \(source)\n"
        }.joined()
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
