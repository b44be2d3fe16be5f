"""Places named in a text or a form are found with their town."""

from router.domain.places import locate, town_of
from shared.contracts.suggestions import Place
from tests.support.pack import linghe


def found(text: str, place: Place | None = None) -> list[tuple[str, str, str | None]]:
    return [(m.kind, m.name, m.town) for m in locate(text, place, linghe())]


def test_a_village_a_school_and_a_road_in_a_text_name_their_towns() -> None:
    assert found("桃花峪到马家集中学的路，过了建设路就没灯") == [
        ("village", "桃花峪村", "taoyuan"),
        ("school", "马家集中学", "maji"),
        ("road", "建设路", "chengzhong"),
    ]


def test_a_longer_name_wins_over_the_name_inside_it() -> None:
    assert found("滨河公园的长椅坏了") == [("landmark", "滨河公园", "hexi")]


def test_a_road_through_several_towns_leaves_the_town_open() -> None:
    matches = locate("人民路上的井盖松了", None, linghe())
    assert [(m.name, m.town) for m in matches] == [("人民路", None)]
    assert town_of(matches) is None


def test_a_town_by_name_or_alias_settles_a_road_that_runs_through_several() -> None:
    matches = locate("河西街道办门前的人民路积水", None, linghe())
    assert town_of(matches) == "hexi"
    assert matches[0].evidence == "河西街道办"


def test_two_towns_in_one_text_are_not_guessed_between() -> None:
    assert town_of(locate("清禾镇到望陵镇没有公交", None, linghe())) is None


def test_the_form_counts_before_the_text() -> None:
    matches = locate("文昌社区的广场太小", Place(town="hexi"), linghe())
    assert town_of(matches) == "hexi"
    assert matches[0].source == "form"


def test_the_form_takes_a_towns_id_its_name_or_its_alias() -> None:
    for town in ("qinghe", "清禾镇", "清禾", "Qinghe Town"):
        assert found("", Place(town=town)) == [("town", "清禾镇", "qinghe")]


def test_an_unknown_town_in_the_form_is_no_match() -> None:
    assert found("", Place(town="火星镇")) == []


def test_a_forms_words_and_point_are_evidence() -> None:
    place = Place(text="学府花园3号楼", lon=116.5, lat=37.25, crs="GCJ-02")
    matches = locate("", place, linghe())
    assert [(m.kind, m.name) for m in matches] == [("community", "学府社区"), ("point", "116.500000,37.250000")]
    assert matches[1].evidence == "GCJ-02 116.500000,37.250000"
    assert town_of(matches) == "anhe"


def test_an_unlisted_name_is_kept_without_a_town() -> None:
    assert ("road", "长庚路", None) in found("长庚路的路灯坏了")


def test_ordinary_words_that_end_like_a_road_are_no_place() -> None:
    assert found("这条马路太窄，我们小区门口的公路也是，思路要变，高速公路也要修") == []


def test_each_place_is_listed_once() -> None:
    assert found("钟楼广场晚上太吵，钟楼广场早上也吵") == [("landmark", "钟楼广场", "chengzhong")]
