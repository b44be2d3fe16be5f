"""Kafka with users and grants (`SECURE=1`): what its configuration adds, its first start, and who logs in as whom."""

import os
import subprocess
from pathlib import Path

from minsheng import keys
from minsheng.places import Places
from minsheng.ports import CannotStart

ADMIN = "admin"
OPEN, GUARDED = "open", "guarded"

# Brokers and clients log in by SCRAM; the controller's own listener knows one user, whose password is in this file
# (mode 600). Without a login there, whoever reaches its port would be a super user.
PROPERTIES = """\
listeners=SASL_PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
listener.security.protocol.map=CONTROLLER:SASL_PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
inter.broker.listener.name=SASL_PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule \
required username="admin" password="{password}";
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule \
required username="admin" password="{password}" user_admin="{password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin
"""


def kind(places: Places) -> str | None:
    """Which broker this state's log belongs to; None before the first start."""
    if not (places.state / "kafka/data/meta.properties").exists():
        return None
    mark = places.state / "kafka/kind"
    return mark.read_text(encoding="utf-8").strip() if mark.exists() else OPEN


def refuse_mixing(places: Places) -> None:
    """Raise `CannotStart` where an open broker would run on a guarded one's log, or the other way round."""
    if places.secure and places.given_kafka:
        raise CannotStart(
            "SECURE=1 guards the local broker, but KAFKA_BOOTSTRAP_SERVERS names another: leave one of the two out "
            "(a guarded broker of yours takes KAFKA_USERNAME and KAFKA_PASSWORD)"
        )
    wanted, found = (GUARDED if places.secure else OPEN), kind(places)
    if found is None or found == wanted or places.given_kafka:
        return
    with_it = {GUARDED: "with SECURE=1", OPEN: "without SECURE=1"}
    raise CannotStart(
        f"the Kafka in {places.state} was made {with_it[found]}: start it {with_it[found]}, or give this stack a "
        "state of its own with MINSHENG_STATE=…"
    )


def login(places: Places) -> tuple[str, str] | None:
    """The administrator's name and password for this state's own broker; None when it is an open or a given one."""
    if places.given_kafka or kind(places) != GUARDED:
        return None
    return ADMIN, keys.ensure(places)[keys.ADMIN_PASSWORD]


def format_log(java: list[str], properties: Path, cluster_id: str, password: str) -> None:
    """Make the log with its first user, once. The password goes by a file of mode 600, not by the process list."""
    arguments = properties.with_name("format.arguments")
    descriptor = os.open(arguments, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        user = f"SCRAM-SHA-512=[name={ADMIN},password={password}]"
        file.write(
            "\n".join(("format", f"--cluster-id={cluster_id}", "-c", str(properties), "--add-scram", user)) + "\n"
        )
    try:
        done = subprocess.run(
            [*java, "kafka.tools.StorageTool", f"@{arguments}"], capture_output=True, text=True, check=False
        )
    finally:
        arguments.unlink(missing_ok=True)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).replace(password, "…").strip()[-600:]
        raise CannotStart(f"the guarded broker's log could not be made: {said}")
    os.sync()  # the tool does not: a power cut within seconds would leave a log that no broker starts on
