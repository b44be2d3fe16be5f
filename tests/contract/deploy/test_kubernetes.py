"""The Kubernetes manifests, checked without a cluster: they follow the registry, the settings and the metrics."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from intake_media.adapters.media_metrics import MediaMetrics
from shared.contracts.topics import TOPICS
from shared.messaging.access import DESCRIBE, GROUP, READ, TOPIC, WRITE, Grant
from shared.messaging.provisioning import wanted
from shared.operations import principals
from tests.contract.deploy.settings_of import PORTS, SECRETS, WORKER_PORT, secrets_read_by, variables

K8S = Path(__file__).parents[3] / "deploy/k8s"
RESOURCES: list[str] = yaml.safe_load((K8S / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
OBJECTS = [one for name in RESOURCES for one in yaml.safe_load_all((K8S / name).read_text(encoding="utf-8"))]
STORES = {"MONGODB_URI", "BLOB_URL"}


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in OBJECTS if one["kind"] == kind}


DEPLOYMENTS = of_kind("Deployment")


def container(name: str) -> dict[str, Any]:
    return dict(DEPLOYMENTS[name]["spec"]["template"]["spec"]["containers"][0])


def test_every_manifest_is_listed_or_an_example() -> None:
    files = {path.name for path in K8S.glob("*.yaml")} - {"kustomization.yaml"}
    assert {name for name in files if ".example." not in name} == set(RESOURCES)


def test_the_topics_are_those_of_the_registry() -> None:
    expected = {
        topic.name: (topic.num_partitions, {name: str(value) for name, value in topic.topic_configs.items()})
        for topic in wanted()
    }
    found = {}
    for name, topic in of_kind("KafkaTopic").items():
        config = {key: str(value) for key, value in topic["spec"]["config"].items()}
        assert config.pop("min.insync.replicas") == "2"
        assert topic["spec"]["replicas"] == 3
        assert topic["apiVersion"] == "kafka.strimzi.io/v1"
        found[name] = (topic["spec"]["partitions"], config)
    assert found == expected
    assert len(found) == 2 * len(TOPICS)


def grants(user: dict[str, Any]) -> set[Grant]:
    kinds, operations = {"topic": TOPIC, "group": GROUP}, {"Read": READ, "Write": WRITE, "Describe": DESCRIBE}
    assert user["spec"]["authentication"] == {"type": "scram-sha-512"}
    assert user["spec"]["authorization"]["type"] == "simple"
    found = set()
    for rule in user["spec"]["authorization"]["acls"]:
        resource = rule["resource"]
        assert resource["patternType"] == "literal"
        found |= {Grant(kinds[resource["type"]], resource["name"], operations[one]) for one in rule["operations"]}
    return found


def test_the_users_have_the_grants_that_the_registry_gives_them() -> None:
    users = of_kind("KafkaUser")
    assert set(users) == set(principals.PRINCIPALS)
    for name, user in users.items():
        assert grants(user) == principals.grants_of(name)


def test_the_example_of_a_hotline_has_its_single_grant() -> None:
    user = yaml.safe_load((K8S / "hotline-user.example.yaml").read_text(encoding="utf-8"))
    assert user["metadata"]["name"] == principals.hotline_user("example")
    assert grants(user) == principals.HOTLINE_GRANTS


def test_there_are_four_services_and_a_worker_per_channel() -> None:
    assert set(DEPLOYMENTS) == {*PORTS, "worker-voice", "worker-video"}
    assert set(of_kind("Service")) == set(PORTS)


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_each_variable_given_is_read_and_each_key_goes_only_where_it_is_needed(name: str) -> None:
    given = {entry["name"] for entry in container(name)["env"]}
    assert given <= variables(name)
    assert given & SECRETS == secrets_read_by(name)


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_each_process_logs_in_as_itself_with_the_secret_of_its_user(name: str) -> None:
    user = "intake-media" if name.startswith("worker-") else name
    env = {entry["name"]: entry for entry in container(name)["env"]}
    assert env["KAFKA_USERNAME"]["value"] == user
    assert env["KAFKA_PASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": user, "key": "password"}


def test_the_shared_settings_are_variables_that_somebody_reads() -> None:
    read = set().union(*(variables(name) for name in DEPLOYMENTS))
    assert set(of_kind("ConfigMap")["minsheng-settings"]["data"]) <= read
    assert read >= STORES


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_probes_ask_the_health_pages_at_the_process_own_port(name: str) -> None:
    it = container(name)
    assert it["ports"] == [{"name": "http", "containerPort": PORTS.get(name, WORKER_PORT)}]
    asked = {probe: it[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert all(get["port"] == "http" for get in asked.values())
    assert {probe: get["path"] for probe, get in asked.items()} == {
        "startupProbe": "/health/live",
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
    }
    if name.startswith("worker-"):
        assert {"name": "WORKER_PORT", "value": str(WORKER_PORT)} in it["env"]
        assert it["args"] == ["worker", "--channel", name.removeprefix("worker-")]


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_pods_have_no_rights_and_no_variables_of_other_services(name: str) -> None:
    pod, it = DEPLOYMENTS[name]["spec"]["template"]["spec"], container(name)
    # with service links Kubernetes would set ROUTER_PORT=tcp://…, which is one of our own settings
    assert pod["enableServiceLinks"] is False
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert it["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounted = {mount["name"] for mount in it["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_each_worker_is_scaled_on_its_channel_by_a_metric_that_exists() -> None:
    registry = CollectorRegistry()
    metrics = MediaMetrics(registry)
    scaled = of_kind("ScaledObject")
    assert {one["spec"]["scaleTargetRef"]["name"] for one in scaled.values()} == {"worker-voice", "worker-video"}
    for name, one in scaled.items():
        (trigger,) = one["spec"]["triggers"]
        found = re.fullmatch(r'max\((\w+)\{channel="(\w+)"\}\)', trigger["metadata"]["query"])
        assert found is not None
        metrics.waiting.labels(channel=found[2]).set(3)
        assert registry.get_sample_value(found[1], {"channel": found[2]}) == 3
        assert name == f"worker-{found[2]}"
        assert "replicas" not in DEPLOYMENTS[name]["spec"]  # an applied manifest must not undo the scaling
