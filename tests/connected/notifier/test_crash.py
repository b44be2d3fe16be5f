"""The notifier as a process that dies at the worst moment: the mail may come twice under one name, never not at all."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from ulid import ULID

from shared.clock import SystemClock
from shared.contracts.topics import TOPIC_OF
from shared.messaging.encoding import to_record
from shared.messaging.publishing import Publisher
from shared.storage.mongo import Mongo
from shared.storage.outbox import entry
from shared.storage.vault import Vault
from tests.support.infrastructure import Infrastructure
from tests.support.kafka import until
from tests.support.notices import submitted
from tests.support.smtp import Mailbox, mail_server

pytestmark = pytest.mark.connected
PACK = Path(__file__).parents[3] / "deploy" / "district"


@pytest.mark.parametrize(("point", "copies"), [("before_send", 1), ("after_send", 2)])
async def test_a_notifier_killed_around_the_sending_sends_again_under_the_same_message_id(
    infrastructure: Infrastructure, point: str, copies: int, tmp_path: Path
) -> None:
    """Row 36."""
    prefix, key = f"t{uuid.uuid4().hex[:8]}_", base64.b64encode(os.urandom(32)).decode()
    mongo, suggestion_id, mailbox = Mongo(infrastructure.mongo_uri, prefix=prefix), str(ULID()), Mailbox()
    vault = Vault(mongo.database("vault")["contacts"], SystemClock(), key=key)
    contact_id = await vault.put({"email": "li@example.org", "name": "李明"})
    event = submitted(suggestion_id, contact_id=contact_id)
    made = entry(event, source="tests", at=SystemClock().now())
    publisher = Publisher(infrastructure.connection())
    await publisher.publish([to_record(TOPIC_OF[made["type"]], made)])
    await publisher.stop()

    with mail_server(mailbox) as port:
        env = {
            **os.environ,
            **infrastructure.env(),
            "MONGODB_DATABASE_PREFIX": prefix,
            "MINSHENG_STATE": str(tmp_path),
            "DISTRICT_PACK": str(PACK),
            "VAULT_KEY": key,
            "NOTIFIER_PORT": "0",
            "SMTP_PORT": str(port),
            "MAIL_LEASE_S": "2",
        }
        command = [sys.executable, "-m", "notifier"]
        doomed = subprocess.Popen(command, env={**env, "CRASH_AT": point}, stdout=subprocess.DEVNULL)
        try:
            await until(lambda: doomed.poll() is not None, seconds=60)
            assert doomed.returncode == -signal.SIGKILL
        finally:
            doomed.kill()
        assert len(mailbox.taken) == copies - 1
        heir = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
        try:
            await until(lambda: len(mailbox.taken) == copies, seconds=60)

            async def noted() -> bool:
                found = await mongo.database("notifier")["notices"].find_one(
                    {"suggestion_id": suggestion_id, "channel": "email"}
                )
                return found is not None and found["state"] == "sent" and found["outbox_published"] == 1

            await until(noted, seconds=30)
        finally:
            heir.terminate()
            assert heir.wait(20) in (0, -signal.SIGTERM)  # the server raises the signal again once it has stopped
    mongo.close()
    assert len({message["Message-ID"] for message in mailbox.taken}) == 1
