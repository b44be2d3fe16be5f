"""A publisher that keeps what it is given, and fails when told to."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import Unavailable
from shared.messaging.encoding import Outgoing


class FakePublisher:
    """Stands in for `shared.messaging.publishing.Publisher` in unit tests."""

    def __init__(self) -> None:
        self.published: list[Outgoing] = []
        self.failures = 0

    async def publish(self, records: Sequence[Outgoing]) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("the broker is away")
        self.published.extend(records)
