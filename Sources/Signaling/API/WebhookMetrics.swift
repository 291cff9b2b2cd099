// The figures of webhooks and the store as metric families. A receiver is its place in the operator's list: its URL may
// hold a secret.

extension MetricFamily {
    public static func webhooks(_ statistics: WebhookStatistics) -> [MetricFamily] {
        func perReceiver(
            _ name: String, _ kind: Kind, _ help: String, _ value: (WebhookStatistics.Receiver) -> MetricValue
        ) -> MetricFamily {
            var family = MetricFamily(name, kind, help)
            for (index, receiver) in statistics.receivers.enumerated() {
                family.add(value(receiver), MetricLabel("receiver", index))
            }
            return family
        }
        return [
            perReceiver("hutong_webhook_attempts_total", .counter, "Requests to a receiver.") { .integer($0.attempts) },
            perReceiver("hutong_webhook_sent_total", .counter, "Events that a receiver took.") { .integer($0.sent) },
            perReceiver("hutong_webhook_failures_total", .counter, "Requests that failed; each is made again.") {
                .integer($0.failed)
            },
            perReceiver("hutong_webhook_dropped_total", .counter, "Events given up: too old, or too many.") {
                .integer($0.dropped)
            },
            perReceiver("hutong_webhook_queue", .gauge, "Events that wait for a receiver.") { MetricValue($0.queued) },
            perReceiver("hutong_webhook_oldest_seconds", .gauge, "For how long the oldest of them has waited.") {
                .number(statistics.age(of: $0))
            },
            MetricFamily(
                "hutong_webhook_unstored", .gauge, "Events that wait for the disk.", MetricValue(statistics.unstored)),
            MetricFamily(
                "hutong_webhook_lost_total", .counter, "Events lost because the disk failed for too long.",
                .integer(statistics.lost)),
        ]
    }

    public static func store(_ store: Store, _ revocations: Revocations) -> [MetricFamily] {
        [
            MetricFamily(
                "hutong_store_failures_total", .counter, "Reads and writes of the store that failed.",
                .integer(store.failures)),
            MetricFamily(
                "hutong_revocations", .gauge, "People whose older tokens for a meeting are refused.",
                MetricValue(revocations.count)),
        ]
    }
}
