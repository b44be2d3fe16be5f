"""Problem documents, `application/problem+json` (RFC 9457), in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from babel.support import Translations
from fastapi import Request
from starlette.responses import JSONResponse, Response

from shared.runtime import translations

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5

TITLES = {
    400: "The request could not be read",
    401: "A valid token is needed",
    403: "This is not allowed",
    404: "Not found",
    405: "This method is not allowed here",
    413: "Too large",
    415: "This kind of file or content is not accepted",
    422: "Something in the request needs to be corrected",
    429: "Too many requests",
    500: "Something went wrong on our side",
    503: "The service is temporarily unavailable",
    507: "There is no room left at the moment",
}
# pydantic error type → the sentence a person reads; {…} come from the error's context.
MESSAGES = {
    "missing": "This field is required.",
    "extra_forbidden": "This field is not known; please remove it.",
    "string_too_long": "Too long: at most {max_length} characters.",
    "string_too_short": "Too short: at least {min_length} characters.",
    "string_type": "This must be text.",
    "literal_error": "Must be one of: {expected}.",
    "bool_parsing": "Must be true or false.",
    "float_parsing": "Must be a number.",
    "less_than_equal": "Must be at most {le}.",
    "greater_than_equal": "Must be at least {ge}.",
    "blank": "Please write something: the text is empty.",
    "unknown-town": "This town or street is not one of the district's.",
    "model_attributes_type": "Must be a JSON object.",
}
GENERIC = "This value is not acceptable."


class Problems:
    """Turns errors into problem documents; a service may bring more translations of its own messages."""

    def __init__(self, extra: dict[str, Translations] | None = None) -> None:
        self._own = translations.load(Path(__file__).parent / "locales", "problems")
        self._extra = extra or {}

    def text(self, language: str, message: str) -> str:
        """`message` in `language`, from the service's catalogue or the shared one."""
        for catalogues in (self._extra, self._own):
            translated = translations.gettext(catalogues, language, message)
            if translated != message:
                return translated
        return message

    def response(
        self,
        request: Request,
        status: int,
        detail: str = "",
        *,
        code: str = "",
        items: Sequence[dict[str, Any]] = (),
        headers: dict[str, str] | None = None,
    ) -> Response:
        """One problem document; `detail` is an English msgid."""
        language = translations.choose_language(request.headers.get("accept-language"))
        headers = dict(headers or {})
        if status in (429, 503):
            headers.setdefault("Retry-After", str(RETRY_AFTER_S))
        title = TITLES.get(status, TITLES[500])
        body = {
            "type": f"urn:minsheng:problem:{code or status}",
            "title": self.text(language, title),
            "status": status,
            "detail": self.text(language, detail or title),
            "errors": [
                {
                    "pointer": item["pointer"],
                    "code": item["code"],
                    "message": self.message(language, item),
                }
                for item in items
            ],
        }
        headers["Content-Language"] = language
        return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)

    def message(self, language: str, item: dict[str, Any]) -> str:
        """The sentence about one item (`code`, `context`, perhaps `message`), for pages that show it beside a field."""
        template = self.text(language, item.get("message") or MESSAGES.get(item["code"], GENERIC))
        context = {key: str(value) for key, value in (item.get("context") or {}).items()}
        try:
            return template.format(**context)
        except (KeyError, IndexError, ValueError):
            return template

    def items(self, found: Sequence[Any]) -> list[dict[str, Any]]:
        """pydantic's errors as pointer, code and context; never the offending value itself."""
        return [
            {
                "pointer": "".join(f"/{part}" for part in error["loc"] if part not in ("body", "form")),
                "code": str((error.get("ctx") or {}).get("code") or error["type"]),
                "context": error.get("ctx") or {},
            }
            for error in found
        ]
