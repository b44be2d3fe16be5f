"""Where a suggestion is about: what a resident chose, with the town's id instead of one of its names."""

from __future__ import annotations

from collections.abc import Mapping

from shared.contracts.submissions import Submission
from shared.contracts.suggestions import Place
from shared.errors import InvalidInput

UNKNOWN_TOWN = "This town or street is not one of the district's."


def place_of(submission: Submission, towns: Mapping[str, str]) -> Place | None:
    """None where none is said. `towns`: id by every name of a town; InvalidInput `unknown-town` beyond them."""
    if submission.place is None:
        return None
    found = submission.place.model_dump(exclude_none=True)
    if "town" in found:
        town = towns.get(found["town"].strip())
        if town is None:
            raise InvalidInput(UNKNOWN_TOWN, code="unknown-town", pointer="/place/town")
        found["town"] = town
    return Place.model_validate(found) if found else None
