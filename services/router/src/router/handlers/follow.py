"""Follows the inflow: one instance at a time compares each case with earlier ones and keeps the hot issues."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from router.domain.case import Case
from router.domain.following import CurrentIssue, Finding, Following, comparable, record_of
from router.handlers.pacing import Pacing
from router.handlers.recall import Recall
from router.ports.cases import CaseStore
from router.ports.deciding import Simplify
from router.ports.issues import IssueStore
from router.ports.lease import Lease
from shared.clock import Clock
from shared.contracts.cases import CaseIssueJoined
from shared.errors import MinshengError

_log = structlog.get_logger(__name__)
EVERY_S = 2.0
SHOW_EVERY_S = 10.0
COOL_EVERY_S = 900.0
"""Heat falls by age even where nothing comes."""
BATCH = 8
"""Read at once: the database serves nobody else meanwhile."""
SHOWN = 50


class FollowIssues:
    """A case opens without waiting for this: it stands in a line (`follow_key`) that outlives any process.

    What was found is written once per case, whoever runs or dies meanwhile; the memory is rebuilt from the cases.
    """

    def __init__(
        self,
        store: CaseStore,
        issues: IssueStore,
        lease: Lease,
        simplify: Simplify,
        clock: Clock,
        *,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._issues = issues
        self._lease = lease
        self._simplify = simplify
        self._clock = clock
        self._pacing = Pacing(clock, busy)
        self._recall = Recall(store, simplify, clock, self._pacing)
        self._following: Following | None = None
        self._changed = True
        self._shown_at: float | None = None

    async def once(self) -> int:
        """Compare all that wait; returns how many. Another's lease: nothing, and the memory is given up."""
        if not await self._holds():
            return 0
        following = self._following
        if following is None:
            following = await self._recall.following(self._holds)
            if following is None:
                return 0
            self._changed = True
        self._following = following
        compared = 0
        while waiting := await self._store.unfollowed(limit=BATCH):
            for case in waiting:
                await self._follow(case, following)
            compared += len(waiting)
            if not await self._holds():
                return compared
        await self._show(following)
        return compared

    async def run(self) -> None:
        """Until cancelled; an outage only delays."""
        while True:
            try:
                await self.once()
            except MinshengError:
                pass  # readiness shows the database; the next round goes on where this one stopped
            await self._clock.sleep(EVERY_S)

    async def _holds(self) -> bool:
        held = await self._lease.hold()
        if not held:
            self._following = None
        return held

    async def _follow(self, case: Case, following: Following) -> None:
        started = self._clock.monotonic()
        finding: Finding | None = None
        if comparable(case) and case.suggestion_id not in following:
            record = record_of(case, self._simplify)
            try:
                finding = await asyncio.to_thread(following.add, record, self._clock.now())
                self._changed = True
            except Exception as error:  # one odd text must not hold up the line; its case works without this
                _log.error("case_not_compared", case=case.number, error_type=type(error).__name__)
        await self._store.followed(case, finding, _events(case, finding, self._clock))
        following.settle(case.suggestion_id)
        await self._pacing.rest(started)

    async def _show(self, following: Following) -> None:
        now = self._clock.monotonic()
        wait = SHOW_EVERY_S if self._changed else COOL_EVERY_S
        if self._shown_at is not None and now - self._shown_at < wait:
            return
        hot: list[CurrentIssue] = await asyncio.to_thread(following.hot, self._clock.now(), limit=SHOWN)
        await self._issues.show(hot)
        self._shown_at, self._changed = now, False


def _events(case: Case, finding: Finding | None, clock: Clock) -> list[CaseIssueJoined]:
    if finding is None or finding.issue is None:
        return []
    issue = finding.issue
    return [
        CaseIssueJoined(
            suggestion_id=case.suggestion_id,
            case_id=case.suggestion_id,
            number=case.number,
            at=clock.now(),
            issue_id=issue.id,
            issue_name=issue.name,
            heat=issue.heat,
            size=issue.count,
        )
    ]
