"""Dead letters as the desk mends them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shared.contracts.letters import Contents, Letter, Trial


class LetterBox(Protocol):
    """Dead letters of every topic; what is done to one is claimed and noted before it is sent."""

    async def letters(self, topic: str, *, newest: int | None = None) -> Sequence[Letter]:
        """The newest of a topic, oldest first."""
        ...

    async def letter(self, topic: str, partition: int, offset: int) -> Letter:
        """Raises NotFound."""
        ...

    def contents(self, letter: Letter, *, personal: bool) -> Contents:
        """Whatever may be personal is covered unless asked for."""
        ...

    def tried(self, letter: Letter, value: bytes | None = None) -> Trial:
        """What a consumer would make of it; raises InvalidInput for a mended value that is another event."""
        ...

    async def shown(self, letter: Letter, *, by: str) -> None:
        """Note that somebody looked at what may be personal."""
        ...

    async def send_again(self, letter: Letter, *, by: str, value: bytes | None = None) -> None:
        """To its topic under the same event id; raises Conflict when it was handled already."""
        ...

    async def drop(self, letter: Letter, *, by: str, reason: str) -> None:
        """Let it rest; raises Conflict when it was handled already."""
        ...
