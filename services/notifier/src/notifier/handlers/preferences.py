"""A resident's wishes about mail, by the signed link in each mail; no account, no address typed."""

from __future__ import annotations

from notifier.ports import Preference, Wishes
from shared.errors import InvalidInput, NotFound

LANGUAGES = ("zh-CN", "en")


async def show(token: str, *, wishes: Wishes) -> Preference:
    """What holds now.

    Raises:
        NotFound: the token is not one of ours.
    """
    preference = await wishes.read(token)
    if preference is None:
        raise NotFound("This link is not valid.")
    return preference


async def change(token: str, *, mails: bool, language: str, wishes: Wishes) -> Preference:
    """Keep new wishes; saying the same twice is fine.

    Raises:
        NotFound: the token is not one of ours.
        InvalidInput: not a language that we write.
    """
    if language not in LANGUAGES:
        raise InvalidInput("Must be one of: zh-CN, en.", code="literal_error", pointer="/language")
    preference = Preference(mails=mails, language=language)
    if not await wishes.write(token, preference):
        raise NotFound("This link is not valid.")
    return preference


async def unsubscribe(token: str, *, wishes: Wishes) -> Preference:
    """No more mails to this address (RFC 8058, one click).

    Raises:
        NotFound: the token is not one of ours.
    """
    current = await show(token, wishes=wishes)
    preference = Preference(mails=False, language=current.language)
    await wishes.write(token, preference)
    return preference
