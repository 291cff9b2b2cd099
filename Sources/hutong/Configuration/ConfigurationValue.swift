// A setting as it was written, before anyone knows what it should be: the common ground of YAML, environment and
// command line.

enum ConfigurationValue: Sendable, Equatable {
    case scalar(String)
    case list([String])
    case pairs([Pair])

    struct Pair: Sendable, Equatable {
        var name: String
        var value: String
    }
}

/// Where a setting came from; the later beats the earlier.
enum ConfigurationSource: Sendable, Equatable, CustomStringConvertible {
    case standard
    case file(path: String, line: Int)
    case environment(String)
    case commandLine(String)

    var description: String {
        switch self {
        case .standard: "default"
        case .file(let path, let line): "\(path):\(line)"
        case .environment(let name): name
        case .commandLine(let option): option
        }
    }
}

/// One line that says what is wrong and where. Never holds a secret.
struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    var place: String
    var text: String

    init(_ place: some CustomStringConvertible, _ text: String) {
        self.place = place.description
        self.text = text
    }

    var description: String { "\(place): \(text)" }
}

/// All that is wrong at once.
struct ConfigurationProblems: Error, Sendable, Equatable {
    var problems: [ConfigurationProblem]
}
