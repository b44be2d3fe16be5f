"""Every metric that the dashboard asks for is on some process's /metrics, with the labels that it groups by."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from intake_media.adapters.media_metrics import MediaMetrics
from notifier.adapters.metrics import NoticeMetrics
from router.adapters.decision_metrics import DecisionMetrics
from shared.messaging.metrics import DeliveryMetrics
from tests.contract.deploy.settings_of import PORTS, WORKER_PORT

GRAFANA = Path(__file__).parents[3] / "deploy/grafana"
BOARD: dict[str, Any] = json.loads((GRAFANA / "dashboards/minsheng.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
OF_PROMETHEUS = {"up"}
LABELS_OF_PROMETHEUS = {"instance", "job", "le"}


def exposed() -> dict[str, set[str]]:
    """Sample names that the processes can expose, each with its labels."""
    registry = CollectorRegistry()
    made = [DeliveryMetrics(registry), MediaMetrics(registry), DecisionMetrics(registry), NoticeMetrics(registry)]
    names: dict[str, set[str]] = {}
    for metric in (value for one in made for value in vars(one).values()):
        labels = set(metric._labelnames)
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}[metric._type]
        names |= {metric._name + suffix: labels for suffix in suffixes}
    return names


@pytest.mark.parametrize("query", QUERIES)
def test_every_metric_of_a_query_is_exposed_with_the_labels_it_is_grouped_by(query: str) -> None:
    names = exposed()
    asked = set(re.findall(r"\b(?:minsheng_\w+|up)\b", query))
    assert asked
    assert asked - OF_PROMETHEUS <= set(names)
    known = set().union(*(names[name] for name in asked - OF_PROMETHEUS)) | LABELS_OF_PROMETHEUS
    grouped = {label.strip() for by in re.findall(r"by \(([^)]*)\)", query) for label in by.split(",")}
    assert grouped <= known


def test_legends_use_only_labels_that_the_query_keeps() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            kept = {label.strip() for by in re.findall(r"by \(([^)]*)\)", target["expr"]) for label in by.split(",")}
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept


def test_no_metric_of_ours_is_left_out() -> None:
    shown = {
        name.removesuffix("_bucket").removesuffix("_sum") for name in re.findall(r"minsheng_\w+", "".join(QUERIES))
    }
    ours = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exposed()}
    assert ours - shown == set()


def test_panels_read_from_the_provisioned_source() -> None:
    source = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8"))
    uid = source["datasources"][0]["uid"]
    assert {panel["datasource"]["uid"] for panel in PANELS} == {uid}
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def test_prometheus_asks_every_process_where_it_listens() -> None:
    jobs = {
        job["job_name"]: job
        for job in yaml.safe_load((GRAFANA / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    }
    assert jobs["services"]["static_configs"][0]["targets"] == [f"{name}:{port}" for name, port in PORTS.items()]
    (found,) = jobs["workers"]["dns_sd_configs"]
    assert (found["names"], found["port"]) == (["worker-voice", "worker-video"], WORKER_PORT)
