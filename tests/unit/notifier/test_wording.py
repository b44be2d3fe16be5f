"""Every form says what it must, in Chinese without an English gap, and in English."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from notifier.adapters.letters import PACKAGE, Catalogue, Letters
from notifier.adapters.pack import load_letter_pack
from notifier.domain import wording
from notifier.domain.notice import Notice, Recipient, calls_of
from notifier.ports import Contact, Mail
from shared.contracts.cases import CaseProgressed, CaseQuestionAsked, CaseResolved, CaseReviewRequested
from shared.contracts.model import EventData
from shared.contracts.notices import Form
from shared.contracts.suggestions import Transcript
from tests.support.notices import AT, DECISION, UNIT, accepted, assigned, declined, submitted

PACK = Path(__file__).parents[3] / "deploy" / "district"
CONTACT = Contact(
    email="li@example.org",
    name="李明",
    language="zh-CN",
    tracking_url="https://jianyi.example/t/abc",
    query_code="ABCD-EFGH-JKLM-NPQR",
)
EVENTS: list[EventData] = [
    submitted("S1", contact_id="K1"),
    *(
        submitted("S1", channel="voice", transcript=Transcript(verdict=verdict))
        for verdict in ("clear", "doubtful", "no-speech", "unusable")
    ),
    accepted("S1"),
    assigned("S1"),
    declined("S1"),
    CaseReviewRequested(suggestion_id="S1", case_id="c1", reasons=["x"], decision=DECISION, emergency=True),
    CaseQuestionAsked(suggestion_id="S1", case_id="c1", question="请问是哪个门？", actor="h"),
    CaseProgressed(suggestion_id="S1", case_id="c1", text="已到现场查看。", actor="h"),
    CaseResolved(suggestion_id="S1", case_id="c1", unit=UNIT, outcome="adopted", answer="已安装。", actor="h"),
]


@pytest.fixture(scope="module")
def letters() -> Letters:
    return Letters(
        load_letter_pack(PACK),
        Catalogue(),
        token=lambda _: "TOKEN",
        public_url="https://notices.example",
        web_url="https://jianyi.example",
    )


def notices(event: EventData) -> list[Notice]:
    made = []
    for call in calls_of(event, at=AT):
        for channel in call.channels:
            made.append(
                Notice(suggestion_id="S1", event_id="E1", channel=channel, form=call.form, at=AT, facts=call.facts)
            )
    return made


def mailed(letters: Letters, event: EventData, language: str = "zh-CN", summary: str = "增加充电桩") -> Mail:
    notice = next(one for one in notices(event) if one.channel == "email")
    recipient = Recipient(suggestion_id="S1", contact_id="K1", language=language, received_at=AT, summary=summary)
    return letters.mail(notice, to="li@example.org", recipient=recipient, contact=CONTACT, language=language)


def english_words(text: str) -> list[str]:
    """Words of three letters and more that are neither an address nor a code of ours."""
    plain = re.sub(r"https?://\S+|[A-Z]{4}-[A-Z-]+|LH-\d+-\d+|Stop mails / English", "", text)
    return re.findall(r"[A-Za-z]{3,}", plain)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_chinese_readers_read_no_english(letters: Letters, event: EventData) -> None:
    for notice in notices(event):
        title, text = letters.page(notice, language="zh-CN")
        assert english_words(title + text) == []
    if any(notice.channel == "email" for notice in notices(event)):
        mail = mailed(letters, event)
        assert english_words(mail.subject + mail.text) == []


def test_every_sentence_of_code_and_templates_has_its_chinese() -> None:
    known = Catalogue().languages["zh-CN"]
    wanted: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr":
                wanted |= {str(one.value) for one in node.args if isinstance(one, ast.Constant)}
    for path in (PACKAGE / "templates").iterdir():
        wanted |= set(re.findall(r'tr\("([^"]+)"\)', path.read_text(encoding="utf-8")))
    for table in (wording.TITLES, wording.OUTCOMES, wording.CHANNELS, wording.HEARD):
        wanted |= set(table.values())
    missing = sorted(sentence for sentence in wanted if known.gettext(sentence) == sentence)
    assert missing == []
    assert len(wanted) > 50


def test_every_form_of_the_contract_has_a_title() -> None:
    assert set(wording.TITLES) == set(get_args(Form))


def test_an_acceptance_notice_carries_all_that_it_must(letters: Letters) -> None:
    text = mailed(letters, assigned("S1")).text
    for part in (
        "受理告知书",
        "LH-2026-000123",
        "增加充电桩",
        "收到时间：2026年11月24日",
        "受理时间：2026年11月24日",
        "区住房和城乡建设局",
        "2026年12月15日",
        "自2026年11月24日起算",
        "https://jianyi.example/t/abc",
        "ABCD-EFGH-JKLM-NPQR",
    ):
        assert part in text


def test_a_decline_names_the_coded_ground_and_where_to_turn(letters: Letters) -> None:
    text = mailed(letters, declined("S1", redirect="请到区民政局窗口办理。")).text
    assert "R07" in text
    assert "请到区民政局窗口办理。" in text
    assert "12345" in mailed(letters, declined("S1")).text


def test_english_readers_get_the_packs_english_for_the_usual_redirect(letters: Letters) -> None:
    usual = load_letter_pack(PACK).ground("R07", "", "zh-CN").redirect
    text = mailed(letters, declined("S1", redirect=usual), language="en").text
    assert "12345" in text
    assert usual not in text


def test_html_escapes_what_people_wrote(letters: Letters) -> None:
    question = CaseQuestionAsked(suggestion_id="S1", case_id="c1", question="<img src=x onerror=1>", actor="h")
    html = mailed(letters, question, summary="<b>增加</b>").html
    assert "<img src=x" not in html
    assert "<b>增加" not in html


def test_page_texts_hold_no_contact_data_and_no_summary(letters: Letters) -> None:
    for event in EVENTS:
        for notice in notices(event):
            shown = "".join(letters.page(notice, language="zh-CN"))
            for part in ("李明", "li@example.org", "ABCD-EFGH", "充电桩"):
                assert part not in shown


def test_the_same_notice_always_has_the_same_message_id(letters: Letters) -> None:
    first, second = mailed(letters, assigned("S1")), mailed(letters, assigned("S1"))
    assert first.message_id == second.message_id
