"""`make hostile`: every hostile or broken file through the real probe and decoder; writes README.md beside this file.

Exit 1 where a file was neither refused nor flagged as it must be, took too long or too much memory, or read what is
not its own.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from intake_media.adapters.media_reader import MediaReader
from intake_media.adapters.sandbox import Sandbox
from intake_media.handlers.inspection import REFUSALS
from intake_web.domain.wording import TRANSCRIBED
from shared.runtime import translations
from tests.hostile.rows import CORPUS, ROWS, row_of
from tests.support.corpus_run import Treated, treat, workshop
from tests.support.media_corpus import OK, Upload, corpus

ROOT = Path(__file__).parents[2]
REPORT = Path(__file__).with_name("README.md")
MOST_S, MOST_MB = 30.0, 1_100.0
"""Of one file, on a machine that is busy with other things; the sandbox itself allows an address space of 1,024 MiB."""


@dataclass(frozen=True)
class Row:
    """One file's line."""

    name: str
    size: int
    treated: Treated
    seconds: float
    peak_mb: float | None
    wrong: str = ""


class Peak(threading.Thread):
    """The most memory that any job of the reader ever held (the kernel's high-water mark, looked at every 2 ms)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.kilobytes = 0
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.002):
            for pid in _below(os.getpid()):
                self.kilobytes = max(self.kilobytes, _high_water(pid))

    def end(self) -> float | None:
        """In MB; None where it was over before we looked."""
        self._ended.set()
        self.join()
        return self.kilobytes / 1000 if self.kilobytes else None


def _below(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(one) for one in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_below(child)]
    return found


def _high_water(pid: int) -> int:
    """Of a job; the reading process beside it is the same for all."""
    try:
        said = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    except OSError:
        return 0
    return int(said.get("VmHWM", "0 kB").split()[0]) if said["Name"].strip() == "media-job" else 0


async def measured(upload: Upload, path: Path, reader: MediaReader) -> Row:
    """One file."""
    peak, started = Peak(), time.monotonic()
    peak.start()
    treated = await treat(upload, path, reader)
    seconds, peak_mb = time.monotonic() - started, peak.end()
    wrong = ""
    if not treated.codes & upload.may:
        wrong = f"{sorted(treated.codes)} is none of {sorted(upload.may)}"
    elif treated.holds_the_neighbours_sound:
        wrong = "the neighbour's recording was read"
    elif seconds > MOST_S or (peak_mb or 0) > MOST_MB:
        wrong = f"{seconds:.1f} s, {peak_mb} MB"
    return Row(upload.name, len(upload.contents), treated, seconds, peak_mb, wrong)


async def run() -> list[Row]:
    """The whole corpus."""
    rows = []
    with tempfile.TemporaryDirectory() as name, workshop(Path(name)) as shop:
        path = Path(name) / "alone" / "original"
        path.parent.mkdir()
        reader = MediaReader(Sandbox(Path(name) / "jobs"))
        for upload in corpus(shop):
            rows.append(await measured(upload, path, reader))
            print(f"{rows[-1].name}: {', '.join(sorted(rows[-1].treated.codes))}", file=sys.stderr)
        await reader.close()
        if reader.starts != 1:
            raise RuntimeError("a file cost the reading process its life")
    return rows


def told(treated: Treated) -> str:
    """What the resident reads (Chinese first)."""
    code = sorted(treated.codes)[0]
    if treated.where == "upload":
        catalogue = translations.load(ROOT / "services/intake-media/src/intake_media/locales")
        return translations.gettext(catalogue, "zh-CN", REFUSALS[code])
    verdict = "unusable" if treated.where == "worker" else "clear" if treated.codes == {OK} else "doubtful"
    catalogue = translations.load(ROOT / "services/intake-web/src/intake_web/locales")
    said = translations.gettext(catalogue, "zh-CN", TRANSCRIBED[verdict])
    return f"{said}*" if verdict == "clear" else said


def verdict(treated: Treated) -> str:
    """Refused, flagged or taken."""
    codes = ", ".join(f"`{code}`" for code in sorted(treated.codes))
    if treated.where == "taken":
        return "taken" if treated.codes == {OK} else f"flagged {codes}"
    return f"refused {codes}" if treated.where == "upload" else f"kept, not decoded: {codes}"


def text(rows: list[Row], at: datetime) -> str:
    """The page."""
    refused = sum(row.treated.where != "taken" for row in rows)
    flagged = sum(row.treated.where == "taken" and row.treated.codes != {OK} for row in rows)
    peaks = [row.peak_mb for row in rows if row.peak_mb]
    slowest, hungriest = max(rows, key=lambda row: row.seconds), max(rows, key=lambda row: row.peak_mb or 0)
    taken = len(rows) - refused - flagged
    lines = [
        "# Hostile and broken uploads",
        "",
        "Written by `make hostile` (`tests/hostile/report.py`): each file goes through the very probe and decoder of",
        "uploads and workers, in the sandbox, with a neighbour's recording beside it and a listening port that nobody",
        f"must call. The same files are a test of `make test` (`{CORPUS}`).",
        "",
        "One small process per service process holds libav ready (`adapters/reader_child.py`: no network, an empty",
        "environment, none of our secrets) and forks for each file. The fork gets the upload as an open file, and",
        "libav may use no protocol but that file, so that no name in it leads anywhere. It writes no file, and is held",
        "to 1,024 MiB, to 10 seconds of processor time for a look and 30 for decoding, and to 60 and 120 seconds by",
        "the clock, when its group is killed. Pictures and copies of films are made by ffmpeg (`adapters/sandbox.py`).",
        "",
        f"Last run {at:%Y-%m-%d}, two cores: **{len(rows)} files, {refused} refused, {flagged} flagged,",
        f"{taken} harmless and taken; none read another file, none called anybody, the process that asked lived on.**",
        f"Slowest: `{slowest.name}`, {slowest.seconds:.2f} s; most memory: `{hungriest.name}`, {max(peaks):.0f} MB",
        f"(median {sorted(peaks)[len(peaks) // 2]:.0f} MB; the ceiling is an address space of 1,024 MiB).",
        "",
        "## The rows of the list of failure modes",
        "| row | what comes | what must happen | files below | shown by |",
        "| --- | --- | --- | --- | --- |",
    ]
    for number, row in ROWS.items():
        count = sum(number in row_of(one.name) for one in rows)
        tests = " ".join(f"`{one}`" for one in row.tests)
        lines.append(f"| {number} | {row.comes} | {row.must} | {count or '–'} | {tests} |")
    lines += [
        "",
        "## The files",
        "\\* What is said then depends on what is heard in it. Seconds are wall time with other work on the machine;",
        "MB are the most that the job held, libav itself included.",
        "",
        "| rows | file | size | verdict | what the resident reads | s | MB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in rows:
        cells = (
            ", ".join(str(number) for number in row_of(one.name)),
            one.name,
            _size(one.size),
            verdict(one.treated),
            told(one.treated),
            f"{one.seconds:.2f}",
            f"{one.peak_mb:.0f}" if one.peak_mb else "–",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _size(count: int) -> str:
    return f"{count} B" if count < 1000 else f"{count / 1000:.0f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"


def main() -> int:
    """0 when every file was treated as it must be."""
    rows = asyncio.run(run())
    REPORT.write_text(text(rows, datetime.now(UTC)), encoding="utf-8")
    wrong = [f"{row.name}: {row.wrong}" for row in rows if row.wrong]
    print("\n".join(wrong) or f"{len(rows)} files, all as they must be: {REPORT.relative_to(ROOT)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
