"""Counts the language model: `python -m intake_media.training [--texts F …] [--out M] [--json]`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from intake_media.adapters import language_model_file, texts
from intake_media.adapters.simplified import OpenccScript
from intake_media.domain.language_model import CharacterModel
from intake_media.whisper_settings import WhisperSettings, trained_model
from shared.errors import MinshengError, PermanentError


def train(sources: list[Path], out: Path) -> dict[str, Any]:
    """Counts `sources` into `out`: {out, texts, characters, size_bytes, seconds}."""
    started = time.perf_counter()
    script = OpenccScript()
    held = [script.simplified(text) for text in texts.read(sources)]
    model = CharacterModel.count(held)
    characters = int(model.counts[0].sum())
    if not characters:
        raise PermanentError("there is no text in the files given", code="no-texts")
    language_model_file.save(model, out)
    return {
        "out": str(out),
        "texts": len(held),
        "characters": characters,
        "size_bytes": out.stat().st_size,
        "seconds": round(time.perf_counter() - started, 2),
    }


def main(argv: list[str] | None = None) -> int:
    """Exit 0 done, 1 a problem named on stderr, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m intake_media.training", description=__doc__)
    parser.add_argument(
        "--texts",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help=".txt, .jsonl, .yaml; default: the pack's texts",
    )
    parser.add_argument("--out", type=Path, help="default: where the workers look for it")
    parser.add_argument("--json", action="store_true", help="only JSON on stdout")
    given = parser.parse_args(argv)
    settings = WhisperSettings()
    try:
        result = train(
            given.texts or texts.of_pack(settings.district_pack), given.out or trained_model(settings.minsheng_state)
        )
    except MinshengError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result) if given.json else f"{result['characters']} characters counted into {result['out']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
