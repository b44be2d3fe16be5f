"""Every sentence that residents read exists in Chinese."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

import intake_web
from intake_web.adapters import suggestion_store
from intake_web.handlers import accept, correct, normalise_hotline, track
from intake_web.routes import guarding, hotline, reading
from shared.runtime import translations

ROOT = Path(intake_web.__file__).parent
SAID_BY_ERRORS = [
    *(accept.KEY_REUSED, accept.KEY_UNUSABLE, accept.UNKNOWN_TOWN, accept.TRY_AGAIN),
    *(normalise_hotline.UNKNOWN_SOURCE, normalise_hotline.FOREIGN_URI, normalise_hotline.CONFLICTING),
    *(correct.NOTHING_HEARD, correct.EMPTY, correct.TOO_LONG, track.NOT_FOUND, suggestion_store.NOT_PREPARED),
    *(guarding.FOREIGN_FORM, guarding.TOO_MANY, hotline.NOT_YOURS, hotline.NO_TOKEN, reading.TOO_LARGE),
]


def messages_of_pages() -> set[str]:
    found: set[str] = set()
    for path in ROOT.glob("templates/*.html"):
        with path.open("rb") as file:
            given = [message for _, _, message, _ in babel_extract(file, ("_",), [], {})]
        # with variables the message comes first, the variables' values (None) after it
        found |= {message if isinstance(message, str) else str((message or ("",))[0]) for message in given}
    with (ROOT / "domain" / "wording.py").open("rb") as file:
        found |= {str(message) for _, message, _, _ in extract("python", file, keywords={"_": None})}
    return found


def test_every_message_of_the_pages_is_translated() -> None:
    with (ROOT / "locales" / "zh_CN" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file)
    used = messages_of_pages()
    assert len(used) > 150
    assert sorted(message for message in used if not (catalogue.get(message) and catalogue[message].string)) == []


@pytest.mark.parametrize("message", SAID_BY_ERRORS)
def test_every_refusal_is_said_in_chinese(message: str) -> None:
    own = translations.load(ROOT / "locales")
    shared = translations.load(Path(translations.__file__).parent / "locales", "problems")
    said = {translations.gettext(catalogue, "zh-CN", message) for catalogue in (own, shared)}
    assert said != {message}
