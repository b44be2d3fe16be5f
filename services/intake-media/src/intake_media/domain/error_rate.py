"""Character error rate as we report it: only what is heard counts."""

from __future__ import annotations

from intake_media.domain.language_model import spoken_characters


def errors(truth: str, heard: str) -> tuple[int, int]:
    """(Edits, characters of the truth) of two Simplified texts, punctuation, case and spaces aside."""
    wanted, found = spoken_characters(truth), spoken_characters(heard)
    row = list(range(len(found) + 1))
    for at, character in enumerate(wanted, start=1):
        above = row
        row = [at]
        for column, other in enumerate(found, start=1):
            row.append(min(above[column] + 1, row[-1] + 1, above[column - 1] + (character != other)))
    return row[-1], len(wanted)
