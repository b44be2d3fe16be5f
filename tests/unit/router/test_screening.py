"""Screening tells danger, advertising and complaints from suggestions, and never declines on a machine's word."""

import pytest

from router.domain.normalising import normalise
from router.domain.screening import Screening, screen
from tests.support.pack import linghe


def screened(text: str, *, nature: str | None = None, verdict: str | None = None) -> Screening:
    channel = "voice" if verdict else "hotline" if nature else "web"
    return screen(normalise(text), nature=nature, transcript_verdict=verdict, channel=channel, district=linghe())


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("三号楼着火了，快来人！", "119"),
        ("陵河边有人落水，在桥东头", "110"),
        ("我爸突然昏迷不醒，怎么办", "120"),
        ("厨房里天然气泄漏了，味道很大", "119"),
        ("有人拿刀砍人，在钟楼广场", "110"),
        ("楼顶有人要跳楼", "110"),
        ("不想活了，谁也别管我", "120"),
    ],
)
def test_reported_danger_is_pointed_to_the_emergency_numbers_at_once(text: str, number: str) -> None:
    found = screened(text)
    assert (found.outcome, found.ground, found.flag_emergency) == ("decline", "R01", True)
    assert number in (found.emergency or "")


@pytest.mark.parametrize(
    "text",
    [
        "建议在小区里安装消防栓，万一着火了也好救。",
        "小学门口没有红绿灯，孩子过马路很危险，建议安装信号灯。",
        "去年隔壁楼着火了，消防车开不进来，希望清理消防通道。",
        "希望社区组织一次消防演练，模拟楼道着火了怎么跑。",
        "为了防止孩子溺水，建议水库边装护栏。",
        "建议宣传煤气中毒了如何自救的知识。",
        "低保是我家的救命钱，希望按时发。",
        "电线杆有隐患，容易漏电，请检修。",
    ],
)
def test_words_of_danger_in_a_proposal_are_an_ordinary_suggestion(text: str) -> None:
    found = screened(text)
    assert (found.outcome, found.flag_emergency) == ("proceed", False)


def test_danger_with_a_wish_in_it_is_flagged_and_goes_to_a_person() -> None:
    found = screened("我们单元着火了，消防通道堵着进不来，应该管管！")
    assert (found.outcome, found.reasons, found.flag_emergency) == ("review", ("possible-emergency",), True)
    assert "119" in (found.emergency or "")


def test_a_hazard_that_is_happening_now_is_flagged_but_not_declined() -> None:
    found = screened("刚才路灯杆漏电，电了一个孩子")
    assert (found.outcome, found.flag_emergency) == ("review", True)


def test_a_spoken_cry_for_help_is_flagged_but_not_declined_on_a_machine_transcript() -> None:
    found = screened("着火了快来人", verdict="clear")
    assert (found.outcome, found.flag_emergency) == ("review", True)
    assert found.emergency


@pytest.mark.parametrize("text", ["", "   ", "……！！", "测试", "123456", "test", "哈哈哈哈哈", "无建议"])
def test_an_empty_or_test_text_has_no_suggestion_in_it(text: str) -> None:
    assert (screened(text).outcome, screened(text).ground) == ("decline", "R14")


@pytest.mark.parametrize(
    "text",
    [
        "专业疏通下水道，价格优惠，欢迎致电咨询，加微信abc123",
        "无抵押贷款当天放款，黑户也行，加我微信，详情请咨询",
        "本公司承接装修业务，限时特价，扫码下单",
    ],
)
def test_advertising_is_declined(text: str) -> None:
    found = screened(text)
    assert (found.outcome, found.ground) == ("decline", "R11")


def test_a_resident_who_complains_about_advertisements_is_no_advertiser() -> None:
    assert screened("楼道里到处是代开发票和疏通下水道的小广告，建议清理。").outcome == "proceed"


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("我不服判决，请法院重新判决。", "R02"),
        ("信访事项复核意见我不服，至今没有结果。", "R03"),
        ("他借我三万元货款不还，帮我要回来。", "R04"),
        ("帮我查一下社保缴费记录。", "R07"),
        ("实名举报村支书贪污修路款。", "R08"),
        ("你们这帮王八蛋，全是骗人的。", "R10"),
    ],
)
def test_what_belongs_elsewhere_is_declined_with_its_ground(text: str, ground: str) -> None:
    found = screened(text)
    assert (found.outcome, found.ground) == ("decline", ground)
    assert linghe().grounds[ground].redirect.zh


def test_the_same_ground_with_a_proposal_in_it_goes_to_a_person() -> None:
    found = screened("实名举报村支书贪污修路款，建议村里的账都公开。")
    assert (found.outcome, found.reasons) == ("review", ("ground-R08",))


@pytest.mark.parametrize("nature", ["咨询", "求助", "投诉", "举报"])
def test_a_hotlines_complaint_without_a_proposal_is_pointed_to_12345(nature: str) -> None:
    found = screened("隔壁工地太吵了，我家没法睡觉。", nature=nature)
    assert (found.outcome, found.ground) == ("decline", "R07")
    assert "12345" in linghe().grounds["R07"].redirect.zh


@pytest.mark.parametrize("nature", ["咨询", "求助", "投诉", "举报", "表扬", "建议"])
def test_a_hotlines_item_of_any_nature_that_proposes_something_proceeds(nature: str) -> None:
    assert screened("隔壁工地太吵了，建议限制夜间施工。", nature=nature).outcome == "proceed"


def test_a_spoken_complaint_is_never_declined() -> None:
    found = screened("隔壁工地太吵了，我家没法睡觉。", nature="投诉", verdict="clear")
    assert (found.outcome, found.reasons) == ("review", ("not-a-suggestion",))


def test_pure_praise_is_thanked_not_handled() -> None:
    assert screened("感谢社区的小李，帮了大忙。", nature="表扬").ground == "R14"


def test_an_enquiry_from_the_web_goes_to_a_person() -> None:
    assert screened("我想咨询落户需要几天。").reasons == ("enquiry",)


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        ("no-speech", "transcript-no-speech"),
        ("unusable", "transcript-unusable"),
        ("doubtful", "transcript-doubtful"),
    ],
)
def test_a_transcript_that_is_not_clear_goes_to_a_person(verdict: str, reason: str) -> None:
    text = "" if verdict != "doubtful" else "建议在小区门口增加几个充电桩"
    assert (screened(text, verdict=verdict).outcome, screened(text, verdict=verdict).reasons) == ("review", (reason,))


@pytest.mark.parametrize("text", ["测试", "我不服判决，请法院重新判决。", "本公司承接装修业务，限时特价，扫码下单"])
def test_nothing_is_declined_on_a_machine_transcript(text: str) -> None:
    assert screened(text, verdict="clear").outcome == "review"


def test_a_long_story_is_not_declined_by_a_few_words_in_it() -> None:
    story = "我在村里住了四十年，看着这条路一点点变坏。" * 10 + "我不服判决，请法院重新判决。"
    assert screened(story).outcome == "review"


def test_a_few_characters_are_unclear_and_asked_back() -> None:
    assert screened("修路").reasons == ("unclear",)
