"""The guarded broker that these tests share; never imported."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.guarded import Guarded, guarded_kafka


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One for the session; a test leaves its users and grants as it found them."""
    with guarded_kafka(tmp_path_factory.mktemp("guarded")) as made:
        yield made
