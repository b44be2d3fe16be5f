"""Write the golden documents from the models: `python -m tests.contract.generate` (`make schemas`).

A change that would break records or readers is refused, since the type's name promises that it only grows;
`--breaking` writes it all the same (before a first release, or with a CHANGELOG line and a numbered decision).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from shared.contracts.topics import EVENT_TYPES
from tests.contract.documents import golden_files, json_schema
from tests.contract.evolution import breaking

GOLDEN = Path(__file__).parent / "golden"


def refusals() -> list[str]:
    """Breaking changes of today's models against the committed schemas."""
    found = []
    for name, model in EVENT_TYPES.items():
        path = GOLDEN / f"{name}.schema.json"
        if path.exists():
            old = json.loads(path.read_text(encoding="utf-8"))
            found += [f"{name} {where}" for where in breaking(old, json_schema(model))]
    known = {f"{name}.schema.json" for name in EVENT_TYPES}
    gone = [path.name for path in GOLDEN.glob("*.schema.json") if path.name not in known]
    return found + [f"{name}: the type is gone" for name in sorted(gone)]


def main(argv: list[str] | None = None) -> int:
    """Write what differs and say so; 1 when refused."""
    parser = argparse.ArgumentParser(prog="make schemas")
    parser.add_argument("--breaking", action="store_true", help="write changes that break records or readers, too")
    allowed = parser.parse_args(argv).breaking
    refused = [] if allowed else refusals()
    if refused:
        print("\n".join(refused), file=sys.stderr)
        print("make a new type (.v2), or: python -m tests.contract.generate --breaking", file=sys.stderr)
        return 1
    wanted = golden_files()
    GOLDEN.mkdir(exist_ok=True)
    for path in GOLDEN.iterdir():
        if path.name not in wanted:
            path.unlink()
            print(f"removed {path.name}")
    for name, text in wanted.items():
        path = GOLDEN / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
