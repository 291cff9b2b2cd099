// The exposition format, as https://prometheus.io/docs/instrumenting/exposition_formats/ states it.

import Testing

@testable import Signaling

struct MetricsTextTests {
    @Test func writesHelpTypeAndSamples() {
        var family = MetricFamily("hutong_drops_total", .counter, "Packets dropped.")
        family.add(3, MetricLabel("worker", 0), MetricLabel("reason", "replay"))
        family.add(.integer(.max), MetricLabel("worker", 1), MetricLabel("reason", "replay"))
        #expect(
            MetricsText.render([family, MetricFamily("hutong_rooms", .gauge, "Meetings.", MetricValue(2))]) == """
                # HELP hutong_drops_total Packets dropped.
                # TYPE hutong_drops_total counter
                hutong_drops_total{worker="0",reason="replay"} 3
                hutong_drops_total{worker="1",reason="replay"} 18446744073709551615
                # HELP hutong_rooms Meetings.
                # TYPE hutong_rooms gauge
                hutong_rooms 2

                """)
    }

    @Test func escapesLabelsAndHelp() {
        var family = MetricFamily("a", .gauge, "back\\slash\nline \"quoted\"")
        family.add(1, MetricLabel("b", "x\\y\n\"z\""))
        #expect(
            MetricsText.render([family])
                == "# HELP a back\\\\slash\\nline \"quoted\"\n# TYPE a gauge\na{b=\"x\\\\y\\n\\\"z\\\"\"} 1\n")
    }

    @Test func writesCumulativeHistograms() {
        var family = MetricFamily("turn_seconds", .histogram, "Turns.")
        family.addHistogram(counts: [1, 0, 4], upperBounds: [0.001, 0.01], sum: 0.25, MetricLabel("worker", 0))
        #expect(
            MetricsText.render([family]) == """
                # HELP turn_seconds Turns.
                # TYPE turn_seconds histogram
                turn_seconds_bucket{worker="0",le="0.001"} 1
                turn_seconds_bucket{worker="0",le="0.01"} 1
                turn_seconds_bucket{worker="0",le="+Inf"} 5
                turn_seconds_sum{worker="0"} 0.25
                turn_seconds_count{worker="0"} 5

                """)
    }

    @Test func leavesOutEmptyFamiliesAndNeverTraps() {
        #expect(MetricsText.render([MetricFamily("a", .counter, "b")]).isEmpty)
        let belowZero = -5
        #expect(MetricValue(belowZero) == .integer(0))
        #expect(MetricValue.number(.nan).text == "NaN")
        #expect(MetricValue.number(-.infinity).text == "-Inf")
    }

    @Test func sortsNumericLabelsAsNumbers() {
        let family = MetricFamily.byLabel("a_total", "b", "status", [1000: 1, 404: 2])
        #expect(MetricsText.render([family]).hasSuffix("a_total{status=\"404\"} 2\na_total{status=\"1000\"} 1\n"))
    }
}
