"""Locks name what is installed and its sums, never an address."""

import tomllib

from minsheng import jars
from minsheng.places import REPOSITORY

LOCKS = [REPOSITORY / "requirements.lock", REPOSITORY / "tests/requirements.lock", jars.LOCK]


def test_no_lock_names_a_host() -> None:
    for lock in LOCKS:
        assert "://" not in lock.read_text(encoding="utf-8"), lock


def test_every_python_requirement_is_pinned_with_a_hash() -> None:
    for lock in LOCKS[:2]:
        for line in lock.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith((" ", "#")):
                assert "==" in line, line
                assert line.endswith("\\"), f"{line} has no hash"


def test_every_java_archive_is_pinned_with_a_sum() -> None:
    locked = tomllib.loads(jars.LOCK.read_text(encoding="utf-8"))["dependencies"]
    assert len(locked) == 46
    assert all(len(entry["sha256"]) == 64 for entry in locked)


def test_the_broker_is_the_version_that_was_measured() -> None:
    locked = tomllib.loads(jars.LOCK.read_text(encoding="utf-8"))["dependencies"]
    assert ("kafka_2.13", "4.3.1") in {(entry["artifactId"], entry["version"]) for entry in locked}
