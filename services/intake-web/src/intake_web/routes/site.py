"""Pages in the reader's language: templates, catalogues, links that keep the reader's choices without cookies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from babel.support import Translations
from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from shared.runtime import translations
from shared.runtime.towns import DistrictPlaces

ROOT = Path(__file__).parent.parent
SIZES = ("large",)


def catalogues() -> dict[str, Translations]:
    """This service's own messages."""
    return translations.load(ROOT / "locales")


@dataclass(frozen=True)
class Reader:
    """What a request says about its reader: language, and large print if it was asked for."""

    language: str
    explicit: dict[str, str]

    def link(self, path: str, **changes: str | None) -> str:
        """`path` with the reader's choices kept; a change of None drops one."""
        query = {name: value for name, value in {**self.explicit, **changes}.items() if value}
        return f"{path}?{urlencode(query)}" if query else path


def reader_of(request: Request) -> Reader:
    """`?lang=` and `?size=` before `Accept-Language`; anything unknown is ignored."""
    explicit: dict[str, str] = {}
    if (asked := request.query_params.get("lang")) in translations.LANGUAGES:
        explicit["lang"] = str(asked)
    if request.query_params.get("size") in SIZES:
        explicit["size"] = "large"
    language = explicit.get("lang") or translations.choose_language(request.headers.get("accept-language"))
    return Reader(language, explicit)


class Site:
    """Renders pages; one environment per language."""

    def __init__(self, district: DistrictPlaces, *, web_url: str, media_url: str) -> None:
        self.district = district
        self.web_url = web_url.rstrip("/")
        self.media_url = media_url.rstrip("/")
        self.catalogues = catalogues()
        version = hashlib.sha256()
        for path in sorted((ROOT / "static").rglob("*")):
            if path.is_file():
                version.update(path.read_bytes())
        self._version = version.hexdigest()[:10]
        self._environments = {language: self._environment(language) for language in translations.LANGUAGES}

    def _environment(self, language: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(ROOT / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.install_gettext_translations(  # type: ignore[attr-defined]  # put there by the extension above
            self.catalogues[language], newstyle=True
        )
        district = self.district.name_zh if language == "zh-CN" else self.district.name_en
        environment.globals |= {
            "district": district,
            "towns": [(town.id, town.name_zh if language == "zh-CN" else town.name_en) for town in self.district.towns],
            "static": lambda name: f"/static/{name}?v={self._version}",
            "media_url": self.media_url,
        }
        icons = environment.get_template("_icons.html").module
        environment.globals |= {"icon": icons.icon, "seal": icons.seal}  # type: ignore[attr-defined]  # macros
        environment.globals["fields"] = environment.get_template("_fields.html").module
        return environment

    def text(self, reader: Reader, message: str) -> str:
        """One message in the reader's language."""
        return translations.gettext(self.catalogues, reader.language, message)

    def fragment(self, reader: Reader, template: str, **context: Any) -> str:
        """A template as HTML, without a response around it."""
        return (
            self._environments[reader.language]
            .get_template(template)
            .render(lang=reader.language, link=reader.link, large=reader.explicit.get("size") == "large", **context)
        )

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        private: bool = False,
        headers: dict[str, str] | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """A page; `private` ones are never stored and never named to another site."""
        reader = reader_of(request)
        other = "en" if reader.language == "zh-CN" else "zh-CN"
        sent = {"Content-Language": reader.language, "Vary": "Accept-Language", **(headers or {})}
        sent["Cache-Control"] = "no-store" if private else "no-cache"
        if private:
            sent["Referrer-Policy"] = "no-referrer"
        path = request.url.path if request.method == "GET" else "/"
        html = self.fragment(
            reader,
            template,
            here=path,
            other_language=reader.link(path, lang=other),
            other_size=reader.link(path, size=None if reader.explicit.get("size") else "large"),
            **context,
        )
        return HTMLResponse(html, status_code=status, headers=sent)
