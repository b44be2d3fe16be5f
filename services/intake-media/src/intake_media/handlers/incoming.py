"""A complete upload, and by what a repeat of it is known: the identity of its key, the hash of its body."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from intake_media.domain.recording import Lane
from shared.contracts.submissions import Submission
from shared.errors import InvalidInput

KEY_GRAMMAR = re.compile(r"[\x20-\x7e]{1,200}")
KEY_UNUSABLE = "An Idempotency-Key has 1 to 200 printable ASCII characters."


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """An upload that is complete on our disk; `sha256` in hex, `language` for notices."""

    channel: Lane
    submission: Submission
    path: Path
    size_bytes: int
    sha256: str
    key: str | None
    language: str

    @property
    def body_hash(self) -> str:
        """In hex, of channel, file and fields; the same for a repeat."""
        submission = self.submission.model_dump_json()
        return hashlib.sha256(f"{self.channel}\n{self.sha256}\n{submission}".encode()).hexdigest()


def check_key(key: str | None) -> None:
    """InvalidInput `bad-idempotency-key` for one outside the grammar; none is fine."""
    if key is not None and not KEY_GRAMMAR.fullmatch(key):
        raise InvalidInput(KEY_UNUSABLE, code="bad-idempotency-key")


def identity_of(key: str) -> str:
    """What a store knows a key by."""
    return "key:" + hashlib.sha256(key.encode()).hexdigest()
