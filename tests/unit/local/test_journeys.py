"""The demonstration counts a channel as done only with outcome, notice and mail."""

from typing import Any

from minsheng.journeys import Journeys


def event(kind: str, subject: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "id": f"E-{kind}", "subject": subject, "data": data}


def journeys() -> Journeys:
    return Journeys({channel: f"{channel}@demo.invalid" for channel in ("text", "hotline")})


def follow(run: Journeys, *seen: dict[str, Any]) -> None:
    for one in seen:
        run.see(one)


def test_an_outcome_with_its_notice_and_mail_ends_the_journey() -> None:
    run = journeys()
    text = run.by_channel["text"]
    text.suggestion_id = "S1"
    assigned = event("case.assigned.v1", "S1", unit={"name": "区城市管理局"})
    follow(run, event("suggestion.submitted.v1", "S1", text="建议"), assigned)
    assert not text.done
    follow(run, event("notice.sent.v1", "S1", channel="email", event_id=assigned["id"]))
    assert not text.done
    text.subjects.append("受理告知书")
    assert text.done
    assert "区城市管理局" in (text.outcome or "")


def test_another_suggestions_events_do_not_count() -> None:
    run = journeys()
    run.by_channel["text"].suggestion_id = "S1"
    follow(run, event("case.assigned.v1", "S2", unit={"name": "区教育局"}))
    assert run.by_channel["text"].outcome is None


def test_a_notice_on_the_page_alone_is_no_mail() -> None:
    run = journeys()
    text = run.by_channel["text"]
    text.suggestion_id = "S1"
    assigned = event("case.declined.v1", "S1", ground="R07")
    follow(run, assigned, event("notice.sent.v1", "S1", channel="page", event_id=assigned["id"]))
    assert not text.notified


def test_a_hotline_order_is_found_by_its_own_number() -> None:
    run = journeys()
    order = run.by_channel["hotline"]
    order.external_id = "DEMO-1"
    follow(run, event("suggestion.submitted.v1", "S9", external_id="DEMO-1", text="工单"))
    assert (order.suggestion_id, order.heard) == ("S9", "工单")


def test_a_notice_that_comes_before_its_outcome_is_remembered() -> None:
    run = journeys()
    text = run.by_channel["text"]
    text.suggestion_id = "S1"
    assigned = event("case.review-requested.v1", "S1")
    follow(run, event("notice.sent.v1", "S1", channel="email", event_id=assigned["id"]), assigned)
    assert text.notified
