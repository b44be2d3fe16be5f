"""What stands beside the file: the `submission` as JSON, or the plain fields of a page without JavaScript."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from intake_media.domain.recording import LANES, Lane
from shared.contracts.submissions import Submission
from shared.errors import InvalidInput, PermanentError

UNREADABLE = "The JSON could not be read."
SHA256 = re.compile(r"[0-9a-fA-F]{64}")
NOT_A_HASH = "A sha256 has 64 hexadecimal digits."
SPOILT = "The file arrived spoilt: its contents are not those that were sent. Please send it again."
# Names of the pages' form fields, with the place of each in a submission.
FIELDS: dict[str, tuple[str, ...]] = {
    "text": ("text",),
    "kind": ("kind",),
    "campaign_id": ("campaign_id",),
    "collection_point_id": ("collection_point_id",),
    "identity": ("identity",),
    "on_behalf": ("on_behalf",),
    "town": ("place", "town"),
    "place_text": ("place", "text"),
    "lon": ("place", "lon"),
    "lat": ("place", "lat"),
    "crs": ("place", "crs"),
    "name": ("contact", "name"),
    "phone": ("contact", "phone"),
    "email": ("contact", "email"),
    "language": ("contact", "language"),
}
OF_THE_PAGE = frozenset({"channel", "submission", "lang", "size", "idempotency_key", "sha256"})
"""Fields that are no part of a submission."""


def lane_of(fields: Mapping[str, str]) -> Lane:
    """The `channel` field; RequestValidationError where it is missing or none of ours."""
    given = fields.get("channel", "").strip()
    for lane in LANES:
        if given == lane:
            return lane
    kind = "missing" if not given else "literal_error"
    context = {} if not given else {"expected": "voice, video"}
    raise RequestValidationError([{"type": kind, "loc": ("channel",), "msg": kind, "ctx": context}])


def announced_hash(fields: Mapping[str, str]) -> str | None:
    """The `sha256` field in lower case, None where the sender gives none; InvalidInput for anything else."""
    given = fields.get("sha256", "").strip()
    if given and not SHA256.fullmatch(given):
        raise InvalidInput(NOT_A_HASH, code="bad-sha256", pointer="/sha256")
    return given.lower() or None


def compare_hash(fields: Mapping[str, str], sha256: str) -> None:
    """PermanentError `hash-mismatch` (400) when the file that arrived is not the one that was announced."""
    if announced_hash(fields) not in (None, sha256):
        raise PermanentError(SPOILT, code="hash-mismatch", pointer="/file")


def submission_of(fields: Mapping[str, str]) -> Submission:
    """RequestValidationError naming each field that is wrong; PermanentError `unreadable-json`."""
    unknown = sorted(name for name in fields if name not in OF_THE_PAGE and _place_of(name) is None)
    if "submission" in fields:
        unknown = sorted(name for name in fields if name not in OF_THE_PAGE)
    if unknown:
        raise RequestValidationError([{"type": "extra_forbidden", "loc": (name,), "msg": ""} for name in unknown])
    if "submission" in fields:
        return _validated(_loaded(fields["submission"]), ("submission",))
    return _validated(_nested(fields), ())


def _place_of(name: str) -> tuple[str, ...] | None:
    """`town`, and `place.town` for those who write the path."""
    return FIELDS.get(name) or next((path for path in FIELDS.values() if ".".join(path) == name), None)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise PermanentError(UNREADABLE, code="unreadable-json", pointer="/submission") from None


def _nested(fields: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in fields.items():
        path = _place_of(name)
        if path is None or not value.strip():
            continue  # An input that was left empty says nothing.
        target = found
        for part in path[:-1]:
            target = target.setdefault(part, {})
        target[path[-1]] = value.replace("\r\n", "\n")
    return found


def _validated(data: Any, above: tuple[str, ...]) -> Submission:
    try:
        return Submission.model_validate(data)
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": (*above, *one["loc"])} for one in error.errors()]) from None
