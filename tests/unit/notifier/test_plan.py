"""Which event tells whom what, once, in whatever order the two topics arrive."""

from __future__ import annotations

from ulid import ULID

from notifier.handlers.plan import plan
from shared.contracts.cases import CaseClosed, CaseReviewRequested, Unit
from tests.support.notices import (
    DECISION,
    FakeBook,
    FakeComposer,
    accepted,
    assigned,
    declined,
    event_of,
    recipient_of,
    submitted,
)


async def planned(book: FakeBook, *events: object) -> list[tuple[str, str]]:
    made = []
    for event in events:
        made += await plan(event, book=book, composer=FakeComposer())
    return [(notice.form, notice.channel) for notice in made]


async def test_a_suggestion_with_contact_gets_a_receipt_on_the_page_and_by_mail() -> None:
    book = FakeBook()
    made = await planned(book, event_of(submitted("S1", contact_id="K1")))
    assert made == [("receipt", "page"), ("receipt", "email")]
    assert book.held == set()


async def test_nobody_to_mail_means_the_page_alone_for_every_step() -> None:
    book = FakeBook()
    made = await planned(book, event_of(submitted("S1")), event_of(accepted("S1")), event_of(assigned("S1")))
    assert made == [("receipt", "page"), ("acceptance", "page"), ("assignment", "page")]


async def test_acceptance_and_assignment_make_one_letter_that_carries_unit_and_due_date() -> None:
    book = FakeBook()
    made = await planned(
        book, event_of(submitted("S1", contact_id="K1")), event_of(accepted("S1")), event_of(assigned("S1"))
    )
    assert made[2:] == [("acceptance", "page"), ("assignment", "page"), ("acceptance", "email")]
    letter = next(one for one in book.queued.values() if one.form == "acceptance")
    assert letter.facts["unit"] == "区住房和城乡建设局"
    assert letter.facts["due"] == "2026-12-15"
    assert "15个工作日" in letter.facts["computation"]
    assert letter.facts["number"] == "LH-2026-000123"


async def test_a_second_assignment_is_told_as_a_referral_not_as_a_second_acceptance() -> None:
    book = FakeBook()
    again = assigned("S1", Unit(id="other", name="区教育局"))
    made = await planned(book, event_of(submitted("S1", contact_id="K1")), event_of(assigned("S1")), event_of(again))
    assert made[-1] == ("assignment", "email")


async def test_the_same_event_again_plans_nothing_new() -> None:
    book = FakeBook()
    events = [event_of(submitted("S1", contact_id="K1")), event_of(assigned("S1"))]
    first = await planned(book, *events)
    assert await planned(book, *events) == []
    assert len(first) == len(book.shown) + len(book.queued) == 4


async def test_a_case_event_before_its_suggestion_is_held_and_let_go_when_it_comes() -> None:
    book = FakeBook()
    await planned(book, event_of(declined("S1")))
    assert len(book.held) == 1
    await planned(book, event_of(submitted("S1", contact_id="K1")))
    assert book.held == set()
    assert [one.form for one in book.queued.values()] == ["decline", "receipt"]


async def test_a_suggestion_that_comes_while_its_case_event_is_handled_strands_no_mail() -> None:
    book = FakeBook()
    suggestion = submitted("S1", contact_id="K1")

    def suggestion_arrives() -> None:
        book.before_queue = lambda: None
        # introduced by another consumer between our look and our write: its release finds nothing to let go
        book.recipients["S1"] = recipient_of("S1")

    book.before_queue = suggestion_arrives
    await planned(book, event_of(assigned(suggestion.suggestion_id)))
    assert book.held == set()


async def test_what_stays_between_the_offices_is_not_told() -> None:
    book = FakeBook()
    closed = CaseClosed(suggestion_id="S1", case_id="c1", end_state="answered")
    assert await planned(book, event_of(closed)) == []


async def test_a_review_is_mailed_only_where_there_may_be_danger() -> None:
    quiet = CaseReviewRequested(suggestion_id="S1", case_id="c1", reasons=["low-confidence"], decision=DECISION)
    urgent = quiet.model_copy(update={"suggestion_id": "S2", "emergency": True})
    book = FakeBook()
    made = await planned(
        book,
        event_of(submitted("S1", contact_id="K1")),
        event_of(submitted("S2", contact_id="K2")),
        event_of(quiet),
        event_of(urgent),
    )
    assert made[4:] == [("review", "page"), ("review", "page"), ("review", "email")]


async def test_page_texts_follow_the_language_of_the_suggestion() -> None:
    book = FakeBook()
    suggestion_id = str(ULID())
    await planned(book, event_of(submitted(suggestion_id, language="en")), event_of(accepted(suggestion_id)))
    assert {text for _, _, text in book.shown.values()} == {"en"}
