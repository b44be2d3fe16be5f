"""The part of the district pack that letters need: the district's name and the wording of grounds for declining."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError

from notifier.domain.letter import Ground
from shared.errors import PermanentError


class _Name(BaseModel):
    zh: str
    en: str

    def of(self, language: str) -> str:
        return self.zh if language.startswith("zh") else self.en


class _Head(BaseModel):
    name: _Name


class _Ground(BaseModel):
    id: str
    name: _Name
    redirect: _Name


class _Screening(BaseModel):
    grounds: list[_Ground]


class LetterPack:
    """Names and grounds by language."""

    def __init__(self, head: _Head, screening: _Screening) -> None:
        self._name = head.name
        self._grounds = {ground.id: ground for ground in screening.grounds}

    def district(self, language: str) -> str:
        """Name of the district."""
        return self._name.of(language)

    def ground(self, code: str, redirect: str, language: str) -> Ground:
        """The ground's name, and where to turn: the event's own words, or the pack's where they are the usual ones."""
        known = self._grounds.get(code)
        if known is None:
            return Ground(name=code, redirect=redirect)
        usual = not redirect or redirect in (known.redirect.zh, known.redirect.en)
        return Ground(name=known.name.of(language), redirect=known.redirect.of(language) if usual else redirect)


def load_letter_pack(folder: Path) -> LetterPack:
    """Read `pack.yaml` and `screening.yaml`.

    Raises:
        PermanentError: `bad-pack`, naming the file.
    """
    try:
        name = "pack.yaml"
        head = _Head.model_validate(yaml.safe_load((folder / name).read_text(encoding="utf-8")))
        name = "screening.yaml"
        screening = _Screening.model_validate(yaml.safe_load((folder / name).read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise PermanentError(f"district pack: {name}: {type(error).__name__}", code="bad-pack") from None
    return LetterPack(head, screening)
