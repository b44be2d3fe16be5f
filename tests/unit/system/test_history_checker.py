"""The campaign's checker finds each kind of broken promise; one that found nothing would prove nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.checker import TOPICS, Seen, Verdict, compared
from tests.chaos.load import CANARY_PHONE, Accepted

KINDS = ("lost", "undecided", "doubled", "several_outcomes", "out_of_order", "canaries", "dead_letters")


class History:
    """What a stranger reads on the topics; by default one resident's suggestion and one work order, both well."""

    def __init__(self, folder: Path) -> None:
        self.accepted = Accepted(folder / "accepted.jsonl")
        self.logs, self.metrics = folder, [""]
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

    def verdict(self) -> Verdict:
        return compared(self.records, self.accepted, self.logs, self.metrics)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def broken(verdict: Verdict) -> set[str]:
    """The kinds of promise that were broken."""
    assert verdict.clean == (not any(getattr(verdict, kind) for kind in KINDS))
    return {kind for kind in KINDS if getattr(verdict, kind)}


def test_a_history_in_which_all_is_well_is_clean(history: History) -> None:
    assert broken(history.verdict()) == set()
    assert history.verdict().accepted == 2


def test_a_repeat_under_the_same_event_id_is_no_second_effect(history: History) -> None:
    history.records += [replace(one, offset=one.offset + 100) for one in history.records if one.topic in TOPICS]
    assert broken(history.verdict()) == set()
    assert history.verdict().repeats == 7


@pytest.mark.parametrize(
    ("kind", "subject", "promise"),
    [
        ("suggestion.submitted.v1", "S1", "lost"),
        ("suggestion.submitted.v1", "S2", "lost"),  # the work order's
        ("case.assigned.v1", "S1", "undecided"),
        ("case.review-requested.v1", "S2", "undecided"),
    ],
)
def test_what_never_came_is_missed(history: History, kind: str, subject: str, promise: str) -> None:
    del history.records[history.find(kind, subject)]
    assert broken(history.verdict()) == {promise}


@pytest.mark.parametrize(
    ("kind", "promises"),
    [
        ("suggestion.submitted.v1", {"doubled"}),
        ("case.accepted.v1", {"doubled"}),
        ("case.assigned.v1", {"doubled", "several_outcomes"}),
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
    history.say("cases", "case.declined.v1", "S1", cause="something else")
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
    assert broken(history.verdict()) == {"out_of_order"}
    history.records[place] = replace(kept, partition=3)
    assert broken(history.verdict()) == {"out_of_order"}


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


def test_a_dead_letter_is_told_and_one_with_the_number_is_found(history: History) -> None:
    history.say("cases-dlq", "case.assigned.v1", "S1")
    assert broken(history.verdict()) == {"dead_letters"}
    history.say("cases-dlq", "case.assigned.v1", "S1", phone=CANARY_PHONE)
    assert broken(history.verdict()) == {"dead_letters", "canaries"}
