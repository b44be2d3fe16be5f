"""Fixtures of the library contracts; never imported."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.infrastructure import Infrastructure
from tests.support.kafka import OwnBroker, Workbench, own_broker, workbench


@pytest.fixture
async def bench(infrastructure: Infrastructure) -> Workbench:
    """A topic and a group of the test's own on the session's broker."""
    return await workbench(infrastructure.connection())


@pytest.fixture(scope="session")
def broker_to_freeze(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBroker]:
    """A broker that nobody else needs."""
    with own_broker(tmp_path_factory.mktemp("own")) as broker:
        yield broker
