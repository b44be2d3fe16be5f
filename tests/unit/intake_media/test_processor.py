"""AVX-512 is asked for only where it is there and free."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake_media.adapters.processor import wide_vectors

ALL = "fpu avx2 avx512f avx512dq avx512cd avx512bw avx512vl"


@pytest.mark.parametrize(
    ("vendor", "flags", "expected"),
    [
        ("AuthenticAMD", ALL, True),
        ("AuthenticAMD", ALL.replace("avx512vl", ""), False),
        ("GenuineIntel", ALL, False),
        ("GenuineIntel", f"{ALL} avx512_vbmi2", True),
    ],
)
def test_wide_vectors_need_every_flag_and_a_steady_clock(
    tmp_path: Path, vendor: str, flags: str, expected: bool
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: {flags}\n")
    assert wide_vectors(info) is expected


def test_another_system_has_none_to_ask_for(tmp_path: Path) -> None:
    assert wide_vectors(tmp_path / "none") is False
