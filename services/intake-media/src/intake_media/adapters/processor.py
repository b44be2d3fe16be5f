"""What this machine's processor can do that the engine does not use by itself."""

from __future__ import annotations

import re
from pathlib import Path

_NEEDED = {"avx512f", "avx512cd", "avx512dq", "avx512bw", "avx512vl"}
_KEEPS_ITS_CLOCK = "avx512_vbmi2"
"""Intel's from Ice Lake on have it; those before slow down for wide vectors."""


def wide_vectors(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether AVX-512 is there and costs no clock speed. CTranslate2 takes it only when it is told to."""
    try:
        said = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    found = re.search(r"^flags\s*:(.*)$", said, re.MULTILINE)
    flags = set(found[1].split()) if found else set()
    return flags >= _NEEDED and ("AuthenticAMD" in said or _KEEPS_ITS_CLOCK in flags)
