"""Pages in the reader's language: Simplified Chinese first, English second; nothing inline, nothing from outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from router.domain import access
from router.domain.district import Account
from router.domain.organisation import Name
from router.domain.rule_table import Rule
from router.domain.working_days import SHANGHAI
from router.ports.deciding import Pack
from router.routes import letter_wording, wording
from shared.runtime import translations

ROOM = Path(__file__).parent.parent
LANGUAGE_COOKIE = "desk_language"


class Pages:
    """The templates, with the words, dates and names that each reader needs."""

    def __init__(self, pack: Pack, refused: Callable[[], str | None] = lambda: None) -> None:
        self._pack = pack
        self._refused = refused
        self._catalogues = translations.load(ROOM / "locales")
        self._environment = Environment(
            loader=FileSystemLoader(ROOM / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "wording": wording,
            "letter_wording": letter_wording,
            "when": _when,
            "minutes": lambda seconds: f"{int(seconds) // 60}:{int(seconds) % 60:02d}",
            "when_text": _when_text,
            "day": _day,
            "percent": lambda figure: f"{figure * 100:.0f}%",
            "can_screen": access.screens,
            "can_hear": access.hears,
            "can_correct": access.corrects,
            "can_mend": access.mends,
            "can_resolve": access.resolves,
            "sees_queue": access.sees_queue,
        }

    def language(self, request: Request) -> str:
        """The chosen language, else the browser's."""
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")
        if chosen in translations.LANGUAGES:
            return chosen
        return translations.choose_language(request.headers.get("accept-language"))

    def rules(self) -> dict[str, Rule]:
        """Rules of the pack in force by id: what a decision's rule was about."""
        return {rule.id: rule for rule in self._pack().rules}

    def text(self, request: Request, message: str) -> str:
        """One message in the reader's language."""
        return translations.gettext(self._catalogues, self.language(request), message)

    def page(
        self, request: Request, template: str, *, account: Account | None, status: int = 200, **context: Any
    ) -> HTMLResponse:
        """Render; the page is for this reader alone and is never kept by a cache."""
        language = self.language(request)
        district = self._pack()
        html = self._environment.get_template(template).render(
            _=self._translator(language),
            language=language,
            colon=": " if language == "en" else "：",
            name=_namer(language),
            district=district,
            refused=self._refused(),
            account=account,
            path=request.url.path,
            **context,
        )
        headers = {"Content-Language": language, "Cache-Control": "no-store"}
        return HTMLResponse(html, status_code=status, headers=headers)

    def _translator(self, language: str) -> Callable[..., str]:
        def translate(message: str, **values: Any) -> str:
            text = translations.gettext(self._catalogues, language, message)
            return text % values if values else text

        return translate


def _namer(language: str) -> Callable[[Name], str]:
    return lambda name: name.en if language == "en" else name.zh


def _when(moment: datetime) -> str:
    """`2026-11-24 16:05`, the district's time."""
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _when_text(text: str | None) -> str:
    """The same for a time that a header holds, which may be anything."""
    try:
        return _when(datetime.fromisoformat(text or ""))
    except ValueError:
        return "—"


def _day(iso: str) -> date:
    return date.fromisoformat(iso)
