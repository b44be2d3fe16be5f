"""`minsheng hotline …` as an operator types it, on a guarded broker: what it prints opens one door and no other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError

from intake_web.adapters.hotline_store import MongoHotlines
from intake_web.handlers.hotline_door import HotlineDoor
from shared.clock import SystemClock
from shared.storage.mongo import Mongo
from tests.support.guarded import Guarded
from tests.support.infrastructure import minsheng

pytestmark = pytest.mark.connected
TOPIC = "hotline-submissions"


def command(broker: Guarded, *words: str) -> Any:
    done = minsheng("hotline", *words, "--json", env=broker.env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def send(broker: Guarded, keys: dict[str, str], topic: str = TOPIC) -> None:
    producer = broker.login(keys["kafka_user"], keys["kafka_password"]).producer()
    try:
        await producer.start()
        await producer.send_and_wait(topic, b"{}")
    finally:
        await producer.stop()


@pytest.fixture
async def holders(broker: Guarded) -> AsyncIterator[Any]:
    """Whose tokens these are, as intake-web's door says it now (it remembers nothing from one question to the next)."""
    mongo = Mongo(broker.mongo_uri)
    store = MongoHotlines(mongo.database("intake_web")["hotline_tokens"])

    async def ask(*keys: dict[str, str]) -> list[str | None]:
        return [await HotlineDoor({}, store, SystemClock()).holder(one["token"]) for one in keys]

    yield ask
    mongo.close()


async def test_a_hotline_is_let_in_gets_new_keys_and_is_shut_out(broker: Guarded, holders: Any) -> None:
    first = command(broker, "add", "lingang")
    assert first["kafka_user"] == "hotline-lingang"
    assert await holders(first) == ["lingang"]
    await send(broker, first)
    with pytest.raises(TopicAuthorizationFailedError):
        await send(broker, first, "suggestions")
    again = minsheng("hotline", "add", "lingang", env=broker.env)
    assert (again.returncode, again.stdout) == (1, "")
    assert "rotate" in again.stderr

    second = command(broker, "rotate", "lingang", "--overlap-hours", "1", "--kafka")
    assert await holders(first, second) == ["lingang", "lingang"]
    await send(broker, second)
    with pytest.raises(KafkaConnectionError):
        await send(broker, first)
    third = command(broker, "rotate", "lingang", "--overlap-hours", "0")
    assert third["kafka_password"] is None
    assert await holders(first, second, third) == [None, None, "lingang"]
    await send(broker, second)

    [row] = [one for one in command(broker, "list") if one["name"] == "lingang"]
    command(broker, "revoke", "lingang")
    assert await holders(third) == [None]
    with pytest.raises(KafkaConnectionError):
        await send(broker, second)

    audit = (broker.state / "audit.jsonl").read_text(encoding="utf-8")
    acts = [json.loads(line)["action"] for line in audit.splitlines() if '"lingang"' in line]
    assert acts == ["hotline-added", "hotline-rotated", "hotline-rotated", "hotline-revoked"]
    for secret in (*(keys["token"] for keys in (first, second, third)), first["kafka_password"]):
        assert secret not in audit
        assert secret not in json.dumps(row)
