"""The container's broker without a container: the same script and configuration, on the local jars.

What the image brings (`kafka-storage.sh`, `kafka-server-start.sh`) is replaced by two lines of shell around Java.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from minsheng import jars, kafka
from shared.clock import SystemClock
from shared.errors import Unavailable
from shared.messaging.access import access
from shared.messaging.connection import KafkaConnection
from shared.operations import principals

pytestmark = pytest.mark.connected
DEPLOY = Path(__file__).parents[3] / "deploy"


@dataclass(frozen=True, kw_only=True)
class Container:
    """A running broker: its ports, the variables of make-env, its certificate."""

    port: int
    tls_port: int
    env: dict[str, str]
    certificate: Path

    def login(self, user: str, password: str) -> KafkaConnection:
        return KafkaConnection(
            bootstrap_servers=f"127.0.0.1:{self.port}", client_id="tests", username=user, password=password
        )


def certified(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1 in one PEM file, as the broker wants it; returns the certificate alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "kafka.pem").write_bytes(private + made)
    (folder / "certificate.pem").write_bytes(made)
    return folder / "certificate.pem"


def image(folder: Path) -> Path:
    """A folder that looks like the image's /opt/kafka to the script."""
    java = " ".join(f"'{word}'" for word in kafka.java(jars.ensure(print)))
    (folder / "bin").mkdir(parents=True)
    for name, run in (("kafka-storage.sh", "kafka.tools.StorageTool"), ("kafka-server-start.sh", "kafka.Kafka")):
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {java} {run} "$@"\n')
        script.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("container")
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    port, controller, tls_port = (listener.getsockname()[1] for listener in held)
    for listener in held:
        listener.close()
    subprocess.run(["sh", str(DEPLOY / "make-env"), str(folder / "made.env")], check=True, capture_output=True)
    made = dict(line.split("=", 1) for line in (folder / "made.env").read_text().splitlines())
    certificate = certified(folder)
    env = {name: made[name] for name in ("KAFKA_CLUSTER_ID", "KAFKA_ADMIN_PASSWORD")}
    env |= {"PATH": os.environ["PATH"], "KAFKA_HOME": str(image(folder / "kafka")), "KAFKA_DATA": str(folder / "data")}
    env |= {"KAFKA_HOST": "127.0.0.1", "KAFKA_PORT": str(port), "KAFKA_CONTROLLER_PORT": str(controller)}
    env |= {"TLS_FILE": str(folder / "kafka.pem"), "KAFKA_PUBLIC_HOST": "127.0.0.1", "KAFKA_TLS_PORT": str(tls_port)}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", str(DEPLOY / "kafka/start-kafka")], env=env, stdout=output, stderr=output, start_new_session=True
        )
    made_container = Container(port=port, tls_port=tls_port, env=made, certificate=certificate)
    try:
        asyncio.run(until_ready(made_container, process, log))
        yield made_container
        process.send_signal(signal.SIGTERM)  # what `docker stop` sends
        process.wait(60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(folder / "data", ignore_errors=True)


async def until_ready(broker: Container, process: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(90):
        while True:
            assert process.poll() is None, log.read_text()
            try:
                async with access(broker.login("admin", broker.env["KAFKA_ADMIN_PASSWORD"])):
                    return
            except Unavailable:
                await asyncio.sleep(0.3)


def provision(broker: Container, folder: Path) -> subprocess.CompletedProcess[str]:
    """The provision job of the compose file: `start provision`."""
    env = {name: value for name, value in broker.env.items() if name.endswith("_PASSWORD")}
    env |= {"KAFKA_USERNAME": "admin", "KAFKA_PASSWORD": broker.env["KAFKA_ADMIN_PASSWORD"], "SERVICE": "router"}
    env |= {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{broker.port}", "PATH": f"{folder}:/usr/bin:/bin"}
    (folder / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (folder / "python").chmod(0o755)
    start = ["sh", str(DEPLOY / "start"), "provision"]
    return subprocess.run(start, env=env, capture_output=True, text=True, check=False)


async def test_the_provision_job_makes_topics_users_and_grants_and_may_be_run_again(
    broker: Container, tmp_path: Path
) -> None:
    for _ in range(2):
        done = provision(broker, tmp_path)
        assert done.returncode == 0, done.stderr
    async with access(broker.login("admin", broker.env["KAFKA_ADMIN_PASSWORD"])) as kafka_here:
        for service in principals.SERVICES:
            assert await kafka_here.grants(service) == principals.grants_of(service)
    router = broker.login("router", broker.env["ROUTER_KAFKA_PASSWORD"]).producer()
    await router.start()
    try:
        await router.send_and_wait("cases", b"{}")
        with pytest.raises(TopicAuthorizationFailedError):
            await router.send_and_wait("recordings", b"{}")
    finally:
        await router.stop()


async def test_a_hotline_outside_writes_its_topic_over_the_encrypted_door(broker: Container, tmp_path: Path) -> None:
    assert provision(broker, tmp_path).returncode == 0
    admin = broker.login("admin", broker.env["KAFKA_ADMIN_PASSWORD"])
    await principals.admit_hotline(admin, "outside", "a-password")
    options = {
        "bootstrap_servers": f"127.0.0.1:{broker.tls_port}",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "hotline-outside",
        "ssl_context": ssl.create_default_context(cafile=str(broker.certificate)),
    }
    producer = AIOKafkaProducer(**options, sasl_plain_password="a-password")
    await producer.start()
    try:
        await producer.send_and_wait("hotline-submissions", b"{}")
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait("suggestions", b"{}")
    finally:
        await producer.stop()
    refused = AIOKafkaProducer(**options, sasl_plain_password="wrong")
    try:
        with pytest.raises(KafkaConnectionError):
            await refused.start()
    finally:
        await refused.stop()
