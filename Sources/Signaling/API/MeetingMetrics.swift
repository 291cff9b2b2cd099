// The meetings' figures as metric families. No meeting and no person is a label.

extension MetricFamily {
    public static func meetings(_ statistics: MeetingStatistics) -> [MetricFamily] {
        var messages = MetricFamily("hutong_signal_messages_total", .counter, "Signal messages, by direction.")
        messages.add(.integer(statistics.messagesIn), MetricLabel("direction", "received"))
        messages.add(.integer(statistics.messagesOut), MetricLabel("direction", "sent"))
        var resumes = MetricFamily("hutong_resumes_total", .counter, "Clients that came back, by whether they could.")
        resumes.add(.integer(statistics.resumes), MetricLabel("result", "resumed"))
        resumes.add(.integer(statistics.resumesRefused), MetricLabel("result", "refused"))
        return [
            MetricFamily("hutong_rooms", .gauge, "Meetings.", MetricValue(statistics.meetings)),
            MetricFamily("hutong_participants", .gauge, "People in them.", MetricValue(statistics.participants)),
            MetricFamily(
                "hutong_meeting_publications", .gauge, "Tracks that meetings list.",
                MetricValue(statistics.publications)),
            MetricFamily(
                "hutong_meeting_subscriptions", .gauge, "Subscriptions that meetings keep.",
                MetricValue(statistics.subscriptions)),
            byLabel("hutong_joins_total", "People let in, by the path they came on.", "path", statistics.joins),
            MetricFamily("hutong_leaves_total", .counter, "People gone.", .integer(statistics.leaves)),
            byLabel("hutong_departures_total", "People gone, by reason.", "reason", statistics.departures),
            byLabel(
                "hutong_data_packets_dropped_total", "Clients' data packets that went to nobody, by reason.", "reason",
                statistics.dataDrops),
            byLabel("hutong_join_refusals_total", "Joins refused, by HTTP status.", "status", statistics.refusals),
            resumes, messages,
            MetricFamily(
                "hutong_signal_malformed_messages_total", .counter, "Messages that do not parse.",
                .integer(statistics.malformedMessages)),
            MetricFamily(
                "hutong_signal_invalid_outputs_total", .counter,
                "Messages of ours held back as invalid: a bug of ours.",
                .integer(statistics.invalidOutputs)),
            MetricFamily(
                "hutong_signal_over_budget_total", .counter, "Sessions ended for sending too much.",
                .integer(statistics.overBudget)),
            MetricFamily(
                "hutong_signal_overflowed_total", .counter, "Sessions ended for reading too slowly.",
                .integer(statistics.overflowed)),
        ]
    }
}
