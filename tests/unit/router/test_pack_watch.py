"""A pack is exchanged while the service runs, whole and checked, or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from router.adapters.pack_watch import PackWatch
from tests.support.clock import FrozenClock
from tests.support.pack import PACK


class Folder:
    """A copy of the pack, edited as by hand; each edit has a time of change of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._edits = folder, 0
        self.registry = CollectorRegistry()
        self.watch = PackWatch(folder, FrozenClock(), self.registry)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
        self._edits += 1
        os.utime(path, ns=(self._edits * 10**9, self._edits * 10**9))

    async def looked(self) -> list[bool]:
        return [await self.watch.once() for _ in range(3)]

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    shutil.copytree(PACK, tmp_path / "district")
    return Folder(tmp_path / "district")


async def test_an_edited_pack_comes_into_force_once_its_files_rest(folder: Folder) -> None:
    before = folder.watch().version
    assert await folder.looked() == [False, False, False]
    folder.edit("pack.yaml", "name:", "# edited\nname:")
    assert await folder.looked() == [False, True, False]
    assert folder.watch().version != before
    assert folder.metric("minsheng_pack_loads_total", result="taken") == 1


async def test_a_pack_that_fails_its_own_examples_is_refused_and_the_old_one_stays(folder: Folder) -> None:
    before = folder.watch()
    rule = before.rules[0]
    folder.edit("routing.yaml", rule.examples[0], "今天天气很好")
    assert await folder.looked() == [False, False, False]
    assert folder.watch() is before
    assert folder.watch.refused is not None
    assert rule.id in folder.watch.refused
    assert folder.metric("minsheng_pack_refused") == 1
    folder.edit("routing.yaml", "今天天气很好", rule.examples[0])
    await folder.looked()
    assert folder.watch.refused is None
    assert folder.metric("minsheng_pack_refused") == 0
    assert folder.watch().version == before.version


async def test_a_folder_that_vanishes_leaves_the_pack_in_force(folder: Folder) -> None:
    before = folder.watch()
    shutil.rmtree(folder.folder)
    await folder.looked()
    assert folder.watch() is before
    assert folder.watch.refused is not None
