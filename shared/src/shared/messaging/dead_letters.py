"""What can't be consumed is kept whole: raw bytes, key and headers as they came, and where they came from."""

from __future__ import annotations

from shared import crash_points
from shared.clock import Clock
from shared.contracts.model import rfc3339
from shared.contracts.topics import DLQ_SUFFIX
from shared.messaging.decoding import Record
from shared.messaging.encoding import Outgoing
from shared.messaging.publishing import Publisher

PROVENANCE = (
    "original-topic",
    "original-partition",
    "original-offset",
    "error-type",
    "error",
    "attempts",
    "failed-at",
)


class DeadLetters:
    """Publishes to `<topic>-dlq`; if that fails the caller must not commit."""

    def __init__(self, publisher: Publisher, clock: Clock) -> None:
        self._publisher = publisher
        self._clock = clock

    async def bury(self, record: Record, *, error_type: str, error: str, attempts: int) -> None:
        """Keep `record` with its provenance; `error` must hold no contents of the record."""
        provenance: list[tuple[str, bytes | None]] = [
            ("original-topic", record.topic.encode()),
            ("original-partition", str(record.partition).encode()),
            ("original-offset", str(record.offset).encode()),
            ("error-type", error_type.encode()),
            ("error", error.encode()),
            ("attempts", str(attempts).encode()),
            ("failed-at", rfc3339(self._clock.now()).encode()),
        ]
        # A replayed record that fails again carries the first failure's headers: keep only the newest.
        kept = [(name, value) for name, value in record.headers if name not in PROVENANCE]
        crash_points.reach("before_bury")
        await self._publisher.publish(
            [
                Outgoing(
                    topic=record.topic + DLQ_SUFFIX,
                    key=record.key,
                    value=record.value,
                    headers=[*kept, *provenance],
                )
            ]
        )
        crash_points.reach("after_bury")
