"""Names of this service's metrics, in one place; labels are channels and verdicts, never anything personal."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from intake_media.domain.transcript import Transcript

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600)


class MediaMetrics:
    """Counters and gauges of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.waiting = Gauge(
            "minsheng_recordings_waiting",
            "Recordings that wait for a worker",
            ["channel"],
            registry=registry,
        )
        self.oldest = Gauge(
            "minsheng_recordings_oldest_age_seconds",
            "Age of the recording that has waited longest",
            ["channel"],
            registry=registry,
        )
        self.accepted = Counter("minsheng_recordings_accepted", "Recordings accepted", ["channel"], registry=registry)
        self.finished = Counter(
            "minsheng_recordings_finished",
            "Recordings transcribed or given up, by verdict",
            ["channel", "verdict"],
            registry=registry,
        )
        self.returned = Counter(
            "minsheng_recordings_returned",
            "Jobs given back or lost, by reason",
            ["channel", "code"],
            registry=registry,
        )
        self.job_seconds = Histogram(
            "minsheng_recording_job_seconds",
            "From claim to outcome",
            ["channel"],
            registry=registry,
            buckets=_SECONDS,
        )
        self.engine_seconds = Histogram(
            "minsheng_recording_engine_seconds",
            "Spent in the speech engine itself",
            ["channel"],
            registry=registry,
            buckets=_SECONDS,
        )
        self.audio_seconds = Counter(
            "minsheng_recordings_audio_seconds", "Seconds of sound transcribed", ["channel"], registry=registry
        )

    def done(self, channel: str, transcript: Transcript, seconds: float) -> None:
        """Note a finished job."""
        self.finished.labels(channel=channel, verdict=transcript.verdict).inc()
        self.job_seconds.labels(channel=channel).observe(seconds)
        self.engine_seconds.labels(channel=channel).observe(transcript.timings_s.get("engine", 0.0))
        self.audio_seconds.labels(channel=channel).inc(transcript.duration_s)
