"""The process that reads uploads, for tests of real files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from intake_media.adapters.media_reader import MediaReader
from intake_media.adapters.sandbox import Sandbox


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[MediaReader]:
    """One of the test's own, ended with it."""
    made = MediaReader(Sandbox(tmp_path / "jobs"))
    yield made
    await made.close()
