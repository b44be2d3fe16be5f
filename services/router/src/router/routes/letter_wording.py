"""Codes of dead letters as sentences: English msgids; the catalogue has the Chinese."""

from __future__ import annotations

STATES = {
    "open": "Open",
    "sending": "Being sent",
    "replayed": "Sent again",
    "repaired": "Mended and sent",
    "dropped": "Laid aside",
}
ACTS = {
    "shown": "Personal data looked at",
    "replayed": "Sent again as it came",
    "repaired": "Mended and sent again",
    "dropped": "Laid aside for good",
    "failed": "Sending failed; open again",
}
REASONS = {
    "unreadable": "It can't be read: no JSON, or damaged",
    "not-a-cloudevent": "It is no CloudEvent 1.0",
    "unknown-type": "Its event type is unknown here",
    "invalid-data": "A field is missing or wrong",
    "invalid": "A field is missing or wrong",
    "missing": "A field is missing or wrong",
    "blank": "The text is empty",
    "too-long": "The text is too long",
    "too-large": "It is too large",
    "time-without-zone": "A time has no zone",
    "unknown-source": "The hotline that it names is unknown",
    "foreign-source": "The sender is not the hotline that it names",
    "conflicting-repeat": "The same work order came before with another text",
    "foreign-uri": "The recording is not in our store",
    "unknown-town": "The town that it names is unknown",
    "no-case": "It belongs to a case that is not here",
    "not-found": "What it refers to is not here",
    "wrong-state": "The case is in a state that does not allow it",
    "conflict": "It contradicts what came before",
    "stale": "It was overtaken by a later change",
}
