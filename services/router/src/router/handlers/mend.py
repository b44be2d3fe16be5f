"""Dead letters at the desk: who may look, try, mend, send again and drop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from router.domain import access
from router.domain.district import Account
from router.ports.letters import LetterBox
from shared.contracts.letters import HANDLED, Contents, Letter, Trial
from shared.contracts.topics import BY_NAME
from shared.errors import Forbidden, InvalidInput, NotFound

NEWEST = 200
"""So many of each topic are listed."""
REASON_MAX = 2_000


@dataclass(frozen=True, kw_only=True)
class LetterKey:
    """Which letter: its place, and the time of failure, since a broker that lost its log gives out places again."""

    topic: str
    partition: int
    offset: int
    failed_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class LetterView:
    """One letter as a page shows it; `trial`: what a dry run found, `draft`: the value that was tried."""

    letter: Letter
    contents: Contents
    trial: Trial | None = None
    draft: str | None = None


class MendLetters:
    """Without a box (a guarded broker, and no login for this page) there is nothing to see."""

    def __init__(self, box: LetterBox | None) -> None:
        self._box = box

    def open_for(self, by: Account) -> bool:
        """Whether the page can work here; raises Forbidden for those whom it is none of."""
        if not access.mends(by):
            raise Forbidden("Your account may not do this.")
        return self._box is not None

    async def listed(self, by: Account, *, topic: str | None = None, handled: bool = False) -> Sequence[Letter]:
        """The newest of every topic (or one), newest first; handled ones too if asked for."""
        box = self._allowed(by)
        topics = [topic] if topic in BY_NAME else list(BY_NAME)
        found = await asyncio.gather(*(box.letters(name, newest=NEWEST) for name in topics))
        kept = [one for letters in found for one in letters if handled or one.state not in HANDLED]
        return sorted(kept, key=lambda one: one.failed_at or "", reverse=True)

    async def letter(self, by: Account, key: LetterKey) -> LetterView:
        """One of them, whatever may be personal covered."""
        box = self._allowed(by)
        letter = await _found(box, key)
        return LetterView(letter=letter, contents=box.contents(letter, personal=False))

    async def shown(self, by: Account, key: LetterKey) -> LetterView:
        """With its contents; that this person looked is noted first."""
        box = self._allowed(by)
        letter = await _found(box, key)
        await box.shown(letter, by=_name(by))
        letter = await _found(box, key)
        return LetterView(letter=letter, contents=box.contents(letter, personal=True))

    async def tried(self, by: Account, key: LetterKey, *, text: str | None = None) -> LetterView:
        """The dry run: nothing is sent, nothing is noted."""
        box = self._allowed(by)
        letter = await _found(box, key)
        trial = box.tried(letter, None if text is None else _typed(text))
        return LetterView(letter=letter, contents=box.contents(letter, personal=False), trial=trial, draft=text)

    async def replay(self, by: Account, key: LetterKey) -> None:
        """Send it again as it came."""
        box = self._allowed(by)
        await box.send_again(await _found(box, key), by=_name(by))

    async def repair(self, by: Account, key: LetterKey, text: str) -> None:
        """Send it again with this value, if a consumer could read it."""
        box = self._allowed(by)
        letter, value = await _found(box, key), _typed(text)
        if not box.tried(letter, value).readable:
            raise InvalidInput("So it would come back as a dead letter; please try it first.", code="unreadable")
        await box.send_again(letter, by=_name(by), value=value)

    async def drop(self, by: Account, key: LetterKey, *, reason: str) -> None:
        """Let it rest, for a reason."""
        box = self._allowed(by)
        if not reason.strip():
            raise InvalidInput("Please give a reason.", code="missing")
        await box.drop(await _found(box, key), by=_name(by), reason=reason.strip()[:REASON_MAX])

    def _allowed(self, by: Account) -> LetterBox:
        if not self.open_for(by) or self._box is None:
            raise NotFound("There is no such page.")
        return self._box


async def _found(box: LetterBox, key: LetterKey) -> Letter:
    letter = await box.letter(key.topic, key.partition, key.offset) if key.topic in BY_NAME else None
    if letter is None or (key.failed_at is not None and key.failed_at != (letter.failed_at or "")):
        raise NotFound("There is no such letter.")
    return letter


def _typed(text: str) -> bytes:
    return text.replace("\r\n", "\n").strip().encode()  # forms send every line's end as two characters


def _name(by: Account) -> str:
    return f"desk:{by.id}"
