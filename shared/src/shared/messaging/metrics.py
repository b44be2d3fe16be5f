"""Names of the delivery metrics, in one place, so that dashboards and code can't drift apart."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class DeliveryMetrics:
    """Counters and gauges of one process; labels are topics, types, groups: never anything personal."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.consumed = Counter(
            "minsheng_events_consumed",
            "Records consumed, by what became of them (handled, ignored, retried, dead-lettered)",
            ["topic", "type", "outcome"],
            registry=registry,
        )
        self.handling_seconds = Histogram(
            "minsheng_event_handling_seconds",
            "Time in the handler of one record",
            ["topic"],
            registry=registry,
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
        )
        self.lag = Gauge(
            "minsheng_consumer_lag",
            "Records between position and end of log",
            ["topic", "group"],
            registry=registry,
        )
        self.published = Counter(
            "minsheng_relay_published",
            "Outbox entries acknowledged by the broker",
            ["topic"],
            registry=registry,
        )
        self.publish_failures = Counter(
            "minsheng_relay_failures", "Batches that were not acknowledged", registry=registry
        )
        self.outbox_oldest_seconds = Gauge(
            "minsheng_outbox_oldest_seconds",
            "Age of the oldest event that waits for the broker",
            ["relay"],
            registry=registry,
        )
        self.relay_idle_seconds = Gauge(
            "minsheng_relay_idle_seconds", "Seconds since the relay last went round", ["relay"], registry=registry
        )
        self.dead_letters = Counter(
            "minsheng_dead_letters", "Records buried", ["topic", "error_type"], registry=registry
        )
