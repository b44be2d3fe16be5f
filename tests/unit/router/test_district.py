"""The shipped pack holds together, and a broken one is refused by file and field."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from router.adapters.district_pack import DistrictPack, PackError
from router.domain.pack_check import check
from tests.support.pack import PACK, linghe

FIELDS = 20


def test_the_district_has_one_lead_office_thirteen_towns_and_eighty_nine_units() -> None:
    org = linghe().organisation
    assert (org.lead_office.name.zh, len(org.towns), len(org.units)) == ("区委社会工作部", 13, 89)


def test_nothing_in_the_pack_points_into_the_void_and_every_rule_takes_its_own_examples() -> None:
    assert check(linghe()) == []
    assert all(rule.examples for rule in linghe().rules)


def test_no_two_bodies_share_a_chinese_or_an_english_name() -> None:
    bodies = linghe().bodies.values()
    for names in ([b.name.zh for b in bodies], [b.name.en for b in bodies]):
        assert [n for n, times in Counter(names).items() if times > 1] == []


def test_every_field_has_at_least_twenty_five_different_examples_of_our_own() -> None:
    district = linghe()
    first_levels = {c.id for c in district.taxonomy if c.parent is None}
    counted = Counter(district.first_level(e.class_id) for e in district.examples)
    assert len(first_levels) == FIELDS
    assert min(counted[c] for c in first_levels) >= 25
    assert len({e.text for e in district.examples}) == len(district.examples)


def test_every_unit_with_a_desk_account_can_be_assigned_and_every_role_has_one() -> None:
    district = linghe()
    assert {a.role for a in district.accounts} == {"clerk", "handler", "supervisor", "leader"}
    assert {a.unit for a in district.accounts} <= district.bodies.keys()


def test_the_documented_demo_passwords_open_the_demo_accounts() -> None:
    account = next(a for a in linghe().accounts if a.id == "clerk")
    assert account.demo
    assert "linghe-clerk" in (PACK / "README.md").read_text("utf-8")
    assert PasswordHasher().verify(account.password_hash, "linghe-clerk")


def test_every_reason_that_screening_and_routing_give_has_words_for_the_reviewer() -> None:
    given = {
        "transcript-no-speech", "transcript-unusable", "transcript-doubtful", "possible-emergency", "empty",
        "unclear", "not-a-suggestion", "enquiry", "low-confidence", "rules-unsure", "no-match",
    }  # fmt: skip
    grounds = {f"ground-{g.id}" for g in linghe().screening.grounds if g.hints or g.certain} | {"ground-R11"}
    assert given | grounds <= linghe().screening.reasons.keys()


def test_all_fourteen_grounds_are_worded_in_both_languages() -> None:
    assert sorted(linghe().grounds) == [f"R{n:02d}" for n in range(1, 15)]


def test_the_version_names_the_contents(tmp_path: Path) -> None:
    pack = copy(tmp_path)
    before = DistrictPack(pack).load()
    assert before.version == linghe().version
    replace(pack / "places.yaml", "柳堤路", "新柳堤路")
    after = DistrictPack(pack).load()
    assert before.version.split("+")[0] == after.version.split("+")[0]
    assert before.version != after.version
    assert before.rules_version == after.rules_version
    replace(pack / "routing.yaml", "[公积金]", "[公积金, 缴存]")
    assert DistrictPack(pack).load().rules_version != after.rules_version


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("routing.yaml", "unit: jiaojing", "unit: nobody", "routing.yaml: signals.unit: no such body: 'nobody'"),
        ("routing.yaml", "class: transport.bus", "class: transport.ship", "no such class: 'transport.ship'"),
        ("routing.yaml", "红绿灯, 信号灯, 斑马线", "航标灯", "signals.examples.2: the example is taken by"),
        ("routing.yaml", "priority: 60", "priority: 600", "routing.yaml: signals.priority:"),
        ("organisation.yaml", "duties: 城中", "duty: 城中", "organisation.yaml: towns.chengzhong.dut"),
        ("organisation.yaml", "id: hexi", "id: chengzhong", "organisation.yaml: id: 'chengzhong' is used twice"),
        ("places.yaml", "towns: [liulin]", "towns: [atlantis]", "no such town: 'atlantis'"),
        ("pack.yaml", "fallback_unit: zhilizhongxin", "fallback_unit: gone", "pack.yaml: fallback_unit"),
        ("clock.yaml", "handle: 15", "handle: 0", "clock.yaml: handle:"),
        ("hotlines.yaml", '"0101": transport.bus', '"0101": transport.ufo', "hotlines.yaml: 12345.codes"),
        ("accounts.yaml", "$argon2id$", "plain$", "accounts.yaml: clerk.password_hash:"),
        ("screening.yaml", "投诉: R07", "投诉: R70", "screening.yaml: not_suggestions.投诉: no such ground: 'R70'"),
        ("screening.yaml", "- 包过|稳赚", "- (包过|稳赚", "screening.yaml: advertising_patterns."),
        ("taxonomy.yaml", "- {id: transport,", "- {id: {transport,", "taxonomy.yaml: not readable YAML"),
    ],
)
def test_a_pack_that_does_not_hold_together_is_refused_by_file_and_field(
    tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    pack = copy(tmp_path)
    replace(pack / file, old, new)
    with pytest.raises(PackError) as refused:
        DistrictPack(pack).load()
    assert said in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    pack = copy(tmp_path)
    (pack / "hotlines.yaml").unlink()
    with pytest.raises(PackError, match=r"hotlines\.yaml: file is missing"):
        DistrictPack(pack).load()


def test_public_first_level_names_and_our_ids_mean_the_same_class() -> None:
    district = linghe()
    assert district.classes["交通运输"] is district.classes["transport"]
    assert district.first_level("urban.drainage") == "urban"


def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACK, tmp_path / "pack"))


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
