"""How far the inputs of a demonstration have come, told by the events that are seen of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OUTCOMES = {
    "case.assigned.v1": "已分办 assigned",
    "case.declined.v1": "不予受理 declined",
    "case.review-requested.v1": "人工复核 review queue",
}


@dataclass(slots=True)
class Journey:
    """How far one input has come; `done` once outcome, notice and mail are all there."""

    channel: str
    mailbox: str
    stage: str = "发送 sending"
    suggestion_id: str | None = None
    query_code: str | None = None
    external_id: str | None = None
    heard: str | None = None
    outcome: str | None = None
    outcome_event: str | None = None
    notified: bool = False
    subjects: list[str] = field(default_factory=list)
    problem: str | None = None

    @property
    def done(self) -> bool:
        return bool(self.outcome and self.notified and self.subjects)


class Journeys:
    """One journey per channel; events may be seen before it is known whose they are."""

    def __init__(self, mailboxes: Mapping[str, str]) -> None:
        self.by_channel = {channel: Journey(channel, mailbox) for channel, mailbox in mailboxes.items()}
        self._noticed: set[str] = set()  # events told of by mail, maybe before we know whose they are
        self._early: list[dict[str, Any]] = []

    def sent(self, journey: Journey, receipt: Mapping[str, Any]) -> None:
        """It was handed in; a work order has no receipt."""
        journey.suggestion_id = receipt.get("suggestion_id", journey.suggestion_id)
        journey.query_code = receipt.get("query_code")
        journey.stage = "已收到 received" if receipt else "已发布 published"
        for seen in self._early:
            self._take(seen)

    def see(self, seen: dict[str, Any]) -> None:
        """One event of any topic, as `records.view` gives it."""
        self._early.append(seen)
        self._take(seen)

    def _take(self, seen: dict[str, Any]) -> None:
        data = seen["data"] if isinstance(seen["data"], dict) else {}
        if seen["type"] == "notice.sent.v1" and data.get("channel") == "email":
            self._noticed.add(str(data.get("event_id")))
        for journey in self.by_channel.values():
            mine = journey.suggestion_id is not None and seen["subject"] == journey.suggestion_id
            if seen["type"] == "suggestion.submitted.v1":
                if journey.external_id and data.get("external_id") == journey.external_id:
                    journey.suggestion_id, mine = str(seen["subject"]), True
                if mine:
                    journey.heard = str(data.get("text") or "")
                    if journey.outcome is None:
                        journey.stage = "已登记 submitted"
            if mine and seen["type"] in OUTCOMES and journey.outcome is None:
                unit = (data.get("unit") or {}).get("name") or ""
                journey.outcome = f"{OUTCOMES[seen['type']]} {unit}".strip()
                journey.outcome_event = seen["id"]
                journey.stage = journey.outcome
            if journey.outcome_event in self._noticed:
                journey.notified = True
