"""What the desk reads: the review queue, lists of cases, one case with its notices. Rights are checked here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from router.domain import access
from router.domain.case import Case
from router.domain.district import Account
from router.domain.following import CurrentIssue
from router.ports.cases import CaseStore, Filters, Page
from router.ports.issues import IssueStore
from router.ports.telling import CopyLog, NoticeLog, Notified
from shared.contracts.suggestions import MediaRef
from shared.errors import Forbidden, NotFound

PAGE = 25
HOT = 20
MEMBERS = 50
TOGETHER = 50


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """A case, what was told about it, and the cases beside it."""

    case: Case
    notices: Sequence[Notified]
    copies: Sequence[MediaRef] = ()
    """What can be played of its recording."""
    issue: CurrentIssue | None = None
    lead: Case | None = None
    """Handled together with this one."""
    merged: Sequence[Case] = ()
    """Handled together with this case."""


@dataclass(frozen=True, kw_only=True)
class IssueView:
    """A hot issue and its latest cases, the newest first."""

    issue: CurrentIssue
    cases: Sequence[Case]


class Queues:
    """Reading for one account at a time."""

    def __init__(self, store: CaseStore, notices: NoticeLog, issues: IssueStore, copies: CopyLog) -> None:
        self._store = store
        self._notices = notices
        self._issues = issues
        self._copies = copies

    async def waiting(self, account: Account, *, after: str | None = None) -> Page:
        """The review queue: emergencies, then the oldest; `before` of the page is the key to go on from."""
        if not access.sees_queue(account):
            raise Forbidden("Your account can't see the review queue.")
        found = await self._store.queue(after=after, limit=PAGE)
        return Page(cases=found, before=found[-1].queue_key if len(found) == PAGE else None)

    async def length(self, account: Account) -> int:
        """How many wait; 0 for those who don't see the queue."""
        return await self._store.queue_length() if access.sees_queue(account) else 0

    async def cases(self, account: Account, filters: Filters, *, before: str | None = None) -> Page:
        """Newest first; a handler gets only its unit's."""
        if account.role == "handler":
            filters = replace(filters, unit=account.unit)
        return await self._store.page(filters, before=before, limit=PAGE)

    async def case(self, account: Account, suggestion_id: str) -> CaseView:
        """One case; one that the account may not see is answered like one that does not exist."""
        case = await self._store.find(suggestion_id)
        if case is None or not access.sees(account, case):
            raise NotFound("There is no such case.")
        return CaseView(
            case=case,
            notices=await self._notices.of(suggestion_id),
            copies=await self._copies.of(suggestion_id) if case.suggestion.media else (),
            issue=await self._issues.of(suggestion_id) if access.sees_queue(account) else None,
            lead=await self._store.find(case.merged_into) if case.merged_into else None,
            merged=await self._store.merged_into(suggestion_id, limit=TOGETHER),
        )

    async def hot_issues(self, account: Account) -> Sequence[CurrentIssue]:
        """The hottest issues of the whole district, hottest first."""
        if not access.sees_queue(account):
            raise Forbidden("Your account may not do this.")
        return await self._issues.hottest(limit=HOT)

    async def hot_issue(self, account: Account, issue_id: str) -> IssueView:
        """One hot issue; those that cooled down are no longer found."""
        if not access.sees_queue(account):
            raise Forbidden("Your account may not do this.")
        issue = await self._issues.find(issue_id)
        if issue is None:
            raise NotFound("This issue is no longer among the hot ones.")
        found = [await self._store.find(one) for one in reversed(issue.members[-MEMBERS:])]
        return IssueView(issue=issue, cases=[one for one in found if one is not None])

    async def lessons(self, account: Account, *, before: datetime | None = None) -> Sequence[Case]:
        """What people's choices teach the text model, the newest first."""
        if not access.sees_queue(account):
            raise Forbidden("Your account may not do this.")
        return await self._store.lessons(before=before, limit=PAGE)

    async def numbered(self, account: Account, number: str) -> Case | None:
        """The case with this number, if the account may see it."""
        case = await self._store.by_number(number)
        return case if case is not None and access.sees(account, case) else None
