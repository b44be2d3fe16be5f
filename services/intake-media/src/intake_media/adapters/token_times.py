"""From the frames at which Whisper's tokens were decoded to the moments at which characters begin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from intake_media.adapters.vocabulary import byte_alphabet
from intake_media.domain.language_model import spoken_characters

_FRAME_S = 0.02
"""Seconds a position of the encoder."""


def character_starts(alignments: Iterable[tuple[int, int]], tokens: Sequence[bytes]) -> tuple[float, ...]:
    """Seconds at which each spoken character begins.

    `alignments`: (token, frame) pairs in order, as CTranslate2's `align` gives them; `tokens`: the bytes of each. A
    token of several characters is shared out evenly up to the next one; one character may be several tokens.
    """
    first: dict[int, int] = {}
    last = 0
    for token, frame in alignments:
        first.setdefault(token, frame)
        last = max(last, frame)
    begins: list[float] = []
    for at, content in enumerate(tokens):
        start = first.get(at, last)
        end = first.get(at + 1, last) if at + 1 < len(tokens) else start
        begins += [(start + (end - start) * place / len(content)) * _FRAME_S for place in range(len(content))]
    found, passed = [], 0
    for character in b"".join(tokens).decode("utf-8", "replace"):
        if spoken_characters(character):
            found.append(round(begins[min(passed, len(begins) - 1)], 3))
        passed += len(character.encode())
    return tuple(found)


def token_bytes(token: str) -> bytes:
    """What a token of a byte-level vocabulary writes."""
    alphabet = byte_alphabet()
    return bytes(alphabet[character] for character in token if character in alphabet)
