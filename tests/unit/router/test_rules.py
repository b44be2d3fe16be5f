"""The routing table: which words fire, how strong, and when it is not sure."""

from typing import Any

from router.domain.district import District
from router.domain.normalising import clauses, normalise, sentences
from router.domain.rule_table import Rule
from router.domain.rules import confidence, match_rules
from tests.support.pack import linghe


def rule(**fields: Any) -> Rule:
    given = {"id": "r", "class": "transport", "unit": "jiaotongju", "examples": ["例"]} | fields
    return Rule.model_validate(given)


def district(*rules: Rule) -> District:
    return linghe().model_copy(update={"rules": rules})


def ids(text: str, *rules: Rule, **options: Any) -> list[str]:
    return [m.rule_id for m in match_rules(text, district(*rules), **options)]


def test_any_needs_one_word_all_needs_one_of_each_group_and_none_forbids() -> None:
    both = rule(any=["噪音"], all=[["工地", "施工"], "夜里"], none=["演练"])
    assert ids("工地夜里噪音大", both) == ["r"]
    assert ids("工地噪音大", both) == []
    assert ids("夜里噪音大", both) == []
    assert ids("施工夜里很吵", both) == []
    assert ids("工地夜里噪音大，是演练", both) == []


def test_channels_and_towns_narrow_a_rule() -> None:
    narrow = rule(any=["路灯"], channels=["voice"], towns=["hexi"])
    assert ids("路灯坏了", narrow, channel="voice", towns=frozenset({"hexi"})) == ["r"]
    assert ids("路灯坏了", narrow, channel="web", towns=frozenset({"hexi"})) == []
    assert ids("路灯坏了", narrow, channel="voice", towns=frozenset({"anhe"})) == []


def test_priority_comes_before_weight_and_weight_before_the_id() -> None:
    low, long, short = (
        rule(id="low", any=["公交车站牌"], priority=40),
        rule(id="b-long", any=["公交车"]),
        rule(id="a-short", any=["公交"]),
    )
    assert ids("公交车站牌倒了", low, short, long) == ["b-long", "a-short", "low"]


def test_a_word_inside_another_matched_word_counts_once() -> None:
    (match,) = match_rules("公交车来得慢", district(rule(any=["公交", "公交车"])))
    assert match.words == ("公交车",)
    assert match.weight == 6.0


def test_words_in_the_lead_weigh_double() -> None:
    late = "这里写了很多别的话，" * 5 + "公交车太少"
    (match,) = match_rules(late, district(rule(any=["公交车"])))
    assert match.weight == 3.0


def test_an_equally_strong_rule_for_another_unit_makes_it_unsure() -> None:
    one, other = rule(id="a", any=["公交车"]), rule(id="b", any=["充电桩"], unit="fagaiju")
    text = "公交车和充电桩都不够用，大家意见很大"
    first, *rest = match_rules(text, district(one, other))
    assert confidence(first, rest, text) < 0.7
    assert confidence(first, [], text) == 0.92


def test_a_rival_that_the_rule_already_names_as_co_handler_is_no_rival() -> None:
    one = rule(id="a", any=["公交车"], co_units=["fagaiju"])
    other = rule(id="b", any=["充电桩"], unit="fagaiju")
    text = "公交车和充电桩都不够用，大家意见很大"
    first, *rest = match_rules(text, district(one, other))
    assert confidence(first, rest, text) == 0.92


def test_a_rival_of_much_lower_priority_is_no_rival() -> None:
    one = rule(id="a", any=["公交车"], priority=60)
    other = rule(id="b", any=["充电桩"], unit="fagaiju", priority=50)
    text = "公交车和充电桩都不够用，大家意见很大"
    first, *rest = match_rules(text, district(one, other))
    assert confidence(first, rest, text) == 0.92


def test_a_passing_mention_in_a_long_text_is_unsure() -> None:
    text = "我们这里住着很多老人，大家平时都互相照应，日子过得也算安稳。" * 5 + "公交车也不多。"
    first, *rest = match_rules(text, district(rule(any=["公交车"])))
    assert confidence(first, rest, text) < 0.7


def test_one_short_word_is_sure_only_in_a_short_text() -> None:
    one = rule(any=["学校"])
    short, longer = "学校门口太挤", "孩子们每天从学校回来都很晚，一路上也没有人照看，家长都不放心"
    assert confidence(match_rules(short, district(one))[0], [], short) == 0.92
    assert confidence(match_rules(longer, district(one))[0], [], longer) < 0.7


def test_writing_that_looks_alike_matches_alike() -> None:
    assert normalise("ＡＢＣ　充 电\u200b桩,坏了!") == "abc 充电桩，坏了！"
    assert normalise("充電樁", lambda text: text.replace("電", "电").replace("樁", "桩")) == "充电桩"
    assert normalise(normalise("Ａ，b\n\nC")) == normalise("Ａ，b\n\nC")


def test_sentences_and_clauses_keep_every_character() -> None:
    text = "一是路，二是灯。三是人！完了"
    assert "".join(sentences(text)) == "".join(clauses(text)) == text
    assert len(sentences(text)) == 3
    assert len(clauses(text)) == 4
