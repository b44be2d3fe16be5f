"""What the project promises of its media path, held against what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.bench.media_channels import Scaling

Answer = dict[str, Any]


@dataclass
class Goal:
    """A claim and what was measured."""

    says: str
    held: bool


def goals(figures: dict[str, dict[str, Answer]], channels: Scaling | None) -> list[Goal]:
    """The claims of the project, on what was measured here."""
    held: list[Goal] = []
    if notes := figures.get("notes"):
        plain = notes["plain"]

        def ratio(name: str, other: str = "plain") -> float:
            return float(notes[name]["a_minute"] / notes[other]["a_minute"])

        held.append(Goal(f"default ≥ 5 × plain: {ratio('default'):.2f}", ratio("default") >= 5))
        share = notes["default"]["cer"] / plain["cer"] if plain["cer"] else 1.0
        held.append(Goal(f"default ≤ 0.85 of plain's errors: {share:.2f}", share <= 0.85))
        held.append(Goal(f"fast ≥ 7 × plain: {ratio('fast'):.2f}", ratio("fast") >= 7))
        more = 100 * (notes["fast"]["cer"] - plain["cer"])
        held.append(Goal(f"fast at most 1 point worse: {more:+.2f}", more <= 1))
        beside = 1 - notes["default"]["cpu"]["engine"] / sum(
            notes["default"]["cpu"][part] for part in ("api", "worker", "engine")
        )
        held.append(Goal(f"CPU beside the engine's process ≤ 15 %: {beside:.1%}", beside <= 0.15))
        if "openai-whisper" in notes:
            times = ratio("default", "openai-whisper")
            held.append(Goal(f"default ≥ 15 × openai-whisper: {times:.1f}", times >= 15))
    if long := figures.get("long"):
        times = long["default"]["a_minute"] / long["plain"]["a_minute"]
        held.append(Goal(f"long recording ≥ 1.5 × plain: {times:.2f}", times >= 1.5))
        fewer = long["plain"]["cer"] - long["default"]["cer"]
        held.append(Goal(f"long recording with no more errors: {100 * -fewer:+.1f} points", fewer >= 0))
    if channels:
        held += [
            Goal(f"second voice worker ≥ 1.6 × voices: {channels.voice_ratio:.2f}", channels.voice_ratio >= 1.6),
            Goal(
                f"first video at most a tenth later: {channels.first_video_ratio:.2f}",
                channels.first_video_ratio <= 1.1,
            ),
            Goal(
                f"30 videos hold up 15 voices by a tenth at most: {channels.flood_ratio:.2f}",
                channels.flood_ratio <= 1.1,
            ),
        ]
    return held


def show(label: str, table: dict[str, Answer]) -> None:
    """One table on stdout."""
    print(f"\n{label:34} recordings/min  ratio    CER  CPU s each  peak MB")
    for name, row in table.items():
        ratio = row["a_minute"] / table["plain"]["a_minute"]
        print(
            f"{name:34} {row['a_minute']:14.1f} {ratio:6.2f} {row['cer']:6.1%} {row['cpu_each_s']:11.2f} "
            f"{row['peak_mb']:8.0f}"
            + ("  " + ", ".join(f"{part} {spent:.1f} s" for part, spent in row["cpu"].items()) if row["cpu"] else "")
        )
