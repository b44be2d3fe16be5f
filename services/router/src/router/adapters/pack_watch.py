"""The pack in force, exchanged while the service runs: a pack that fails its own checks and examples is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from router.adapters.district_pack import DistrictPack, PackError
from router.domain.district import District
from shared.clock import Clock

_log = structlog.get_logger(__name__)
EVERY_S = 3.0
Stamp = tuple[tuple[str, int, int], ...]
"""Name, time of change and size of each file."""


class PackWatch:
    """Call it for the pack in force. Looks at the files' stamps every few seconds; no library tells of every edit."""

    def __init__(self, folder: Path, clock: Clock, registry: CollectorRegistry, first: District | None = None) -> None:
        self._pack = DistrictPack(folder)
        self._clock = clock
        self._tried = _stamp(folder)
        self._seen = self._tried
        self._current = first or self._pack.load()
        self.refused: str | None = None
        """Why the folder's present contents are not in force; None: they are."""
        self._loads = Counter(
            "minsheng_pack_loads", "Packs that were read anew, by what became of them", ["result"], registry=registry
        )
        self._old = Gauge(
            "minsheng_pack_refused", "1 while an older pack decides than the folder holds", registry=registry
        )

    def __call__(self) -> District:
        return self._current

    async def once(self) -> bool:
        """Look once; True when another pack came into force. Waits until the files rest: an editor saves one by one."""
        stamp = await asyncio.to_thread(_stamp, self._pack.folder)
        rests, self._seen = stamp == self._seen, stamp
        if not rests or stamp == self._tried:
            return False
        self._tried = stamp
        try:
            loaded = await asyncio.to_thread(self._pack.load)
        except (PackError, OSError) as error:
            self._refuse(str(error))
            return False
        changed = loaded.version != self._current.version
        self._current, self.refused = loaded, None
        self._old.set(0)
        if changed:
            self._loads.labels(result="taken").inc()
            _log.info("pack_taken", version=loaded.version)
        return changed

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(EVERY_S)
            await self.once()

    def _refuse(self, reason: str) -> None:
        self.refused = reason
        self._loads.labels(result="refused").inc()
        self._old.set(1)
        _log.error("pack_refused", in_force=self._current.version, reason=reason[:2000])


def _stamp(folder: Path) -> Stamp:
    found = []
    for path in sorted(folder.rglob("*.yaml")):
        try:
            status = path.stat()
        except FileNotFoundError:  # replaced at this moment; the next look sees its successor
            continue
        found.append((path.relative_to(folder).as_posix(), status.st_mtime_ns, status.st_size))
    return tuple(found)
