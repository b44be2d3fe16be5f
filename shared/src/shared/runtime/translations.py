"""gettext catalogues read from `.po` at start, and the choice of language: Simplified Chinese first."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from babel import Locale
from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

DEFAULT_LANGUAGE = "zh-CN"
LANGUAGES = ("zh-CN", "en")


def load(folder: Path, domain: str = "messages") -> dict[str, Translations]:
    """`<folder>/<language>/LC_MESSAGES/<domain>.po` for each language that has one; msgids are English."""
    found: dict[str, Translations] = {}
    for language in LANGUAGES:
        path = folder / language.replace("-", "_") / "LC_MESSAGES" / f"{domain}.po"
        if not path.exists():
            found[language] = Translations()
            continue
        with path.open("rb") as file:
            catalogue = read_po(file, locale=Locale.parse(language, sep="-"))
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        found[language] = Translations(compiled, domain=domain)
    return found


def choose_language(accept_language: str | None, supported: Iterable[str] = LANGUAGES) -> str:
    """Language for an `Accept-Language` header; zh-CN when it names none of ours."""
    wanted = []
    for part in (accept_language or "").split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            wanted.append((-float(quality or 1), tag.strip().replace("_", "-")))
        except ValueError:
            continue
    wanted.sort(key=lambda item: item[0])
    for _, tag in wanted:
        if tag.lower().startswith("zh"):
            return DEFAULT_LANGUAGE
        match = negotiate_locale([tag], list(supported), sep="-")
        if match:
            return match
    return DEFAULT_LANGUAGE


def gettext(catalogues: Mapping[str, Translations], language: str, message: str) -> str:
    """`message` in `language`; itself where there is no translation."""
    translations = catalogues.get(language)
    return translations.gettext(message) if translations else message
