"""Letters: the wording in the reader's language, laid out as text and HTML."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notifier.adapters.pack import LetterPack
from notifier.domain import letter_wording, wording
from notifier.domain.letter import Particulars, Translate, moment
from notifier.domain.notice import Notice, Recipient
from notifier.domain.safety import greeting_name
from notifier.ports import Contact, Mail
from shared.runtime import translations

PACKAGE = Path(__file__).parents[1]


def template_environment() -> Environment:
    """Templates of this service; HTML is escaped, a missing name is an error."""
    return Environment(
        loader=FileSystemLoader(PACKAGE / "templates"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def spoken(language: str | None) -> str:
    """The language we write to someone who asked for `language`: Simplified Chinese unless English is meant."""
    return "en" if (language or "").lower().startswith("en") else translations.DEFAULT_LANGUAGE


class Catalogue:
    """The service's translations."""

    def __init__(self) -> None:
        self.languages = translations.load(PACKAGE / "locales")

    def translate(self, language: str) -> Translate:
        """A translator into `language`."""
        return partial(translations.gettext, self.languages, language)


class Letters:
    """Fulfils `Composer`."""

    def __init__(
        self,
        pack: LetterPack,
        catalogue: Catalogue,
        *,
        token: Callable[[str], str],
        public_url: str,
        web_url: str,
    ) -> None:
        self._pack = pack
        self._catalogue = catalogue
        self._token = token
        self._public_url = public_url.rstrip("/")
        self._web_url = web_url.rstrip("/")
        environment = template_environment()
        self._text = environment.get_template("mail.txt.j2")
        self._html = environment.get_template("mail.html.j2")

    def page(self, notice: Notice, *, language: str) -> tuple[str, str]:
        """Title and text for the tracking page."""
        tongue = spoken(language)
        return wording.page(notice, self._catalogue.translate(tongue), self._particulars(notice, tongue))

    def mail(self, notice: Notice, *, to: str, recipient: Recipient, contact: Contact, language: str) -> Mail:
        """The whole mail, ready to be sent."""
        tongue = spoken(language)
        tr = self._catalogue.translate(tongue)
        letter = letter_wording.letter(notice, tr, self._particulars(notice, tongue, recipient, contact))
        preferences = f"{self._public_url}/preferences/{self._token(to)}"
        context: dict[str, Any] = {
            "letter": letter,
            "language": tongue,
            "tr": tr,
            "district": self._pack.district(tongue),
            "name": greeting_name(contact.name),
            "link": contact.tracking_url or self._web_url,
            "preferences": preferences,
            "written_at": moment(tr, notice.at),
        }
        return Mail(
            to=to,
            subject=f"【{self._pack.district(tongue)}】{letter.subject}" if tongue == "zh-CN" else letter.subject,
            text=self._text.render(context),
            html=self._html.render(context),
            language=tongue,
            message_id=f"notice.{notice.id[:40]}",
            # hashed: an id of ours has no business in a header of somebody else's mail system
            thread_id=f"case.{hashlib.sha256(notice.suggestion_id.encode()).hexdigest()[:40]}",
            unsubscribe_url=f"{preferences}/unsubscribe",
        )

    def _particulars(
        self, notice: Notice, language: str, recipient: Recipient | None = None, contact: Contact | None = None
    ) -> Particulars:
        code = notice.facts.get("ground")
        return Particulars(
            district=self._pack.district(language),
            suggestion_id=notice.suggestion_id,
            summary=recipient.summary if recipient else "",
            received_at=recipient.received_at if recipient else notice.at,
            query_code=contact.query_code if contact else "",
            ground=self._pack.ground(code, notice.facts.get("redirect", ""), language) if code else None,
        )
