"""The whole decision: code, rules, model, person; explained and the same every time."""

import pytest

from router.domain.decision import Assign, Decision, Decline, Review, to_contract
from router.domain.normalising import normalise
from router.domain.routing import Item, decide, needs_model
from shared.contracts.suggestions import Place
from tests.support.pack import linghe


def item(text: str, **fields: object) -> Item:
    return Item.model_validate({"text": normalise(text)} | fields)


def assigned(decision: Decision) -> Assign:
    assert isinstance(decision.outcome, Assign), decision
    return decision.outcome


@pytest.mark.parametrize(
    ("text", "unit", "co_unit"),
    [
        ("早市把马路占了，救护车都过不去，盼着划线定点。", "chengguanju", "shangwuju"),
        ("社区里独居的老人多，盼着开个爱心食堂。", "minzhengju", "shichangju"),
        ("村子的人居环境还要整治，旱厕没改完。", "nongyeju", "huanwei"),
        ("一下暴雨路口就积水，应该增加排水设施。", "shizheng", "zhujianju"),
        ("小区里充电桩不够用，能不能再增设几个。", "fagaiju", "zhujianju"),
        ("校门口没有红绿灯，过马路太险。", "jiaojing", "shizheng"),
        ("公交车一小时才来一趟，希望加密班次。", "gongjiao", "jiaotongju"),
        ("垃圾桶三天没人收，味道太大，请增加清运。", "huanwei", "chengguanju"),
        ("对面工地半夜施工噪音大，孩子睡不好。", "chengguanju", "zhujianju"),
        ("异地就医的医保报销要跑几个窗口，能不能网上办。", "yibaoju", "weijianju"),
        ("轮椅上不去人行道，没有坡道，盲道也断了。", "shizheng", "canlian"),
        ("村里留守儿童多，希望学校开课后服务。", "jiaoyuju", "minzhengju"),
        ("希望办免费的数字技能培训，别让年轻人被机器换下来。", "renshe", "jiuye"),
    ],
)
@pytest.mark.parametrize("channel", ["web", "voice"])
def test_the_suggestions_people_really_make_reach_the_right_unit_by_rule(
    text: str, unit: str, co_unit: str, channel: str
) -> None:
    verdict = "clear" if channel == "voice" else None
    decision = decide(item(text, channel=channel, transcript_verdict=verdict), linghe())
    assert decision.method == "rule"
    assert assigned(decision).unit == unit
    assert co_unit in assigned(decision).co_units


def test_a_territorial_class_goes_to_the_town_named_with_the_unit_beside_it() -> None:
    outcome = assigned(decide(item("西关早市占道经营，摊位乱摆，希望规范。"), linghe()))
    assert (outcome.unit, outcome.co_units[0], outcome.town) == ("hexi", "chengguanju", "hexi")


def test_the_town_of_the_form_counts_where_the_text_names_none() -> None:
    place = Place(town="清禾镇")
    outcome = assigned(decide(item("村里人居环境差，旱厕多，希望整治。", place=place), linghe()))
    assert (outcome.unit, outcome.co_units[0]) == ("qinghe", "nongyeju")


def test_a_class_that_is_not_territorial_stays_with_its_unit_and_notes_the_town() -> None:
    outcome = assigned(decide(item("文昌小学门口没有红绿灯，请安装。"), linghe()))
    assert (outcome.unit, outcome.town) == ("jiaojing", "chengzhong")


def test_a_rule_names_itself_and_its_words_as_evidence() -> None:
    decision = decide(item("小区里充电桩不够用，能不能再增设几个。"), linghe())
    seen = {(e.kind, e.value) for e in decision.evidence}
    assert {("rule", "charging"), ("word", "充电桩")} <= seen
    assert decision.versions.pack == linghe().version
    assert decision.versions.rules == linghe().rules_version
    assert decision.versions.model is None


def test_a_hotlines_code_decides_before_the_rules() -> None:
    given = item("路口的灯坏了好几天，请安排修。", source="12345", category_code="0806", channel="hotline")
    decision = decide(given, linghe())
    assert decision.method == "hotline-code"
    assert assigned(decision).unit == "shizheng"
    assert decision.evidence[0].value == "12345:0806"


def test_a_coarse_code_names_the_field_and_a_rule_within_it_the_unit() -> None:
    given = item("下水道堵了，积水很深，希望疏通。", source="12345", category_code="0800", channel="hotline")
    decision = decide(given, linghe())
    assert decision.method == "hotline-code"
    assert assigned(decision).unit == "shizheng"
    assert ("rule", "drainage") in {(e.kind, e.value) for e in decision.evidence}


def test_a_code_against_the_rules_is_less_sure_and_shows_the_other_way() -> None:
    given = item("公交车太少，希望加密班次。", source="12345", category_code="0901", channel="hotline")
    decision = decide(given, linghe())
    assert decision.confidence == 0.85
    assert "gongjiao" in {a.unit for a in decision.alternatives}


def test_an_unknown_code_or_an_unknown_source_falls_back_to_the_rules() -> None:
    for source, code in (("12345", "9999"), ("nobody", "0806")):
        decision = decide(item("小区充电桩太少，请增设。", source=source, category_code=code), linghe())
        assert decision.method == "rule"


def test_a_hotlines_own_word_for_nature_is_understood() -> None:
    given = item("隔壁半夜唱歌，没法睡。", source="12345", nature="投诉类", channel="hotline")
    outcome = decide(given, linghe()).outcome
    assert isinstance(outcome, Decline)
    assert outcome.ground == "R07"
    assert "12345" in outcome.redirect
    assert "12345" in outcome.redirect_en


def test_only_what_rules_leave_open_asks_for_the_model() -> None:
    assert needs_model(item("盼着把这件事办得更好一些，让大家都省心。"), linghe())
    assert not needs_model(item("小区充电桩太少，请增设。"), linghe())
    assert not needs_model(item("测试"), linghe())


def test_a_sure_model_assigns_where_no_rule_applies() -> None:
    guess = [("education", 0.91), ("civil", 0.05)]
    text = item("盼着把这件事办得更好一些，让大家都省心。")
    decision = decide(text, linghe(), guess, threshold=0.9, model_version="m1")
    assert (decision.method, assigned(decision).unit) == ("model", "jiaoyuju")
    assert decision.versions.model == "m1"
    assert [(a.unit, a.confidence) for a in decision.alternatives] == [("minzhengju", 0.05)]


def test_a_model_trained_on_the_public_names_is_understood() -> None:
    text = item("盼着把这件事办得更好一些，让大家都省心。")
    assert assigned(decide(text, linghe(), [("教育文体", 0.95)])).class_id == "education"


def test_an_unsure_model_hands_over_to_a_person_with_its_guesses() -> None:
    text = item("盼着把这件事办得更好一些，让大家都省心。")
    decision = decide(text, linghe(), [("education", 0.5), ("civil", 0.4)], threshold=0.9)
    assert isinstance(decision.outcome, Review)
    assert (decision.method, decision.outcome.reasons) == ("person", ("low-confidence",))
    assert [a.unit for a in decision.alternatives] == ["jiaoyuju", "minzhengju"]


def test_two_subjects_of_equal_weight_wait_for_the_model_and_then_follow_it() -> None:
    text = item("公交车和天然气都不方便，大家盼着改一改。")
    open_decision = decide(text, linghe())
    assert isinstance(open_decision.outcome, Review)
    assert open_decision.outcome.reasons == ("rules-unsure",)
    assert {"gongjiao", "ranqi"} <= {a.unit for a in open_decision.alternatives}
    settled = decide(text, linghe(), [("urban", 0.93)], threshold=0.9)
    assert (settled.method, assigned(settled).unit) == ("rule", "ranqi")
    assert "gongjiao" in assigned(settled).co_units
    assert "model-class" in {e.kind for e in settled.evidence}


def test_nothing_known_at_all_offers_the_fallback_unit() -> None:
    decision = decide(item("盼着把这件事办得更好一些，让大家都省心。"), linghe())
    assert isinstance(decision.outcome, Review)
    assert decision.outcome.reasons == ("no-match",)
    assert [a.unit for a in decision.alternatives] == [linghe().fallback_unit]


@pytest.mark.parametrize("verdict", ["doubtful", "no-speech", "unusable"])
def test_a_transcript_that_is_not_clear_is_never_assigned(verdict: str) -> None:
    given = item("建议在小区门口增加几个充电桩", channel="voice", transcript_verdict=verdict)
    decision = decide(given, linghe(), [("urban", 0.99)])
    assert isinstance(decision.outcome, Review)
    assert decision.outcome.reasons == (f"transcript-{verdict}",)


def test_danger_is_declined_with_the_numbers_to_call() -> None:
    decision = decide(item("三号楼着火了，快来人！"), linghe())
    assert isinstance(decision.outcome, Decline)
    assert decision.outcome.ground == "R01"
    assert "119" in (decision.emergency or "")


def test_the_same_input_and_versions_give_the_same_bytes() -> None:
    texts = [e for rule in linghe().rules for e in rule.examples] + [e.text for e in linghe().examples[::9]]
    guess = [("urban", 0.81), ("civil", 0.1)]
    for text in texts:
        first = decide(item(text), linghe(), guess).model_dump_json()
        assert decide(item(text), linghe(), guess).model_dump_json() == first


def test_a_decision_travels_as_the_contract_says() -> None:
    decision = decide(item("公交车和天然气都不方便，大家盼着改一改。"), linghe())
    wire = to_contract(decision, lambda unit: linghe().bodies[unit].name.zh)
    assert wire.method == "person"
    assert wire.versions == {"pack": linghe().version, "rules": linghe().rules_version}
    assert "陵和公共交通公司" in {a.unit.name for a in wire.alternatives if a.unit}
