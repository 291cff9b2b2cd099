// The report's fields, and the readers of what it is made of.

import Foundation
import Histogram
import Testing

@testable import hutong_load

struct ReportTests {
    private func histogram(_ values: [UInt64]) -> Histogram<UInt32> {
        var histogram = Histogram<UInt32>(highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)
        for value in values { histogram.record(value) }
        return histogram
    }

    private func figures(reasons: [String] = []) -> Figures {
        Figures(
            scenario: "webinar", participants: 300, durationSeconds: 10, forwardsPerSecond: 67_500, lossRatio: 0,
            delay: Percentiles(microseconds: histogram([100, 200, 300])), join: nil, firstMedia: nil,
            server: .init(
                cpuSecondsPerMillionForwards: 5.5, sendtoRatio: 1.8, cpuShare: 0.4, rssBytes: 90_000_000,
                rssBytesPerParticipant: 110_000),
            client: .init(drops: 0, cpuShare: 0.3), reasons: reasons)
    }

    private func json(_ report: LoadReport) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: report.json()) as? [String: Any])
    }

    @Test func allPromisedFieldsAreThere() throws {
        let fields = try json(LoadReport(figures: figures()))
        for name in [
            "scenario", "participants", "duration_s", "forwards_per_second", "loss_ratio", "delay_ms", "join_ms",
            "first_media_ms", "server", "client", "against", "is_measurement", "reasons",
        ] {
            #expect(fields[name] != nil, "\(name)")
        }
        let server = try #require(fields["server"] as? [String: Any])
        #expect(
            Set(server.keys) == [
                "cpu_seconds_per_million_forwards", "sendto_ratio", "cpu_share", "rss_bytes",
                "rss_bytes_per_participant",
            ])
        let client = try #require(fields["client"] as? [String: Any])
        #expect(Set(client.keys) == ["drops", "cpu_share"])
        let delay = try #require(fields["delay_ms"] as? [String: Any])
        #expect(Set(delay.keys) == ["p50", "p90", "p99", "max"])
        #expect(fields["join_ms"] is NSNull)
        #expect(fields["against"] is NSNull)
        #expect(fields["is_measurement"] as? Bool == true)
    }

    @Test func aPeerHasTheSameFields() throws {
        let fields = try json(LoadReport(figures: figures(), against: figures()))
        let against = try #require(fields["against"] as? [String: Any])
        #expect(Set(against.keys) == Set(fields.keys).subtracting(["against"]))
    }

    @Test func whoWasTheBottleneckHasNotMeasured() throws {
        let report = LoadReport(figures: figures(reasons: ["the client used 97 % of its core"]))
        #expect(try json(report)["is_measurement"] as? Bool == false)
        #expect(report.table.contains("! the client used 97 %"))
        #expect(HTMLReport(report: report).text.contains("Not a measurement"))
    }

    @Test func percentilesAreMilliseconds() throws {
        let percentiles = try #require(Percentiles(microseconds: histogram(Array(1...1_000).map { $0 * 100 })))
        #expect(abs(percentiles.p50 - 50) < 0.1)
        #expect(abs(percentiles.p90 - 90) < 0.1)
        #expect(abs(percentiles.p99 - 99) < 0.1)
        #expect(abs(percentiles.max - 100) < 0.1)
        #expect(Percentiles(microseconds: histogram([])) == nil)
    }

    @Test func thePageNeedsNothingBesideIt() {
        var report = LoadReport(figures: figures())
        report.joins = [(0, 10), (100, 20)]
        report.samples = [
            Sample(seconds: 1, lossRatio: 0, serverCPU: 0.4, clientCPU: 0.2, packetsPerSecond: 1, participants: 2)
        ]
        let page = HTMLReport(report: report).text
        #expect(page.components(separatedBy: "<svg").count == 4)
        for word in ["src=", "href=", "url(", "nan", "inf\""] { #expect(!page.contains(word), "\(word)") }
    }

    @Test func aProcessIsReadByItsFields() throws {
        // A name may hold spaces and parentheses.
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 8 0 1 1 1"
        let figures = try #require(
            ProcessFigures(stat: stat, status: "Name:\tx\nVmRSS:\t   2048 kB\n", ticksPerSecond: 100))
        #expect(figures.cpuSeconds == 2)
        #expect(figures.residentBytes == 2_097_152)
        #expect(ProcessFigures(stat: "broken", status: "", ticksPerSecond: 100) == nil)
        #expect(ProcessFigures.read(getpid()) != nil)
    }

    @Test func metricsAreSummedOverLabels() {
        let text = """
            # TYPE hutong_forwards_total counter
            hutong_forwards_total{worker="0"} 10
            hutong_forwards_total{worker="1"} 32
            hutong_forwards_total_else 7
            """
        #expect(MetricsReader.sum("hutong_forwards_total", in: text) == 42)
        #expect(MetricsReader.sum("hutong_missing", in: text) == nil)
    }

    @Test func addressesAreRead() {
        #expect(SignalAddress("ws://127.0.0.1:7880") == SignalAddress(host: "127.0.0.1", port: 7880, usesTLS: false))
        #expect(
            SignalAddress("wss://meet.example/base/")
                == SignalAddress(host: "meet.example", port: 443, usesTLS: true, path: "/base"))
        #expect(SignalAddress("ftp://x") == nil)
        #expect(SignalAddress("nothing") == nil)
    }

    @Test func theFirstFieldOfAMessageIsFound() {
        #expect(LiveKitParticipant.firstField([0x0a, 0x01]) == 1)
        #expect(LiveKitParticipant.firstField([0xca, 0x01, 0x00]) == 25)
        #expect(LiveKitParticipant.firstField([]) == nil)
        #expect(LiveKitParticipant.firstField([0xff]) == nil)
    }
}
