"""The campaign's faults are drawn before it starts, and its report shows every kind that struck."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos import report
from tests.chaos.checker import Verdict
from tests.chaos.faults import Injected
from tests.chaos.plan import CRASHES, DISKS, KINDS, LINKS, SERVICES, STORES, drawn


def test_a_seed_repeats_the_plan_and_another_seed_changes_it() -> None:
    plan = drawn(7, 200, outage_s=60)
    assert drawn(7, 200, outage_s=60) == plan
    assert drawn(8, 200, outage_s=60) != plan


@pytest.mark.parametrize("wanted", [25, 250])
def test_a_plan_has_as_many_faults_as_wanted_and_every_kind_of_network_disk_and_outage(wanted: int) -> None:
    plan = drawn(20261124, wanted, outage_s=10)
    assert len(plan) == wanted
    assert [fault.at for fault in plan] == sorted(fault.at for fault in plan)
    assert plan[0].at >= 0
    assert plan[-1].at <= 1
    struck = {(fault.kind, fault.target) for fault in plan}
    assert {(f"{how} network", link) for how in ("slow", "reset", "silent") for link in LINKS} <= struck
    assert {("disk full", disk) for disk in DISKS} | {("outage", store) for store in STORES} <= struck
    assert {fault.kind for fault in plan} <= set(KINDS)
    assert {fault.target for fault in plan} <= {*SERVICES, *STORES, *LINKS, *DISKS}
    assert all(fault.point in CRASHES[fault.target] for fault in plan if fault.kind == "crash point")


def test_a_long_plan_meets_every_service_by_every_kind_that_it_can_meet() -> None:
    plan = drawn(20261124, 250, outage_s=60)
    met = Counter((fault.kind, fault.target) for fault in plan)
    assert all(met["SIGKILL", name] and met["SIGSTOP", name] for name in (*SERVICES, *STORES))
    assert all(met["crash point", name] for name in CRASHES)


def test_disks_that_are_left_out_are_not_filled_and_without_an_outage_there_is_none() -> None:
    plan = drawn(7, 100, outage_s=0, full=("uploads-disk",))
    assert {fault.target for fault in plan if fault.kind == "disk full"} == {"uploads-disk"}
    assert "outage" not in {fault.kind for fault in plan}


def test_the_report_names_every_kind_in_its_table_and_in_its_figure(tmp_path: Path) -> None:
    plan = drawn(7, 250, outage_s=60)
    events = [(fault.at * 100, fault.kind, f"{fault.target} {fault.point}".strip()) for fault in plan]
    injected = Injected(events=events, left_out=Counter({"crash points that nobody reached": 2}))
    facts: dict[str, object] = {"seconds": 100, "settled_after_s": 5, "answers": {"web 202": 1}, "gave_up": []}
    path = tmp_path / "report.md"
    report.write(path, Verdict(), injected, facts, argparse.Namespace(seed=7, submissions=1, rate=1.0, faults=250))
    table, figure = path.read_text("utf-8"), path.with_suffix(".svg").read_text("utf-8")
    for kind in KINDS:
        assert f"| … {kind} |" in table
        assert f">{kind}</text>" in figure
    for target in (*LINKS, *DISKS):
        assert f">{target}</text>" in figure
    assert "| faults that struck | 250 |" in table
    assert "| planned, left out: crash points that nobody reached | 2 |" in table
    assert figure.count("<circle") == len(plan) + len(KINDS)
