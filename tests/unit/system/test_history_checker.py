"""The campaign's checker finds each kind of broken promise; one that found nothing would prove nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.canaries import Traces
from tests.chaos.checker import PROMISES, TOPICS, Verdict, compared
from tests.chaos.hotlines import broken as broken_record
from tests.chaos.promised import CANARY_PHONE, Accepted, Deed
from tests.chaos.reading import Seen


class History:
    """What a stranger reads on the topics; by default one resident's suggestion and one work order, both well."""

    def __init__(self, folder: Path) -> None:
        self.accepted = Accepted(folder / "accepted.jsonl")
        self.logs, self.metrics = folder / "log", [""]
        self.logs.mkdir()
        (self.logs / "kafka-1.log").write_text("started")
        self.pages: dict[str, str] = {"S1": "assigned"}
        self.overloaded = False
        self.records: list[Seen] = []
        self.accepted.receipt("S1", "web")
        self.accepted.work_order("C1", "路灯不亮")
        self.say("hotline-submissions", "hotline.submitted.v1", "", contact={"phone": CANARY_PHONE})
        self.say("suggestions", "suggestion.submitted.v1", "S1", text="修路")
        self.say("suggestions", "suggestion.submitted.v1", "S2", external_id="C1", text="路灯不亮")
        for subject in ("S1", "S2"):
            cause = self.id_of("suggestion.submitted.v1", subject)
            told = ("case.accepted.v1", "case.assigned.v1") if subject == "S1" else ("case.review-requested.v1",)
            for kind in told:
                self.say("cases", kind, subject, cause=cause)
            self.say("notices", "notice.sent.v1", subject, cause=cause, notice_id=f"N{subject}")

    def say(self, topic: str, kind: str, subject: str, *, cause: str = "", **data: Any) -> Seen:
        """One more record of the topic, under a new event id."""
        number = len(self.records)
        headers = {"ce_id": f"E{number}", "ce_type": kind, "ce_subject": subject}
        if cause:
            headers["ce_causationid"] = cause
        one = Seen(topic, 0, number, subject, headers, json.dumps(data, ensure_ascii=False).encode())
        self.records.append(one)
        return one

    def find(self, kind: str, subject: str) -> int:
        return next(
            place
            for place, one in enumerate(self.records)
            if (one.headers["ce_type"], one.headers["ce_subject"]) == (kind, subject)
        )

    def id_of(self, kind: str, subject: str) -> str:
        return self.records[self.find(kind, subject)].headers["ce_id"]

    def act(self, kind: str, subject: str, effect: str, *, version: int | None = None, **data: Any) -> Deed:
        """A person's act, answered, and the event that tells of it; `data` may hold the act's signs as `%`."""
        deed = Deed(subject, kind, version)
        self.accepted.deeds.append(deed)
        self.accepted.deed(deed)
        told = {"decision": {"method": "person", "evidence": [{"value": f"核实 {deed.mark}"}]}, **data}
        topic = "suggestions" if effect.startswith("suggestion.") else "cases"
        self.say(topic, effect, subject, **json.loads(json.dumps(told).replace("%", deed.mark)))
        return deed

    def breaks(self, kind: int, *, buried: bool = True, **headers: str) -> str:
        """A hotline sends what nobody can read; it lies in the dead letters as it came."""
        signs, value = broken_record(kind)
        self.accepted.unreadable(signs)
        for topic in ("hotline-submissions", *(["hotline-submissions-dlq"] if buried else [])):
            own = {"error-type": "unreadable", "error": "no JSON", **headers} if topic.endswith("-dlq") else {}
            self.records.append(Seen(topic, 0, 10_000 + len(self.records), None, own, value))
        return signs

    def verdict(self) -> Verdict:
        traces = Traces(logs=[self.logs], metrics=self.metrics, logging=["kafka"])
        return compared(self.records, self.accepted, traces, pages=self.pages, overloaded=self.overloaded)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def broken(verdict: Verdict) -> set[str]:
    """The kinds of promise that were broken."""
    found = {promise for promise in PROMISES if getattr(verdict, promise)}
    assert verdict.clean == (not found and not verdict.waiting)
    return found


def test_a_history_in_which_all_is_well_is_clean(history: History) -> None:
    assert broken(history.verdict()) == set()
    assert history.verdict().accepted == 2


def test_a_repeat_under_the_same_event_id_is_no_second_effect(history: History) -> None:
    history.records += [replace(one, offset=one.offset + 100) for one in history.records if one.topic in TOPICS]
    assert broken(history.verdict()) == set()
    assert history.verdict().repeats == 7


@pytest.mark.parametrize(
    ("kind", "subject", "promises"),
    [
        ("suggestion.submitted.v1", "S1", {"lost"}),
        ("suggestion.submitted.v1", "S2", {"lost"}),  # the work order's
        ("case.assigned.v1", "S1", {"undecided", "pages_wrong"}),
        ("case.review-requested.v1", "S2", {"undecided"}),
    ],
)
def test_what_never_came_is_missed(history: History, kind: str, subject: str, promises: set[str]) -> None:
    del history.records[history.find(kind, subject)]
    assert broken(history.verdict()) == promises


def test_what_an_overloaded_run_had_no_time_for_is_waiting_and_not_lost(history: History) -> None:
    del history.records[history.find("case.assigned.v1", "S1")]
    history.overloaded = True
    verdict = history.verdict()
    assert broken(verdict) == set()
    assert verdict.waiting == ["S1"]


@pytest.mark.parametrize(
    ("kind", "promises"),
    [
        ("suggestion.submitted.v1", {"doubled"}),
        ("case.accepted.v1", {"doubled", "out_of_order"}),
        ("case.assigned.v1", {"doubled", "several_outcomes", "out_of_order"}),
        ("notice.sent.v1", {"doubled"}),
    ],
)
def test_the_same_effect_under_another_event_id_is_a_second_one(
    history: History, kind: str, promises: set[str]
) -> None:
    one = history.records[history.find(kind, "S1")]
    history.records.append(replace(one, headers={**one.headers, "ce_id": "another"}))
    assert broken(history.verdict()) == promises


def test_another_first_outcome_of_another_kind_is_one_too_many(history: History) -> None:
    history.say("cases", "case.declined.v1", "S2", cause="something else")
    assert broken(history.verdict()) == {"several_outcomes"}


def test_an_outcome_of_no_event_and_no_person_that_we_know_is_one_too_many(history: History) -> None:
    history.say("cases", "case.declined.v1", "S2")
    assert broken(history.verdict()) == {"several_outcomes"}


def test_a_work_order_that_became_two_suggestions_is_doubled(history: History) -> None:
    history.say("suggestions", "suggestion.submitted.v1", "S3", external_id="C1", text="路灯不亮")
    assert broken(history.verdict()) == {"doubled"}


def test_a_work_order_whose_words_changed_is_lost(history: History) -> None:
    place = history.find("suggestion.submitted.v1", "S2")
    value = history.records[place].value.replace("路灯".encode(), "路面".encode())
    history.records[place] = replace(history.records[place], value=value)
    assert broken(history.verdict()) == {"lost"}


def test_a_state_that_went_backwards_and_a_key_on_two_partitions_are_seen(history: History) -> None:
    place = history.find("case.accepted.v1", "S1")
    kept = history.records[place]
    history.records[place] = replace(kept, offset=999)
    assert broken(history.verdict()) == {"out_of_order", "pages_wrong"}
    history.records[place] = replace(kept, partition=3)
    assert broken(history.verdict()) == {"out_of_order", "pages_wrong"}


@pytest.mark.parametrize("where", ["value", "header", "key", "log", "rotated log", "metric"])
def test_a_phone_number_outside_its_one_topic_is_found(history: History, where: str) -> None:
    one = history.records[-1]
    if where == "value":
        history.say("notices", "notice.shown.v1", "S1", text=f"电话{CANARY_PHONE}")
    elif where == "header":
        history.records[-1] = replace(one, headers={**one.headers, "traceparent": CANARY_PHONE})
    elif where == "key":
        history.records[-1] = replace(one, key=CANARY_PHONE)
    elif where == "metric":
        history.metrics = ["", f'minsheng_x{{phone="{CANARY_PHONE}"}} 1']
    else:
        (history.logs / ("router-1.log" if where == "log" else "router-1.log.2")).write_text(CANARY_PHONE)
    assert broken(history.verdict()) == {"canaries"}


def test_a_canary_that_never_travelled_proves_nothing(history: History) -> None:
    history.records = [one for one in history.records if one.topic != "hotline-submissions"]
    assert broken(history.verdict()) == {"canaries"}


def test_a_log_that_is_not_there_proves_nothing(history: History) -> None:
    (history.logs / "kafka-1.log").unlink()
    assert broken(history.verdict()) == {"canaries"}


def test_a_dead_letter_is_told_and_one_with_the_number_is_found(history: History) -> None:
    history.say("cases-dlq", "case.assigned.v1", "S1")
    assert broken(history.verdict()) == {"dead_letters"}
    history.say("cases-dlq", "case.assigned.v1", "S1", phone=CANARY_PHONE)
    assert broken(history.verdict()) == {"dead_letters", "canaries"}


@pytest.mark.parametrize("kind", range(5))
def test_what_was_broken_on_purpose_may_lie_in_its_dead_letters_with_the_number(history: History, kind: int) -> None:
    history.breaks(kind)
    verdict = history.verdict()
    assert broken(verdict) == set()
    assert verdict.buried == 1


def test_what_was_broken_and_lies_nowhere_is_lost(history: History) -> None:
    history.breaks(0)
    history.breaks(1, buried=False)
    assert broken(history.verdict()) == {"lost"}


@pytest.mark.parametrize("name", ["error", "error-type", "original-topic", "ce_subject"])
def test_the_number_in_the_provenance_of_a_dead_letter_is_found(history: History, name: str) -> None:
    history.breaks(0, **{name: f"not understood: {CANARY_PHONE}"})
    assert broken(history.verdict()) == {"canaries"}


def test_a_dead_letter_that_is_not_what_came_is_found(history: History) -> None:
    history.breaks(0)
    history.records[-1] = replace(history.records[-1], value=history.records[-1].value + b" and more")
    assert broken(history.verdict()) == {"canaries", "dead_letters", "lost"}


def test_people_who_act_and_residents_who_correct_leave_a_clean_history(history: History) -> None:
    corrected = history.act("correct", "S2", "suggestion.corrected.v1", text="我说的是 %")
    assert corrected.mark in history.records[-1].value.decode()
    history.say("cases", "case.review-requested.v1", "S2", cause=history.records[-1].headers["ce_id"])
    history.act("decline", "S1", "case.declined.v1", version=1)
    history.say("cases", "case.assigned.v1", "S1", decision={"method": "person"})
    history.act("resolve", "S1", "case.resolved.v1", version=3)
    history.pages = {"S1": "resolved", "S2": "in-review"}
    verdict = history.verdict()
    assert broken(verdict) == set()
    assert verdict.acts == {"correct": 1, "decline": 1, "resolve": 1}


def test_an_act_without_effect_one_with_two_and_two_on_one_page_are_seen(history: History) -> None:
    deed = history.act("decline", "S1", "case.declined.v1", version=1)
    history.pages = {"S1": "declined"}
    assert broken(history.verdict()) == set()
    told = history.records.pop()
    history.pages = {"S1": "assigned"}
    assert broken(history.verdict()) == {"acts_lost"}
    again = replace(told, headers={**told.headers, "ce_id": "another"}, offset=told.offset + 1)
    history.records += [told, again]
    history.pages = {"S1": "declined"}
    assert broken(history.verdict()) == {"acts_doubled", "out_of_order"}  # declined twice, too
    history.records.remove(again)
    history.act("assign", "S1", "case.assigned.v1", version=deed.version)
    history.pages = {"S1": "assigned"}
    assert broken(history.verdict()) == {"acts_doubled"}


def test_an_act_that_had_no_answer_may_have_no_effect(history: History) -> None:
    history.act("decline", "S1", "case.declined.v1").done = False
    history.records.pop()
    assert broken(history.verdict()) == set()


@pytest.mark.parametrize("kind", ["case.assigned.v1", "case.declined.v1", "case.review-requested.v1"])
def test_nothing_follows_an_answer(history: History, kind: str) -> None:
    history.act("resolve", "S1", "case.resolved.v1", version=1)
    history.pages = {"S1": "resolved"}
    assert broken(history.verdict()) == set()
    history.say("cases", kind, "S1", decision={"method": "person"})
    assert "out_of_order" in broken(history.verdict())


def test_only_a_person_changes_what_was_decided(history: History) -> None:
    history.act("correct", "S1", "suggestion.corrected.v1", text="%")
    history.say("cases", "case.declined.v1", "S1", cause=history.records[-1].headers["ce_id"])
    history.pages = {"S1": "declined"}
    assert broken(history.verdict()) == {"out_of_order"}


def test_a_page_that_shows_another_state_than_the_case_is_found(history: History) -> None:
    history.pages = {"S1": "in-review"}
    assert broken(history.verdict()) == {"pages_wrong"}
