"""Stores of intake-web in memory, and the app around them."""

from __future__ import annotations

import asyncio
import base64
import functools
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from intake_web.bootstrap import Outside, bootstrap
from intake_web.domain.hotline_access import HotlineAccess
from intake_web.domain.suggestion import Accepted, Kept
from intake_web.domain.timeline import Fact
from intake_web.settings import Settings
from shared.clock import Clock
from shared.contracts.suggestions import SuggestionCorrected
from shared.errors import Conflict, NotFound
from shared.runtime.towns import load_places

PACK = Path(__file__).parents[2] / "deploy" / "district"
KEY = base64.b64encode(bytes(range(32))).decode()
PLACES = functools.cache(lambda: load_places(PACK))
WEB, MEDIA = "http://jianyi.test", "http://media.test"


def settings(**changes: Any) -> Settings:
    """Settings that need no environment."""
    fields = {
        "vault_key": KEY,
        "receipt_key": KEY,
        "district_pack": PACK,
        "public_web_url": WEB,
        "public_media_url": MEDIA,
        "hotline_tokens": "12345=good-token,xinzhi=other-token",
        **changes,
    }
    return Settings(**fields)


def kept(accepted: Accepted) -> Kept:
    """What a store answers about an aggregate."""
    return Kept(
        suggestion_id=accepted.suggestion_id,
        event_id=accepted.event_id,
        received_at=accepted.received_at,
        channel=accepted.channel,
        body_hash=accepted.body_hash,
        text=getattr(accepted.event, "text", None),
        is_recording=accepted.event.type_name == "recording.received.v1",
    )


class FakeSuggestions:
    """Unique by id, key and work order, like the real collection."""

    def __init__(self) -> None:
        self.accepted: list[Accepted] = []
        self.frozen = False

    def _find(self, **wanted: Any) -> Accepted | None:
        return next((one for one in self.accepted if all(getattr(one, k) == v for k, v in wanted.items())), None)

    async def add(self, accepted: Accepted) -> bool:
        if self.frozen:
            await asyncio.Event().wait()
        taken = (
            self._find(suggestion_id=accepted.suggestion_id)
            or (accepted.idempotency and self._find(idempotency=accepted.idempotency))
            or (accepted.hotline and self._find(hotline=accepted.hotline))
        )
        if taken:
            return False
        self.accepted.append(accepted)
        return True

    async def by_key(self, idempotency: str) -> Kept | None:
        found = self._find(idempotency=idempotency)
        return kept(found) if found else None

    async def by_work_order(self, source: str, external_id: str) -> Kept | None:
        found = self._find(hotline=(source, external_id))
        return kept(found) if found else None

    async def by_code(self, code_hash: str) -> Kept | None:
        found = self._find(code_hash=code_hash)
        return kept(found) if found else None


class FakeTracking:
    """Facts by suggestion."""

    def __init__(self) -> None:
        self.facts: dict[str, dict[str, Fact]] = {}
        self.codes: dict[str, str] = {}

    async def note(self, suggestion_id: str, code_hash: str, fact: Fact) -> None:
        self.codes[code_hash] = suggestion_id
        self.facts.setdefault(suggestion_id, {})[fact.event_id] = fact

    async def by_code(self, code_hash: str) -> tuple[str, list[Fact]] | None:
        found = self.codes.get(code_hash)
        return (found, list(self.facts[found].values())) if found else None


class FakeActs:
    """Corrections by act."""

    def __init__(self) -> None:
        self.corrections: dict[str, SuggestionCorrected] = {}

    async def correct(self, act_id: str, correction: SuggestionCorrected) -> None:
        self.corrections.setdefault(act_id, correction)


class FakeContacts:
    """The vault, unencrypted."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}

    async def put(self, contact: dict[str, Any], *, contact_id: str | None = None) -> str:
        assert contact_id is not None
        self.kept.setdefault(contact_id, contact)
        return contact_id

    async def erase(self, contact_id: str) -> None:
        self.kept.pop(contact_id, None)


class FakeRecordings:
    """A blob store with one prefix."""

    PREFIX = "file:///blobs/"

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}

    def key_of(self, uri: str) -> str | None:
        key = uri.removeprefix(self.PREFIX)
        return key if uri.startswith(self.PREFIX) and ".." not in key.split("/") else None

    async def size(self, key: str) -> int:
        if key not in self.sizes:
            raise NotFound("the file is not there")
        return self.sizes[key]


class FakeHotlines:
    """Hotlines that were let in, by name."""

    def __init__(self) -> None:
        self.kept: dict[str, HotlineAccess] = {}

    async def by_name(self, name: str) -> HotlineAccess | None:
        return self.kept.get(name)

    async def by_token(self, sha256: str) -> HotlineAccess | None:
        holders = [one for one in self.kept.values() if sha256 in {token.sha256 for token in one.tokens}]
        return holders[0] if holders else None

    async def all(self) -> list[HotlineAccess]:
        return [self.kept[name] for name in sorted(self.kept)]

    async def save(self, access: HotlineAccess) -> None:
        if access.version != (self.kept[access.name].version if access.name in self.kept else 0) + 1:
            raise Conflict("changed by somebody else")
        self.kept[access.name] = access


class Hall:
    """All fakes of one test, and the app that uses them."""

    def __init__(self, *, clock: Clock | None = None, **changes: Any) -> None:
        self.suggestions = FakeSuggestions()
        self.tracking = FakeTracking()
        self.acts = FakeActs()
        self.contacts = FakeContacts()
        self.recordings = FakeRecordings()
        self.hotlines = FakeHotlines()
        self.settings = settings(**changes)
        outside = Outside(
            suggestions=self.suggestions,
            tracking=self.tracking,
            acts=self.acts,
            contacts=self.contacts,
            recordings=self.recordings,
            hotlines=self.hotlines,
        )
        self.app: FastAPI = bootstrap(self.settings, clock=clock, outside=outside)
