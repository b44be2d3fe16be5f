"""A sandbox whose programs give way: for what may take its time while transcripts may not."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from intake_media.adapters.sandbox import Limits, Outcome, Sandbox


class PoliteSandbox(Sandbox):
    """Runs everything at the lowest priority where the system has `nice`."""

    async def run(self, argv: Sequence[str], limits: Limits, *, directory: Path) -> Outcome:
        nice = shutil.which("nice")
        return await super().run([nice, "-n", "19", *argv] if nice else argv, limits, directory=directory)
