"""What a resident without JavaScript reads when a recording was not taken: one plain page, both languages at hand."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.errors import MinshengError
from shared.runtime.error_handlers import STATUS, STATUS_OF_CODE
from shared.runtime.problems import MESSAGES, TITLES, Problems
from shared.runtime.translations import choose_language

BACK = "Back to the form"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def wants_page(request: Request) -> bool:
    """A browser that navigates asks for HTML; scripts and programs don't."""
    return "text/html" in request.headers.get("accept", "")


class ProblemPages:
    """Renders errors as HTML in the reader's language."""

    def __init__(self, problems: Problems, *, back_url: str) -> None:
        self._problems = problems
        self._back_url = back_url
        self._template = Template(
            (Path(__file__).parents[1] / "templates" / "problem.html").read_text(encoding="utf-8")
        )

    def response(self, request: Request, error: MinshengError | RequestValidationError) -> Response:
        """The page, with the status that the JSON would have."""
        language = choose_language(request.headers.get("accept-language"))
        status, sentences = _read(error)
        lines = "".join(f"<p>{escape(self._problems.text(language, line))}</p>" for line in sentences)
        body = self._template.substitute(
            language=language,
            title=escape(self._problems.text(language, TITLES.get(status, TITLES[500]))),
            lines=lines,
            back=escape(self._problems.text(language, BACK)),
            back_url=escape(self._back_url, quote=True),
        )
        headers = {
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Content-Language": language,
        }
        return HTMLResponse(body, status_code=status, headers=headers)


def _read(error: MinshengError | RequestValidationError) -> tuple[int, list[str]]:
    if isinstance(error, RequestValidationError):
        return 422, [MESSAGES[one["type"]] for one in error.errors() if one["type"] in MESSAGES][:5]
    status = STATUS_OF_CODE.get(error.code) or next((number for kind, number in STATUS if isinstance(error, kind)), 500)
    return status, [str(error)]
