"""What residents send over HTTP: the same body for text, voice and video; unknown fields are refused by name."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from shared.contracts.model import Strict
from shared.contracts.suggestions import TEXT_MAX, CollectionKind, Identity


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "Please write something: the text is empty.")
    return text


def _clean(value: object) -> object:
    """NUL and lone surrogates can't be stored or published; a resident never typed them on purpose."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return value


Text = Annotated[str, Field(max_length=TEXT_MAX), BeforeValidator(_clean), AfterValidator(_not_blank)]
Short = Annotated[str, Field(max_length=200), BeforeValidator(_clean)]


class SubmittedPlace(Strict):
    """Where it is about; `town` is an id or a name of the pack."""

    town: Short | None = None
    text: Annotated[str, Field(max_length=500), BeforeValidator(_clean)] | None = None
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    crs: Literal["WGS-84", "GCJ-02"] | None = None


class SubmittedContact(Strict):
    """How to reach the resident; it goes into the vault and nowhere else."""

    name: Annotated[str, Field(max_length=100), BeforeValidator(_clean)] | None = None
    phone: Annotated[str, Field(max_length=40, pattern=r"^[0-9+() \-]*$")] | None = None
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$")] | None = None
    language: Annotated[str, Field(max_length=20)] | None = None

    @property
    def empty(self) -> bool:
        """Nothing in it that could reach anybody."""
        return not (self.name or self.phone or self.email)


class Submission(Strict):
    """Common to all channels; `text` is needed where nothing was recorded."""

    text: Text | None = None
    place: SubmittedPlace | None = None
    kind: CollectionKind = "everyday"
    campaign_id: Short | None = None
    collection_point_id: Short | None = None
    identity: Identity = "anonymous"
    contact: SubmittedContact | None = None
    on_behalf: bool = False


class TextSubmission(Submission):
    """A suggestion in writing."""

    text: Text
