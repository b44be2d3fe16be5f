"""The hot issues as they were last found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from router.domain.following import CurrentIssue


class IssueStore(Protocol):
    """The hot issues as they were last found."""

    async def show(self, issues: Sequence[CurrentIssue]) -> None:
        """These and no others."""
        ...

    async def hottest(self, *, limit: int) -> Sequence[CurrentIssue]:
        """The hottest first."""
        ...

    async def find(self, issue_id: str) -> CurrentIssue | None: ...

    async def of(self, suggestion_id: str) -> CurrentIssue | None:
        """The hot issue that a case is about."""
        ...
