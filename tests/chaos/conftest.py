"""Fixtures of the rows; never imported."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fragile import Fragile, fragile
from tests.support.processes import Processes

__all__ = ["fragile"]


@pytest.fixture
def prefix() -> str:
    """Of the databases that are this test's own."""
    return f"t{uuid.uuid4().hex[:8]}_"


@pytest.fixture
def processes(fragile: Fragile, prefix: str, tmp_path: Path) -> Iterator[Processes]:
    """Services that this test starts and kills."""
    made = Processes(fragile.infrastructure, tmp_path, prefix)
    yield made
    made.close()
