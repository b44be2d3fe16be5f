"""The local stack from outside: what an operator sees and does."""

import json
import os
import re
import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from shared.operations.republish import OUTBOXES
from shared.storage.mongo import Mongo
from tests.support.infrastructure import minsheng
from tests.support.stack import WholeStack

# Starting everything on a busy machine, and real speech, take their time.
pytestmark = [pytest.mark.timeout(600), pytest.mark.connected, pytest.mark.whisper]

NAMES = {
    "kafka",
    "mongo",
    "mail-sink",
    "intake-web",
    "intake-media",
    "router",
    "notifier",
    "worker-voice",
    "worker-video",
}


def pids(status: dict[str, Any], name: str) -> set[int]:
    return {row["pid"] for row in status["services"] if row["name"] == name and row["pid"]}


def test_status_names_every_process_and_all_are_ready(whole_stack: WholeStack) -> None:
    status = whole_stack.until(lambda found: bool(found["ready"]), 60)
    assert {row["name"] for row in status["services"]} == NAMES
    assert all(row["url"] and row["pid"] and row["state"] == "running" for row in status["services"])
    assert {"suggestions", "cases", "recordings", "hotline-submissions", "notices"} <= {
        t["name"] for t in status["topics"]
    }
    assert status["recordings"]["voice"] == {"waiting": 0, "oldest_age_s": 0, "workers": 1, "in_hand": []}


def test_one_input_per_channel_reaches_its_outcome_and_its_mail(whole_stack: WholeStack) -> None:
    journeys = whole_stack.json("demo", timeout=400)
    assert {journey["channel"]: journey["done"] for journey in journeys} == dict.fromkeys(
        ("text", "voice", "video", "hotline"), True
    )
    heard = {journey["channel"]: journey["text"] for journey in journeys}
    assert "充电" in heard["voice"]
    assert "信号灯" in heard["video"]
    text = next(journey for journey in journeys if journey["channel"] == "text")
    seen = whole_stack.json("case", "show", text["query_code"])
    assert seen["suggestion_id"] == text["suggestion_id"]
    assert seen["state"] in {"accepted", "assigned", "in-review"}


async def test_every_outbox_that_was_written_is_one_that_republishing_reads(whole_stack: WholeStack) -> None:
    """An aggregate that publishes and is not on that list would stay missing after a broker lost its log."""
    mongo = Mongo(whole_stack.status()["mongo"]["uri"])
    written = set()
    for name in ("intake_web", "intake_media", "router", "notifier", "vault"):
        for collection in await mongo.database(name).list_collection_names():
            if await mongo.database(name)[collection].find_one({"outbox": {"$exists": True}}):
                written.add((name, collection))
    mongo.close()
    assert written <= set(OUTBOXES)
    assert {name for name, _ in written} == {"intake_web", "intake_media", "router", "notifier"}


def test_every_metric_of_the_dashboard_is_on_the_page_of_a_running_process(whole_stack: WholeStack) -> None:
    board = Path(__file__).parents[3] / "deploy/grafana/dashboards/minsheng.json"
    asked = set(re.findall(r"\bminsheng_\w+", " ".join(_queries(json.loads(board.read_text(encoding="utf-8"))))))
    found: set[str] = set()
    for row in whole_stack.status()["services"]:
        if row["kind"] != "infrastructure":
            page = urllib.request.urlopen(row["url"] + "/metrics", timeout=10).read().decode()
            told = {name for name, _ in re.findall(r"^# TYPE (minsheng_\w+) (\w+)$", page, re.MULTILINE)}
            assert {"minsheng_outbox_oldest_seconds", "minsheng_relay_idle_seconds"} <= told, row["name"]
            found |= told
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} - found == set()


def _queries(board: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]


def test_workers_of_one_channel_are_added_and_removed_while_the_other_stays(whole_stack: WholeStack) -> None:
    before = whole_stack.status()
    whole_stack.run("scale", "voice=2")
    two = whole_stack.until(lambda found: len(pids(found, "worker-voice")) == 2, 10)
    assert pids(before, "worker-voice") < pids(two, "worker-voice")
    assert pids(two, "worker-video") == pids(before, "worker-video")
    whole_stack.run("scale", "voice=0")
    none = whole_stack.until(lambda found: not pids(found, "worker-voice"), 15)
    assert none["recordings"]["voice"]["workers"] == 0
    whole_stack.run("scale", "voice=1")
    whole_stack.until(lambda found: len(pids(found, "worker-voice")) == 1 and bool(found["ready"]), 60)


def test_a_killed_service_is_back(whole_stack: WholeStack) -> None:
    (victim,) = pids(whole_stack.status(), "router")
    os.kill(victim, signal.SIGKILL)
    back = whole_stack.until(lambda found: bool(pids(found, "router") - {victim}) and bool(found["ready"]), 60)
    assert len(pids(back, "router")) == 1


def test_a_second_up_says_that_it_runs_already(whole_stack: WholeStack) -> None:
    again = minsheng("up", "--detach", env=whole_stack.env)
    assert again.returncode == 0
    assert "already running" in again.stdout


def test_events_are_shown_without_contact_data(whole_stack: WholeStack) -> None:
    whole_stack.run("submit", "hotline", "建议增加公交班次。", "--phone", "13800000000")
    lines = whole_stack.run(
        "events", "tail", "-t", "hotline-submissions", "--from-beginning", "--limit", "50", "--wait", "3", "--json"
    )
    assert "建议增加公交班次" in lines
    assert "13800000000" not in lines
