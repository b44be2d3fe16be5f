"""How many decisions, by whom and how they ended; how long they took. Labels name steps, never people or texts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from router.domain.decision import Decision


class DecisionMetrics:
    """Fed by `handlers.decide`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._decided = Counter(
            "minsheng_decisions",
            "Decisions by the step that settled them and their outcome",
            ["method", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "minsheng_decision_seconds",
            "Time to decide about one suggestion",
            ["method"],
            registry=registry,
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2),
        )

    def __call__(self, decision: Decision, seconds: float) -> None:
        """Count one decision."""
        self._decided.labels(method=decision.method, outcome=decision.outcome.kind).inc()
        self._seconds.labels(method=decision.method).observe(seconds)
