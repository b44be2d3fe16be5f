"""From one suggestion to one class of issue: what joins, what stays apart, what is hot, what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from router.domain import similarity
from router.domain.heat import heat_of, hottest
from router.domain.issues import IssueStream
from router.domain.similarity import SimilarityWindow
from router.domain.wording import distinctive, place_marks
from tests.support.letters import START, letter

NOISE = (
    "建议图书馆周末延长开放时间",
    "希望社区食堂增加早餐",
    "请修剪河堤两边的树枝",
    "老年大学名额太少报不上名",
    "乡村医生的补贴什么时候发放",
    "孩子放学没有人接送怎么办",
    "冬天暖气不热打电话没人管",
    "快递柜收费应该公示价格",
)
BATCHING_PLANT = (
    "翠湖新城旁边的搅拌站噪音扰民",
    "投诉翠湖新城小区附近修建搅拌站",
    "翠湖新城搅拌站灰尘噪音污染严重",
    "搅拌站离翠湖新城太近，夜里噪音大",
    "翠湖新城外的搅拌站什么时候搬走",
)


def streamed(subjects: list[str], stream: IssueStream | None = None) -> tuple[IssueStream, dict[str, str]]:
    """Subjects one a day; the issue of each afterwards."""
    stream = stream or IssueStream()
    for number, subject in enumerate(subjects):
        stream.add(letter(number, subject, day=number))
    return stream, {m.subject or "": key for key, members in stream.issues() for m in members}


def test_one_matter_becomes_one_issue_and_the_rest_stay_apart() -> None:
    mixed = [s for pair in zip(NOISE, (*BATCHING_PLANT, "", "", ""), strict=True) for s in pair if s]
    _, issues = streamed(mixed)
    assert len({issues[s] for s in BATCHING_PLANT}) == 1
    assert len({issues[s] for s in NOISE}) == len(NOISE)
    assert not {issues[s] for s in NOISE} & {issues[s] for s in BATCHING_PLANT}


def test_the_same_trouble_in_two_streets_is_two_issues() -> None:
    _, issues = streamed([*NOISE, "建设路路灯坏了一个月没人修", "人民路路灯坏了一个月没人修"])
    assert issues["建设路路灯坏了一个月没人修"] != issues["人民路路灯坏了一个月没人修"]


def test_two_beginnings_of_one_matter_are_merged_and_the_merge_is_told() -> None:
    stream = IssueStream()
    told = [stream.add(letter(n, s, day=n)) for n, s in enumerate([*NOISE, "翠湖新城搅拌站", "夜里噪音扰民睡不着"])]
    assert not any(t.merged for t in told)
    joined = stream.add(letter(50, "翠湖新城搅拌站夜里噪音扰民睡不着", day=20))
    assert joined.merged
    assert joined.issue_id in {told[-1].issue_id, told[-2].issue_id}
    assert len(stream.issues()[0][1]) == 3


def test_courtesy_makes_no_likeness() -> None:
    _, issues = streamed(["尊敬的领导您好，请求加快图书馆建设", "尊敬的领导您好，请求加快解决暖气问题"])
    assert len(set(issues.values())) == 2


def test_the_same_stream_gives_the_same_issues() -> None:
    assert streamed([*NOISE, *BATCHING_PLANT])[1] == streamed([*NOISE, *BATCHING_PLANT])[1]


def test_messages_leave_when_they_are_old_and_their_issue_with_the_last() -> None:
    stream, _ = streamed(list(BATCHING_PLANT), IssueStream(SimilarityWindow(days=30)))
    stream.add(letter(99, "老年大学名额太少", day=200))
    assert len(stream.window) == 1
    assert len(stream.issues()) == 1


def test_the_window_keeps_no_more_than_its_limit() -> None:
    window = SimilarityWindow(limit=10)
    gone = [number for n in range(25) for number in window.add(letter(n, NOISE[n % len(NOISE)]))[1]]
    assert len(window) == 10
    assert gone == list(range(15))


def test_a_message_is_compared_with_a_bounded_number_however_many_there_are() -> None:
    window = SimilarityWindow()
    for n in range(3 * similarity.COMPARED):
        number, _ = window.add(letter(n, f"{NOISE[n % len(NOISE)]}第{n}次"))
        assert len(window.like(number)) <= similarity.COMPARED


def test_an_issue_is_named_in_its_members_own_words() -> None:
    stream, _ = streamed([*NOISE, *BATCHING_PLANT])
    (hot,) = hottest(stream, START + timedelta(days=20))
    assert "翠湖新城" in hot.name
    assert "搅拌站" in hot.name
    assert (hot.count, hot.people, len(hot.members)) == (5, 5, 5)


def test_old_issues_cool_down() -> None:
    messages = [letter(n, s) for n, s in enumerate(BATCHING_PLANT)]
    assert heat_of(messages, START + timedelta(days=200)) < heat_of(messages, START + timedelta(days=2)) / 2


def test_one_person_writing_five_times_is_less_hot_than_five_people() -> None:
    alone = [letter(n, s, person="p") for n, s in enumerate(BATCHING_PLANT)]
    crowd = [letter(n, s, person=f"p{n}") for n, s in enumerate(BATCHING_PLANT)]
    assert heat_of(alone, START) < heat_of(crowd, START) / 2


def test_an_empty_text_is_an_issue_of_its_own() -> None:
    stream = IssueStream()
    assert stream.add(letter(1, "", " ")).new
    assert stream.add(letter(2, "", " ")).new


@pytest.mark.parametrize(
    ("text", "marks"),
    [("建设路和人民路", {"建设", "人民"}), ("我们小区", set()), ("在本小区里", set()), ("翠湖花园西门", {"翠湖"})],
)
def test_places_are_known_by_the_two_characters_before_their_ending(text: str, marks: set[str]) -> None:
    assert place_marks(distinctive(text)) == marks
