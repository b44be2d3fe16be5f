"""The demonstration counts a channel as done only with outcome, notice and mail."""

from pathlib import Path
from typing import Any

from minsheng.addresses import Addresses
from minsheng.demo import Demo, Journey

NOWHERE = Addresses(
    "http://web.invalid", "http://media.invalid", "kafka.invalid:9092", "http://inbox.invalid", "mongodb://db.invalid"
)


def event(kind: str, subject: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "id": f"E-{kind}", "subject": subject, "data": data}


def demo() -> Demo:
    return Demo(NOWHERE, Path(), lambda: None)


def follow(run: Demo, journey: Journey, *seen: dict[str, Any]) -> None:
    for one in seen:
        run._take(one)


def test_an_outcome_with_its_notice_and_mail_ends_the_journey() -> None:
    run = demo()
    text = run.journeys["text"]
    text.suggestion_id = "S1"
    assigned = event("case.assigned.v1", "S1", unit={"name": "区城市管理局"})
    follow(run, text, event("suggestion.submitted.v1", "S1", text="建议"), assigned)
    assert not text.done
    follow(run, text, event("notice.sent.v1", "S1", channel="email", event_id=assigned["id"]))
    assert not text.done
    text.subjects.append("受理告知书")
    assert text.done
    assert "区城市管理局" in (text.outcome or "")


def test_another_suggestions_events_do_not_count() -> None:
    run = demo()
    run.journeys["text"].suggestion_id = "S1"
    follow(run, run.journeys["text"], event("case.assigned.v1", "S2", unit={"name": "区教育局"}))
    assert run.journeys["text"].outcome is None


def test_a_notice_on_the_page_alone_is_no_mail() -> None:
    run = demo()
    text = run.journeys["text"]
    text.suggestion_id = "S1"
    assigned = event("case.declined.v1", "S1", ground="R07")
    follow(run, text, assigned, event("notice.sent.v1", "S1", channel="page", event_id=assigned["id"]))
    assert not text.notified


def test_a_hotline_order_is_found_by_its_own_number() -> None:
    run = demo()
    order = run.journeys["hotline"]
    order.external_id = "DEMO-1"
    follow(run, order, event("suggestion.submitted.v1", "S9", external_id="DEMO-1", text="工单"))
    assert (order.suggestion_id, order.heard) == ("S9", "工单")


def test_a_notice_that_comes_before_its_outcome_is_remembered() -> None:
    run = demo()
    text = run.journeys["text"]
    text.suggestion_id = "S1"
    assigned = event("case.review-requested.v1", "S1")
    follow(run, text, event("notice.sent.v1", "S1", channel="email", event_id=assigned["id"]), assigned)
    assert text.notified
