"""What the desk plays of a recording: addresses on the media origin, each opened by a grant for one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from router.domain.case import Case
from shared.contracts.suggestions import MediaRef

GRANTED_FOR = timedelta(hours=2)
"""Long enough to work through the longest recording; a page left open longer is loaded anew."""
Grant = Callable[[str, str, datetime], str]
"""Leave to read the file of a role: (suggestion, role, until)."""


@dataclass(frozen=True, kw_only=True)
class Player:
    """`kind` is the HTML element; `source` None: nothing can be played (yet)."""

    kind: str = "audio"
    source: str | None = None
    poster: str | None = None
    captions: str | None = None


def origin_of(url: str) -> str:
    """`scheme://host[:port]` of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Playing:
    """Makes players; without a key it makes none."""

    def __init__(self, media_url: str, grant: Grant | None, now: Callable[[], datetime]) -> None:
        self._media_url = media_url.rstrip("/")
        self._grant = grant
        self._now = now

    def player(self, case: Case, copies: Sequence[MediaRef]) -> Player | None:
        """For a case with a recording; None where there is none, or where this desk plays nothing."""
        if self._grant is None or not case.suggestion.media:
            return None
        roles = {one.role for one in (*case.suggestion.media, *copies)}
        video = "web-copy" in roles
        until = self._now() + GRANTED_FOR

        def address(role: str) -> str:
            assert self._grant is not None
            return f"{self._media_url}/media/desk/{self._grant(case.suggestion_id, role, until)}/{role}"

        return Player(
            kind="video" if video else "audio",
            source=address("playback") if roles & {"web-copy", "audio"} else None,
            poster=address("poster") if "poster" in roles else None,
            captions=address("captions") if video and "captions" in roles else None,
        )
