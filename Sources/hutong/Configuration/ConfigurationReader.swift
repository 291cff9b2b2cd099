// Joins the sources: command line over environment over file over defaults. Everything wrong is collected before
// anything is refused.

import Foundation
import Yams

struct ConfigurationReader {
    /// Text of the file and the name to show for it.
    var file: (name: String, text: String)?
    var environment: [String: String] = [:]
    /// Option as typed, key path, value; in the order given.
    var commandLine: [(option: String, path: String, value: ConfigurationValue)] = []

    struct Result {
        var configuration = Configuration()
        /// By key path; a path that is missing has its default.
        var sources: [String: ConfigurationSource] = [:]
        var problems: [ConfigurationProblem] = []
        var warnings: [ConfigurationProblem] = []
    }

    func read() -> Result {
        var result = Result()
        if let file { readFile(file, into: &result) }
        readEnvironment(into: &result)
        for (option, path, value) in commandLine {
            apply(path, value, from: .commandLine(option), to: &result)
        }
        return result
    }

    private func apply(
        _ path: String, _ value: ConfigurationValue, from source: ConfigurationSource, to result: inout Result
    ) {
        guard let key = ConfigurationKey.all.first(where: { $0.path == path }) else {
            result.problems.append(.init(source, "there is no setting \(path)\(Self.suggestion(for: path))"))
            return
        }
        do {
            try key.apply(value, &result.configuration)
            result.sources[path] = source
        } catch {
            let name = source.description.hasSuffix(path) ? "" : path + " "
            result.problems.append(.init(source, "\(name)must be \(error.expectation)"))
        }
    }

    // MARK: Environment

    private func readEnvironment(into result: inout Result) {
        let prefix = ConfigurationKey.environmentPrefix
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(prefix) {
            if let key = ConfigurationKey.all.first(where: { $0.environmentName == name }) {
                apply(key.path, .scalar(text), from: .environment(name), to: &result)
            } else {
                // Only a warning: the variable may belong to a test or a script around us.
                result.warnings.append(.init(name, "names no setting and is ignored"))
            }
        }
    }

    // MARK: File

    private func readFile(_ file: (name: String, text: String), into result: inout Result) {
        do {
            guard let root = try Yams.compose(yaml: file.text) else { return }
            // An empty document, or one of comments only.
            if root.scalar?.string.isEmpty == true { return }
            guard case .mapping(let mapping) = root else {
                result.problems.append(.init(file.name, "must be a mapping of settings"))
                return
            }
            readMapping(mapping, below: "", file.name, into: &result)
        } catch {
            result.problems.append(.init(file.name, Self.text(of: error)))
        }
    }

    private func readMapping(
        _ mapping: Node.Mapping, below parent: String, _ file: String, into result: inout Result
    ) {
        for (name, node) in mapping {
            let source = ConfigurationSource.file(path: file, line: name.mark?.line ?? 0)
            guard let name = name.scalar?.string else {
                result.problems.append(.init(source, "a setting's name must be a word"))
                continue
            }
            let path = parent.isEmpty ? name : parent + "." + name
            if ConfigurationKey.all.contains(where: { $0.path == path }) {
                if let value = Self.value(of: node) {
                    apply(path, value, from: source, to: &result)
                } else {
                    result.problems.append(.init(source, "\(path) is nested too deeply"))
                }
            } else if case .mapping(let inner) = node,
                ConfigurationKey.all.contains(where: { $0.path.hasPrefix(path + ".") })
            {
                readMapping(inner, below: path, file, into: &result)
            } else {
                result.problems.append(.init(source, "there is no setting \(path)\(Self.suggestion(for: path))"))
            }
        }
    }

    private static func value(of node: Node) -> ConfigurationValue? {
        switch node {
        case .scalar(let scalar):
            return .scalar(scalar.string)
        case .sequence(let sequence):
            let items = sequence.compactMap(\.scalar?.string)
            return items.count == sequence.count ? .list(items) : nil
        case .mapping(let mapping):
            let pairs = mapping.compactMap { name, value -> ConfigurationValue.Pair? in
                guard let name = name.scalar?.string, let value = value.scalar?.string else { return nil }
                return .init(name: name, value: value)
            }
            return pairs.count == mapping.count ? .pairs(pairs) : nil
        case .alias:
            return nil
        }
    }

    /// Yams describes errors with an excerpt of the file, which may hold a secret: only place and problem are kept.
    private static func text(of error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): \(problem)"
        case .duplicatedKeysInMapping: "a setting is given twice"
        default: "is not YAML"
        }
    }

    private static func suggestion(for path: String) -> String {
        let last = path.split(separator: ".").last.map(String.init) ?? path
        let near = ConfigurationKey.all.first {
            $0.path.hasSuffix("." + last) || editDistance($0.path, path) <= 2
        }
        return near.map { " (did you mean \($0.path)?)" } ?? ""
    }

    /// Levenshtein's distance; both texts are a few dozen characters.
    private static func editDistance(_ a: String, _ b: String) -> Int {
        let b = Array(b.prefix(100))
        var row = Array(0...b.count)
        for (i, x) in a.prefix(100).enumerated() {
            var previous = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let substituted = previous + (x == y ? 0 : 1)
                previous = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, previous + 1)
            }
        }
        return row[b.count]
    }
}
