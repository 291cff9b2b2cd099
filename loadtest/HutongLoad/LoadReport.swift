// What a run found out, as JSON (docs/load-testing.md) and as a table for the terminal.

import Foundation
import Histogram

struct Percentiles: Codable, Equatable, Sendable {
    var p50: Double
    var p90: Double
    var p99: Double
    var max: Double

    /// Milliseconds; nil of nothing.
    init?(microseconds histogram: Histogram<UInt32>) {
        guard histogram.totalCount > 0 else { return nil }
        func milliseconds(_ percentile: Double) -> Double {
            Self.rounded(Double(histogram.valueAtPercentile(percentile)) / 1_000)
        }
        p50 = milliseconds(50)
        p90 = milliseconds(90)
        p99 = milliseconds(99)
        max = Self.rounded(Double(histogram.maxRecorded) / 1_000)
    }

    private static func rounded(_ value: Double) -> Double { (value * 1_000).rounded() / 1_000 }
}

/// One server under one load. What could not be known is nil, and null in JSON.
struct Figures: Equatable, Sendable {
    struct Server: Equatable, Sendable {
        var cpuSecondsPerMillionForwards: Double?
        var sendtoRatio: Double?
        /// Of one core.
        var cpuShare: Double?
        var rssBytes: UInt64?
        var rssBytesPerParticipant: Double?
    }

    struct Client: Equatable, Sendable {
        var drops: UInt64
        /// Of one core.
        var cpuShare: Double
    }

    var scenario: String
    var participants: Int
    var durationSeconds: Double
    var forwardsPerSecond: Double?
    var lossRatio: Double?
    var delay: Percentiles?
    var join: Percentiles?
    var firstMedia: Percentiles?
    var server: Server
    var client: Client
    /// Empty: the figures are the server's. Else why they are not.
    var reasons: [String]
    var details = Details()

    /// Not part of the promised fields; for people who look closer.
    struct Details: Equatable, Sendable {
        var server = ""
        var joined = 0
        var failedJoins = 0
        var failure: String?
        var runningLossRatio: Double?
        var expectedForwardsPerSecond = 0
        var streams = 0
        var silentStreams = 0
        var packetsReceived: UInt64 = 0
        var packetsLost: UInt64 = 0
        var decrypted: UInt64 = 0
        var authenticationFailures: UInt64 = 0
        var keyframeRequests: UInt64 = 0
        var nacks: UInt64 = 0
        var resent: UInt64 = 0
        var thrownAway: UInt64 = 0
        var nacksSent: UInt64 = 0
        var repaired: UInt64 = 0
        var unrepaired: UInt64 = 0
        var framesLeftOut: UInt64 = 0
        var sendtoNanoseconds: Double?
        var othersShareOfServerCore: Double?
        var serverCore: Int?
        var clientCore: Int?
    }

    var isMeasurement: Bool { reasons.isEmpty }
}

/// One second of a run.
struct Sample: Equatable, Sendable {
    var seconds: Double
    var lossRatio: Double
    var serverCPU: Double?
    var clientCPU: Double
    var packetsPerSecond: Double
    var participants: Int
}

struct LoadReport: Sendable {
    var figures: Figures
    var against: Figures?
    /// For the page of plots.
    var samples: [Sample] = []
    /// Milliseconds after the run's beginning, with how long it took.
    var joins: [(at: Double, took: Double)] = []
    /// Percentile and milliseconds, ascending.
    var delayDistribution: [(percentile: Double, milliseconds: Double)] = []
}

// MARK: - JSON

private struct FieldName: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Figures.Server: Encodable {
    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: FieldName.self)
        try fields.encode(cpuSecondsPerMillionForwards, forKey: FieldName("cpu_seconds_per_million_forwards"))
        try fields.encode(sendtoRatio, forKey: FieldName("sendto_ratio"))
        try fields.encode(cpuShare, forKey: FieldName("cpu_share"))
        try fields.encode(rssBytes, forKey: FieldName("rss_bytes"))
        try fields.encode(rssBytesPerParticipant, forKey: FieldName("rss_bytes_per_participant"))
    }
}

extension Figures.Client: Encodable {
    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: FieldName.self)
        try fields.encode(drops, forKey: FieldName("drops"))
        try fields.encode(cpuShare, forKey: FieldName("cpu_share"))
    }
}

extension Figures.Details: Encodable {
    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: FieldName.self)
        try fields.encode(server, forKey: FieldName("server"))
        try fields.encode(joined, forKey: FieldName("joined"))
        try fields.encode(failedJoins, forKey: FieldName("failed_joins"))
        try fields.encode(failure, forKey: FieldName("failure"))
        try fields.encode(runningLossRatio, forKey: FieldName("running_loss_ratio"))
        try fields.encode(expectedForwardsPerSecond, forKey: FieldName("expected_forwards_per_second"))
        try fields.encode(streams, forKey: FieldName("streams"))
        try fields.encode(silentStreams, forKey: FieldName("silent_streams"))
        try fields.encode(packetsReceived, forKey: FieldName("packets_received"))
        try fields.encode(packetsLost, forKey: FieldName("packets_lost"))
        try fields.encode(decrypted, forKey: FieldName("decrypted"))
        try fields.encode(authenticationFailures, forKey: FieldName("authentication_failures"))
        try fields.encode(keyframeRequests, forKey: FieldName("keyframe_requests"))
        try fields.encode(nacks, forKey: FieldName("nacks"))
        try fields.encode(resent, forKey: FieldName("resent"))
        try fields.encode(thrownAway, forKey: FieldName("thrown_away"))
        try fields.encode(nacksSent, forKey: FieldName("nacks_sent"))
        try fields.encode(repaired, forKey: FieldName("repaired"))
        try fields.encode(unrepaired, forKey: FieldName("unrepaired"))
        try fields.encode(framesLeftOut, forKey: FieldName("frames_left_out"))
        try fields.encode(sendtoNanoseconds, forKey: FieldName("sendto_nanoseconds"))
        try fields.encode(othersShareOfServerCore, forKey: FieldName("others_share_of_server_core"))
        try fields.encode(serverCore, forKey: FieldName("server_core"))
        try fields.encode(clientCore, forKey: FieldName("client_core"))
    }
}

extension Figures: Encodable {
    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: FieldName.self)
        try fields.encode(scenario, forKey: FieldName("scenario"))
        try fields.encode(participants, forKey: FieldName("participants"))
        try fields.encode(durationSeconds, forKey: FieldName("duration_s"))
        try fields.encode(forwardsPerSecond, forKey: FieldName("forwards_per_second"))
        try fields.encode(lossRatio, forKey: FieldName("loss_ratio"))
        try fields.encode(delay, forKey: FieldName("delay_ms"))
        try fields.encode(join, forKey: FieldName("join_ms"))
        try fields.encode(firstMedia, forKey: FieldName("first_media_ms"))
        try fields.encode(server, forKey: FieldName("server"))
        try fields.encode(client, forKey: FieldName("client"))
        try fields.encode(isMeasurement, forKey: FieldName("is_measurement"))
        try fields.encode(reasons, forKey: FieldName("reasons"))
        try fields.encode(details, forKey: FieldName("details"))
    }
}

extension LoadReport: Encodable {
    func encode(to encoder: any Encoder) throws {
        try figures.encode(to: encoder)
        var fields = encoder.container(keyedBy: FieldName.self)
        try fields.encode(against, forKey: FieldName("against"))
    }

    func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }
}

// MARK: - Table

extension LoadReport {
    /// What a person wants to know, with the peer beside it if there was one.
    var table: String {
        let columns = [figures] + (against.map { [$0] } ?? [])
        var rows: [[String]] = []
        func row(_ name: String, _ value: (Figures) -> String) { rows.append([name] + columns.map(value)) }
        row(figures.scenario) { $0.details.server }
        row("participants (joined)") { "\($0.participants) (\($0.details.joined))" }
        row("measured for") { Self.number($0.durationSeconds, 1) + " s" }
        row("packets forwarded a second") { Self.number($0.forwardsPerSecond, 0) }
        row("loss") { $0.lossRatio.map { Self.number($0 * 100, 3) + " %" } ?? "–" }
        if columns.contains(where: { $0.details.runningLossRatio != nil }) {
            row("loss of those there before") {
                $0.details.runningLossRatio.map { Self.number($0 * 100, 3) + " %" } ?? "–"
            }
        }
        row("delay p50 / p99 / max") { Self.text($0.delay) }
        row("join p50 / p99 / max") { Self.text($0.join) }
        row("first media p50 / p99 / max") { Self.text($0.firstMedia) }
        row("server CPU per packet") { Self.number($0.server.cpuSecondsPerMillionForwards, 2) + " µs" }
        row("  in bare sendtos") { Self.number($0.server.sendtoRatio, 2) }
        row("server CPU, of one core") { Self.percent($0.server.cpuShare) }
        row("server memory") {
            $0.server.rssBytes.map { Self.number(Double($0) / 1e6, 1) + " MB" } ?? "–"
        }
        row("  per participant") {
            $0.server.rssBytesPerParticipant.map { Self.number($0 / 1e3, 0) + " kB" } ?? "–"
        }
        row("client CPU, of one core") { Self.percent($0.client.cpuShare) }
        row("client drops") { "\($0.client.drops)" }
        row("keyframes / NACKs asked of us") { "\($0.details.keyframeRequests) / \($0.details.nacks)" }
        if columns.contains(where: { $0.details.thrownAway > 0 }) {
            row("thrown away by --loss") { "\($0.details.thrownAway)" }
        }
        if columns.contains(where: { $0.details.nacksSent > 0 }) {
            row("asked again / repaired / given up") {
                "\($0.details.nacksSent) / \($0.details.repaired) / \($0.details.unrepaired)"
            }
        }
        row("is a measurement") { $0.isMeasurement ? "yes" : "no" }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var text = rows.map { row in
            row.enumerated().map { $0.element.padding(toLength: widths[$0.offset], withPad: " ", startingAt: 0) }
                .joined(separator: "  ")
        }.joined(separator: "\n")
        for reason in columns.flatMap(\.reasons) { text += "\n! \(reason)" }
        if let ratio = ratioToPeer { text += "\nCPU per packet against the peer: \(Self.number(ratio, 2)) times" }
        return text
    }

    private var ratioToPeer: Double? {
        guard let own = figures.server.cpuSecondsPerMillionForwards,
            let other = against?.server.cpuSecondsPerMillionForwards, other > 0
        else { return nil }
        return own / other
    }

    private static func text(_ percentiles: Percentiles?) -> String {
        percentiles.map { "\(number($0.p50, 2)) / \(number($0.p99, 2)) / \(number($0.max, 1)) ms" } ?? "–"
    }

    private static func percent(_ share: Double?) -> String { share.map { number($0 * 100, 0) + " %" } ?? "–" }

    static func number(_ value: Double?, _ digits: Int) -> String {
        value.map { String(format: "%.\(digits)f", $0) } ?? "–"
    }
}
