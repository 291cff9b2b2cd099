// The edge's own figures and the build, as metric families.

extension MetricFamily {
    public static func build(version: String) -> MetricFamily {
        var family = MetricFamily("hutong_build_info", .gauge, "Always 1; the version is a label.")
        family.add(1, MetricLabel("version", version))
        return family
    }

    static func edge(_ values: EdgeStatistics.Values) -> [MetricFamily] {
        var upgrades = MetricFamily("hutong_signal_upgrades_total", .counter, "WebSockets opened, by protocol version.")
        upgrades.add(.integer(values.upgrades[.v0] ?? 0), MetricLabel("version", "v0"))
        upgrades.add(.integer(values.upgrades[.v1] ?? 0), MetricLabel("version", "v1"))
        return [
            MetricFamily("hutong_http_connections", .gauge, "Open TCP connections.", MetricValue(values.connections)),
            MetricFamily("hutong_signal_sockets", .gauge, "Open signaling WebSockets.", MetricValue(values.webSockets)),
            upgrades,
            byLabel(
                "hutong_signal_refusals_total", "Joins and validations refused, by HTTP status.", "status",
                values.refusals),
            byLabel("hutong_http_responses_total", "HTTP responses, by status.", "status", values.responses),
            byLabel(
                "hutong_signal_protocol_violations_total", "WebSockets closed for breaking a rule, by close code.",
                "code", values.protocolViolations),
            MetricFamily(
                "hutong_http_connections_refused_total", .counter,
                "Connections closed at once because there were too many.", .integer(values.connectionsRefused)),
            MetricFamily(
                "hutong_http_requests_rejected_total", .counter,
                "Requests whose head was too slow, too large or not HTTP.", .integer(values.requestsRejected)),
        ]
    }

    /// A counter with one sample per value of one label, in the labels' order.
    static func byLabel(
        _ name: String, _ help: String, _ label: String, _ counts: [some Comparable & CustomStringConvertible: UInt64]
    ) -> MetricFamily {
        var family = MetricFamily(name, .counter, help)
        for (key, count) in counts.sorted(by: { $0.key < $1.key }) {
            family.add(.integer(count), MetricLabel(label, key))
        }
        return family
    }
}
