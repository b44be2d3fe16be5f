"""What the notifier counts; labels are forms, channels and outcomes, nothing of a person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from notifier.domain.notice import Notice


class NoticeMetrics:
    """Counters of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._notices = Counter(
            "minsheng_notices",
            "Notices by what became of them (planned, sent, failed, deferred, away, unaddressed, unsubscribed)",
            ["form", "channel", "outcome"],
            registry=registry,
        )
        self._oldest = Gauge(
            "minsheng_notices_oldest_seconds",
            "Seconds since the mail that has been due longest was planned",
            registry=registry,
        )

    def planned(self, notices: list[Notice]) -> None:
        """New notices; one for the page is sent by being recorded."""
        for notice in notices:
            outcome = "sent" if notice.channel == "page" else "planned"
            self._notices.labels(form=notice.form, channel=notice.channel, outcome=outcome).inc()

    def attempted(self, notice: Notice, outcome: str) -> None:
        """One attempt to deliver."""
        self._notices.labels(form=notice.form, channel=notice.channel, outcome=outcome).inc()

    def oldest(self, seconds: float) -> None:
        """Age of the mail that waits longest."""
        self._oldest.set(seconds)
