// The Prometheus text exposition format, version 0.0.4: families of samples in, one text out. Pure; knows no metric.

/// One metric family: every sample of one name, under one HELP and TYPE.
public struct MetricFamily: Sendable, Equatable {
    enum Kind: String, Sendable { case counter, gauge, histogram }

    struct Sample: Sendable, Equatable {
        /// After the family's name: `_bucket`, `_sum`, `_count`, or nothing.
        var suffix = ""
        var labels: [MetricLabel]
        var value: MetricValue
    }

    let name: String
    let kind: Kind
    let help: String
    private(set) var samples: [Sample] = []

    /// - Parameter name: `[a-zA-Z_:][a-zA-Z0-9_:]*`; counters end in `_total`, units are base units (seconds, bytes).
    init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    /// A family of one sample without labels.
    init(_ name: String, _ kind: Kind, _ help: String, _ value: MetricValue) {
        self.init(name, kind, help)
        add(value)
    }

    mutating func add(_ value: MetricValue, _ labels: MetricLabel...) {
        samples.append(Sample(labels: labels, value: value))
    }

    /// - Parameters:
    ///   - counts: one for each of `upperBounds` and one more for everything above, not cumulative.
    ///   - sum: of all observed values, in the unit of the bounds.
    mutating func addHistogram(counts: [UInt64], upperBounds: [Double], sum: Double, _ labels: MetricLabel...) {
        var cumulative: UInt64 = 0
        for (index, count) in counts.enumerated() {
            cumulative &+= count
            let bound = index < upperBounds.count ? MetricValue.number(upperBounds[index]) : .number(.infinity)
            samples.append(
                Sample(
                    suffix: "_bucket", labels: labels + [MetricLabel("le", bound.text)], value: .integer(cumulative)))
        }
        samples.append(Sample(suffix: "_sum", labels: labels, value: .number(sum)))
        samples.append(Sample(suffix: "_count", labels: labels, value: .integer(cumulative)))
    }
}

struct MetricLabel: Sendable, Equatable {
    let name: String
    let value: String
    init(_ name: String, _ value: some CustomStringConvertible) {
        self.name = name
        self.value = value.description
    }
}

enum MetricValue: Sendable, Equatable, ExpressibleByIntegerLiteral {
    case integer(UInt64)
    case number(Double)

    init(integerLiteral value: UInt64) { self = .integer(value) }
    /// Gauges counted down below zero by a bug show as zero rather than trap.
    init(_ value: Int) { self = .integer(UInt64(max(0, value))) }

    var text: String {
        switch self {
        case .integer(let value): return String(value)
        case .number(let value):
            if value.isNaN { return "NaN" }
            if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
            return String(value)
        }
    }
}

enum MetricsText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    static func render(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families where !family.samples.isEmpty {
            text += "# HELP \(family.name) \(escapeHelp(family.help))\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            for sample in family.samples {
                text += family.name + sample.suffix
                if !sample.labels.isEmpty {
                    let labels = sample.labels.map { "\($0.name)=\"\(escapeLabel($0.value))\"" }
                    text += "{" + labels.joined(separator: ",") + "}"
                }
                text += " " + sample.value.text + "\n"
            }
        }
        return text
    }

    /// HELP texts: backslash and line feed.
    static func escapeHelp(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }

    /// Label values: backslash, double quote and line feed.
    static func escapeLabel(_ text: String) -> String { escapeHelp(text).replacing("\"", with: "\\\"") }
}
