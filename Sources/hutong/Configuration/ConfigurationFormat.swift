// How values are written: one format a kind of value, each able to read and to show, so that what is shown can be read
// back.

import Foundation
import Logging
import Signaling

struct ConfigurationFormat<Value: Sendable>: Sendable {
    /// What a reader should write, for the message when it is something else: "must be …".
    let expectation: String
    let parse: @Sendable (ConfigurationValue) -> Value?
    let show: @Sendable (Value) -> String

    init(
        _ expectation: String, parse: @escaping @Sendable (ConfigurationValue) -> Value?,
        show: @escaping @Sendable (Value) -> String
    ) {
        self.expectation = expectation
        self.parse = parse
        self.show = show
    }

    /// For values written as one word.
    init(
        _ expectation: String, word parse: @escaping @Sendable (String) -> Value?,
        show: @escaping @Sendable (Value) -> String
    ) {
        self.init(
            expectation,
            parse: { value in
                guard case .scalar(let text) = value else { return nil }
                return parse(text)
            },
            show: show)
    }

    /// The same, where an empty text means that there is none.
    func optional() -> ConfigurationFormat<Value?> {
        ConfigurationFormat<Value?>(
            expectation + ", or empty",
            parse: { [parse] value in value == .scalar("") ? .some(nil) : parse(value).map { .some($0) } },
            show: { [show] value in value.map(show) ?? "\"\"" })
    }
}

extension ConfigurationFormat where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        Self(
            "a whole number from \(range.lowerBound) to \(range.upperBound)",
            word: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }, show: { String($0) })
    }

    /// Bytes with KiB or MiB, or bare.
    static func bytes(_ range: ClosedRange<Int>) -> Self {
        let units = [("KiB", 1 << 10), ("MiB", 1 << 20)]
        @Sendable func show(_ value: Int) -> String {
            for (name, size) in units.reversed() where value >= size && value % size == 0 {
                return "\(value / size) \(name)"
            }
            return String(value)
        }
        return Self(
            "a size such as 4 MiB, from \(show(range.lowerBound)) to \(show(range.upperBound))",
            word: { text in
                let unit = units.first { text.hasSuffix($0.0) }
                let digits = text.dropLast(unit?.0.count ?? 0).trimmingCharacters(in: .whitespaces)
                guard let number = Int(digits), number >= 0 else { return nil }
                let (value, overflow) = number.multipliedReportingOverflow(by: unit?.1 ?? 1)
                return !overflow && range.contains(value) ? value : nil
            },
            show: show)
    }
}

extension ConfigurationFormat where Value == Int? {
    /// A number, or `auto`.
    static func automatic(_ range: ClosedRange<Int>) -> Self {
        Self(
            "auto, or a whole number from \(range.lowerBound) to \(range.upperBound)",
            word: { text in
                text == "auto" ? .some(nil) : Int(text).flatMap { range.contains($0) ? .some($0) : nil }
            },
            show: { $0.map { String($0) } ?? "auto" })
    }
}

extension ConfigurationFormat where Value == Bool {
    static var boolean: Self {
        Self("true or false", word: { ["true": true, "false": false][$0] }, show: { $0 ? "true" : "false" })
    }
}

extension ConfigurationFormat where Value == String {
    static var path: Self { Self("a path", word: { $0.isEmpty ? nil : $0 }, show: { $0 }) }
    static var name: Self { Self("a name", word: { $0.isEmpty ? nil : $0 }, show: { $0 }) }
}

extension ConfigurationFormat where Value == Duration {
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        Self(
            "a time such as 20s, 5m or 6h, from \(DurationText.show(range.lowerBound)) to "
                + DurationText.show(range.upperBound),
            word: { text in DurationText.parse(text).flatMap { range.contains($0) ? $0 : nil } },
            show: { DurationText.show($0) })
    }
}

extension ConfigurationFormat where Value == ListenAddress {
    static func address(names: Bool) -> Self {
        Self(
            names
                ? "an address and port such as 127.0.0.1:7880, [::]:7880 or localhost:7880"
                : "a numeric address and port such as 192.0.2.1:7882 or [2001:db8::1]:7882",
            word: { text in
                guard let address = ListenAddress(text) else { return nil }
                return names || IPAddressText.isNumeric(address.host) ? address : nil
            },
            show: { "\($0)" })
    }
}

extension ConfigurationFormat where Value == [String] {
    static var addresses: Self {
        Self(
            "a list of numeric IP addresses",
            parse: { value in
                guard let items = value.items, items.allSatisfy(IPAddressText.isNumeric) else { return nil }
                return items
            },
            show: { "[" + $0.map { $0.contains(":") ? "\"\($0)\"" : $0 }.joined(separator: ", ") + "]" })
    }
}

extension ConfigurationFormat where Value == [WebhookURL] {
    /// Shown without what may be a secret in them.
    static var webhookURLs: Self {
        Self(
            "a list of http or https URLs, each once, without user and password",
            parse: { value in
                guard let items = value.items else { return nil }
                let urls = items.compactMap(WebhookURL.init)
                return urls.count == items.count && Set(urls).count == urls.count ? urls : nil
            },
            show: { "[" + $0.map { "\"\($0)\"" }.joined(separator: ", ") + "]" })
    }
}

extension ConfigurationValue {
    /// A list, in the environment with commas between.
    fileprivate var items: [String]? {
        switch self {
        case .list(let list): list
        case .scalar(let text): text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        case .pairs: nil
        }
    }
}

extension ConfigurationFormat where Value == Logger.Level {
    static var logLevel: Self {
        Self(
            "one of " + Logger.Level.allCases.map(\.rawValue).joined(separator: ", "),
            word: { Logger.Level(rawValue: $0) }, show: { $0.rawValue })
    }
}

extension ConfigurationFormat where Value == [String: Secret] {
    /// In the file a mapping; in the environment `key: secret`, several separated by commas or line ends.
    static var keys: Self {
        Self(
            "API keys with their secrets, written `key: secret`",
            parse: { value in
                let pairs: [ConfigurationValue.Pair]
                switch value {
                case .pairs(let given): pairs = given
                case .list: return nil
                case .scalar(let text):
                    var given: [ConfigurationValue.Pair] = []
                    for item in text.split(whereSeparator: { $0 == "," || $0.isNewline }) {
                        let parts = item.split(separator: ":", maxSplits: 1).map {
                            $0.trimmingCharacters(in: .whitespaces)
                        }
                        guard parts.count == 2 else { return nil }
                        given.append(.init(name: parts[0], value: parts[1]))
                    }
                    pairs = given
                }
                guard pairs.allSatisfy({ !$0.name.isEmpty }), Set(pairs.map(\.name)).count == pairs.count else {
                    return nil
                }
                return Dictionary(pairs.map { ($0.name, Secret($0.value)) }) { first, _ in first }
            },
            show: { "{" + $0.keys.sorted().map { "\($0): (hidden)" }.joined(separator: ", ") + "}" })
    }
}

enum DurationText {
    private static let units: [(String, Int64)] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]

    /// A whole number and one unit.
    static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let name = text.dropFirst(digits.count).trimmingCharacters(in: .whitespaces)
        guard let number = Int64(digits), let unit = units.first(where: { $0.0 == name }) else { return nil }
        let (milliseconds, overflow) = number.multipliedReportingOverflow(by: unit.1)
        return overflow ? nil : .milliseconds(milliseconds)
    }

    static func show(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds &* 1_000 &+ attoseconds / 1_000_000_000_000_000
        for (name, size) in units where milliseconds % size == 0 && (milliseconds >= size || size == 1) {
            return "\(milliseconds / size)\(name)"
        }
        return "0s"
    }
}

enum IPAddressText {
    static func isNumeric(_ text: String) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET, text, &bytes) == 1 || inet_pton(AF_INET6, text, &bytes) == 1
    }

    /// 0.0.0.0 or ::, in any spelling.
    static func isWildcard(_ text: String) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET, text, &bytes) == 1 || inet_pton(AF_INET6, text, &bytes) == 1 else { return false }
        return bytes.allSatisfy { $0 == 0 }
    }

    static func isLoopback(_ host: String) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, host, &bytes) == 1 { return bytes[0] == 127 }
        if inet_pton(AF_INET6, host, &bytes) == 1 { return bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 }
        return host == "localhost"
    }
}

extension ListenAddress {
    /// `host:port`, an IPv6 host in brackets. Nil when it is something else.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":"), IPAddressText.isNumeric(String(host)) else { return nil }
        } else {
            let isName = host.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") }
            guard !host.isEmpty, isName else { return nil }
        }
        self.init(host: String(host), port: Int(port))
    }
}
