"""What this machine's processor can do that the engine does not use by itself."""

from __future__ import annotations

import re
from pathlib import Path

_NEEDED = {"avx512f", "avx512cd", "avx512dq", "avx512bw", "avx512vl"}


def wide_vectors(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether AVX-512 is there and costs no clock speed: AMD's. CTranslate2 takes it only when it is told to."""
    try:
        said = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    flags = re.search(r"^flags\s*:(.*)$", said, re.MULTILINE)
    return "AuthenticAMD" in said and flags is not None and _NEEDED.issubset(flags[1].split())
