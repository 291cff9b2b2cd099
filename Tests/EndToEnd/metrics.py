"""Reads the server's /metrics (Prometheus text) and names the few that the tests judge by."""

from __future__ import annotations

import re

LINE = re.compile(r"^([A-Za-z_:][A-Za-z0-9_:]*)(?:\{(.*)\})?\s+(\S+)$")
LABEL = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"')

# Gauges that are zero when nobody is connected.
OCCUPANCY = (
    "hutong_rooms",
    "hutong_participants",
    "hutong_meeting_publications",
    "hutong_meeting_subscriptions",
    "hutong_signal_sockets",
    "hutong_transports",
    "hutong_publications",
    "hutong_streams",
    "hutong_subscriptions",
    "hutong_mirrors",
    "hutong_pool_packets",
    "hutong_data_held_bytes",
    "hutong_tcp_connections",
    "hutong_tcp_queued_packets",
)
# Reasons that say a datagram was harmless or unwanted rather than lost on the way.
HARMLESS_DROPS = {
    "no_forward", "padding_only", "muted", "duplicate", "empty", "unknown_address", "unknown_protocol",
}  # fmt: skip

LOSS_COUNTERS = ("hutong_upstream_lost_packets_total", "hutong_kernel_drops_total")


class Metrics:
    """One reading. `self[name]` sums a metric over all its labels."""

    def __init__(self, text: str):
        self.samples: list[tuple[str, dict[str, str], float]] = []
        for line in text.splitlines():
            if line and not line.startswith("#"):
                match = LINE.match(line)
                assert match, f"not a Prometheus sample: {line!r}"
                self.samples.append((match[1], dict(LABEL.findall(match[2] or "")), float(match[3])))
        self.names = {name for name, _, _ in self.samples}

    def __getitem__(self, name: str) -> float:
        assert name in self.names, f"/metrics has no {name}"
        return sum(value for sample, _, value in self.samples if sample == name)

    def by(self, name: str, label: str) -> dict[str, float]:
        """A metric's values by one of its labels, summed over the others."""
        totals: dict[str, float] = {}
        for sample, labels, value in self.samples:
            if sample == name:
                totals[labels.get(label, "")] = totals.get(labels.get(label, ""), 0) + value
        return totals

    def occupancy(self) -> dict[str, float]:
        return {name: self[name] for name in OCCUPANCY}

    def drops(self) -> dict[str, float]:
        """Dropped packets by reason, those that happened."""
        return {reason: count for reason, count in self.by("hutong_drops_total", "reason").items() if count}

    def drop_since(self, before: Metrics, reason: str) -> float:
        return self.drops().get(reason, 0) - before.drops().get(reason, 0)

    def failures_since(self, before: Metrics, reason: str) -> float:
        """Transports that failed for a reason."""
        name = "hutong_transport_failures_total"
        return self.by(name, "reason").get(reason, 0) - before.by(name, "reason").get(reason, 0)

    def losses_since(self, before: Metrics) -> dict[str, float]:
        """What must stay empty on a clean network: upstream gaps and drops that mean trouble."""
        earlier = before.drops()
        counts = {
            f"drop {reason}": count - earlier.get(reason, 0)
            for reason, count in self.drops().items()
            if reason not in HARMLESS_DROPS
        }
        for name in LOSS_COUNTERS:
            counts[name] = self[name] - before[name]
        return {what: count for what, count in counts.items() if count}
