"""What strangers wrote, made safe for a mail: an address is one address, a quotation carries no links or numbers.

Nobody has proved that the address given is theirs, so our mail must not become a carrier for advertising or phishing
under the district's name: what the sender typed is quoted only as far as the resident needs to recognise it.
"""

from __future__ import annotations

import re
import unicodedata
from email.errors import MessageError
from email.headerregistry import Address

from shared.errors import PermanentError

SUMMARY_CHARS = 60
NAME_CHARS = 20
_LINK = re.compile(r"(?:https?|ftp)\s*[:：]\S*|www\.\S+|\S+@\S+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/\S*)?", re.I)
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*", re.I)
_DIGITS = re.compile(r"[0-9０-９](?:[\s-]?[0-9０-９]){6,}")


def mail_address(raw: str | None) -> str | None:
    """The one address in `raw`; None when there is none at all.

    Raises:
        PermanentError: `bad-address`, for lists, display names, line breaks and whatever else is not one address.
    """
    text = (raw or "").strip()
    if not text:
        return None
    if len(text) > 254 or any(unicodedata.category(sign)[0] == "C" or sign in ' ,;<>"()' for sign in text):
        raise PermanentError("not one mail address", code="bad-address")
    try:
        address = Address(addr_spec=text)
        domain = address.domain.encode("idna").decode("ascii")
    except (ValueError, IndexError, UnicodeError, MessageError):
        raise PermanentError("not one mail address", code="bad-address") from None
    # An encoded name is not yet a name: IDNA turns an accent alone into one with a blank in it.
    if not address.username or not _HOST.fullmatch(domain):
        raise PermanentError("not one mail address", code="bad-address")
    return f"{address.username}@{domain}"


def _one_line(text: str) -> str:
    plain = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    return " ".join(plain.split())


def summary(text: str) -> str:
    """The start of a suggestion in one line, links, addresses and long numbers left out."""
    short = _DIGITS.sub("…", _LINK.sub("…", _one_line(text[: SUMMARY_CHARS * 8])))
    return short if len(short) <= SUMMARY_CHARS else short[: SUMMARY_CHARS - 1] + "…"


def greeting_name(name: str | None) -> str:
    """A name for the greeting: letters, spaces and the dots that names have; anything else is no name (empty)."""
    plain = _one_line(name or "")
    fine = all(unicodedata.category(sign)[0] in "LM" or sign in " ·.-'’" for sign in plain)
    return plain if fine and len(plain) <= NAME_CHARS and not _LINK.search(plain) else ""
