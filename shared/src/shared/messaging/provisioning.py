"""Topics are made on purpose, with explicit partitions; start-up fails loudly where one is missing or too narrow.

Run as `python -m shared.messaging.provisioning` to create what is missing.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from aiokafka.admin import NewTopic

from shared.contracts.topics import (
    DEAD_LETTER_RETENTION,
    DEFAULT_PARTITIONS,
    HOTLINE_DEAD_LETTER_RETENTION,
    HOTLINE_SUBMISSIONS,
    TOPICS,
)
from shared.errors import PermanentError
from shared.messaging.connection import KafkaConnection

TOPIC_EXISTS = 36


def wanted(partitions: int = DEFAULT_PARTITIONS, replication: int = 1) -> list[NewTopic]:
    """All topics and their dead letters."""
    made = []
    for topic in TOPICS:
        made.append(_topic(topic.name, partitions, replication, topic.retention))
        dead_for = HOTLINE_DEAD_LETTER_RETENTION if topic is HOTLINE_SUBMISSIONS else DEAD_LETTER_RETENTION
        made.append(_topic(topic.dead_letters, 1, replication, dead_for))
    return made


def _topic(name: str, partitions: int, replication: int, retention: timedelta | None) -> NewTopic:
    kept_ms = -1 if retention is None else int(retention.total_seconds() * 1000)
    return NewTopic(
        name=name,
        num_partitions=partitions,
        replication_factor=replication,
        topic_configs={
            "retention.ms": str(kept_ms),
            "cleanup.policy": "delete",
            # the broker's own clock: what tells a log that lost its tail (log_watch)
            "message.timestamp.type": "LogAppendTime",
        },
    )


async def provision(connection: KafkaConnection, *, partitions: int = DEFAULT_PARTITIONS, replication: int = 1) -> None:
    """Create what is missing, then verify.

    Raises:
        PermanentError: a topic could not be created, or exists with too few partitions.
    """
    admin = connection.admin()
    await admin.start()
    try:
        answer = await admin.create_topics(wanted(partitions, replication))
        # aiokafka does not raise: the errors are in the answer
        refused = [(error[0], error[1]) for error in answer.topic_errors if error[1] not in (0, TOPIC_EXISTS)]
        if refused:
            raise PermanentError(
                f"topics could not be created (name, Kafka error code): {refused}", code="provisioning"
            )
    finally:
        await admin.close()
    await verify(connection, partitions=partitions)


async def verify(connection: KafkaConnection, *, partitions: int = DEFAULT_PARTITIONS) -> None:
    """Check that every topic exists and is wide enough.

    Raises:
        PermanentError: naming each topic that is missing or too narrow, and the command that mends it.
    """
    admin = connection.admin()
    await admin.start()
    try:
        described = {found["topic"]: found for found in await admin.describe_topics([t.name for t in wanted()])}
    finally:
        await admin.close()
    wrong = []
    for topic in wanted(partitions):
        found = described.get(topic.name)
        if found is None or found["error_code"] != 0:
            wrong.append(f"{topic.name}: missing")
        elif len(found["partitions"]) < topic.num_partitions:
            wrong.append(f"{topic.name}: {len(found['partitions'])} of {topic.num_partitions} partitions")
    if wrong:
        raise PermanentError(
            "; ".join(wrong) + " (create them with: python -m shared.messaging.provisioning)",
            code="topics-missing",
        )


def main() -> int:
    """Provision from `KAFKA_*` settings; 0 when every topic is as it should be."""
    from shared.runtime.settings import ProcessSettings

    settings = ProcessSettings()
    connection = KafkaConnection(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        client_id="provisioning",
        username=settings.kafka_username,
        password=settings.kafka_password.get_secret_value() if settings.kafka_password else None,
    )
    try:
        asyncio.run(provision(connection))
    except (PermanentError, OSError) as error:
        print(f"provisioning failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
