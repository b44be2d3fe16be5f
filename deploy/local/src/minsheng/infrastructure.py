"""Broker and database at the start: waited for, and the broker given its topics, users and grants."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from minsheng import guarded_kafka, kafka, keys, mongo
from minsheng.control import Supervisor
from minsheng.places import Places
from minsheng.ports import CannotStart

INFRASTRUCTURE_SECONDS = 60.0


def wait_until_answering(places: Places, started: frozenset[str], all_needed: bool, control: Supervisor) -> None:
    """Wait for broker and database together: ours are asked for their identity, given ones for any answer."""
    asyncio.run(_answers(places, started, all_needed))
    for name in started:
        if not control.pids(name):
            raise CannotStart(f"{name} ended: see {places.log / f'{name}.log'}")


async def _answers(places: Places, started: frozenset[str], all_needed: bool) -> None:
    async def wait(name: str, ask: Callable[[], Awaitable[object]]) -> None:
        ends = time.monotonic() + (INFRASTRUCTURE_SECONDS if name in started else 10)
        while True:
            reason = await ask()
            if reason is None:
                return
            if time.monotonic() > ends or "another Kafka" in str(reason):
                raise CannotStart(f"{name}: {reason}; log: {places.log / f'{name}.log'}")
            await asyncio.sleep(0.1)

    waits = []
    if "kafka" in started or (places.given_kafka and all_needed):
        expected = None if places.given_kafka else kafka.cluster_id(places)
        waits.append(wait("kafka", lambda: kafka.answers(places.kafka, expected)))
    if "mongo" in started or (places.given_mongo and all_needed):
        waits.append(wait("mongo", lambda: mongo.answers(places.mongo)))
    await asyncio.gather(*waits)


def provision(places: Places) -> None:
    """Make the topics of the registry, and on a guarded broker of ours the services' users and grants."""
    from minsheng.addresses import connection
    from shared.errors import MinshengError
    from shared.messaging import provisioning
    from shared.operations import principals

    async def work() -> None:
        kafka_here = connection(places.kafka)
        await provisioning.provision(kafka_here)
        if guarded_kafka.login(places):
            secrets = keys.ensure(places)
            passwords = {name: secrets[principals.password_variable(name)] for name in principals.PRINCIPALS}
            await principals.provision(kafka_here, passwords)

    try:
        asyncio.run(work())
    except MinshengError as error:
        raise CannotStart(f"the broker could not be prepared: {error}") from None
