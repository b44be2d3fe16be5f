"""Topic `hotline-submissions`: raw work orders from hotlines, in Kafka or over HTTP."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from shared.contracts.model import Contract, Moment
from shared.contracts.suggestions import TEXT_MAX, Place


class HotlineContact(Contract):
    """Who called. It moves into the contact vault and is on no other topic."""

    name: str | None = Field(default=None, max_length=100)
    phone: str | None = Field(default=None, max_length=40)
    email: str | None = Field(default=None, max_length=254)
    language: str | None = Field(default=None, max_length=20)


class HotlineRecording(Contract):
    """A file under `hotline/<source>/` of our blob store; any other address is refused as `foreign-uri`."""

    uri: str = Field(min_length=1, max_length=1000)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class HotlineSubmitted(Contract):
    """A work order as a hotline publishes it: text, or a recording to be transcribed, or both."""

    type_name: ClassVar[str] = "hotline.submitted.v1"

    source: str = Field(min_length=1, max_length=100)
    external_id: str = Field(min_length=1, max_length=200)
    received_at: Moment
    text: str | None = Field(default=None, max_length=TEXT_MAX)
    recording: HotlineRecording | None = None
    nature: str | None = Field(default=None, max_length=40)
    place: Place | None = None
    category_code: str | None = Field(default=None, max_length=100)
    contact: HotlineContact | None = None

    @model_validator(mode="after")
    def _says_something(self) -> HotlineSubmitted:
        if self.text is not None and not self.text.strip():
            raise ValueError("text is blank")
        if self.text is None and self.recording is None:
            raise ValueError("text or recording is needed")
        return self
