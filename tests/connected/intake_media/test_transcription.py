"""The real engine on the base weights: nothing invented, a lost child replaced, the offline tools as called."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import pytest

from intake_media.adapters import texts, weights
from intake_media.adapters.decoding import LibavDecoder
from intake_media.adapters.engines import EngineOptions, build_lane
from intake_media.adapters.lane import Lane
from intake_media.adapters.media_reader import MediaReader
from intake_media.adapters.probing import LibavProbe
from intake_media.adapters.simplified import OpenccScript
from intake_media.adapters.transcriber_process import TranscriberProcess
from intake_media.adapters.vocabulary import of_chinese
from intake_media.domain.error_rate import errors
from intake_media.domain.language_model import spoken_characters
from intake_media.domain.media import MediaLimits
from intake_media.whisper_settings import WhisperSettings
from shared.errors import PermanentError, TransientError
from tests.support.sounds import RATE, at_level, nothing_said, over, robots, vowels

PACK = Path(__file__).parents[3] / "deploy" / "district"
DEMO = Path(__file__).parents[3] / "deploy" / "local" / "src" / "minsheng" / "demo_media"
CORES = max(1, len(os.sched_getaffinity(0)))


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder of its own, so that the joining of the weights is tested too."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def options(state: Path) -> EngineOptions:
    return EngineOptions(state=state, concurrency=CORES, beam=5, texts=tuple(texts.of_pack(PACK)))


@pytest.fixture(scope="session")
def lane(options: EngineOptions) -> Lane:
    return build_lane(options)


@pytest.fixture
async def transcriber(options: EngineOptions) -> AsyncIterator[TranscriberProcess]:
    process = TranscriberProcess(options.model_copy(update={"concurrency": 1}))
    yield process
    await process.close()


@pytest.fixture(scope="session")
def voice() -> np.ndarray:
    """Sound that the detector takes for speech, so that the engine has work."""
    return at_level(vowels(np.random.default_rng(3), 8, 90), -20)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("preset", ["default", "fast", "accurate"])
def test_nothing_that_says_nothing_comes_out_as_clear_text(lane: Lane, preset: str) -> None:
    options = WhisperSettings(whisper_preset=preset).options()
    lane = replace(lane, beam=options.beam, tight=options.tight, timed=options.timed)
    sounds = [*nothing_said(), *nothing_said(seed=2), *robots()]
    with ThreadPoolExecutor(CORES) as pool:
        heard = list(pool.map(lambda sound: lane.transcribe(sound[1]), sounds))
    clear = {name: found.text for (name, _), found in zip(sounds, heard, strict=True) if found.verdict == "clear"}
    assert clear == {}
    assert len(sounds) >= 100
    for (name, _), found in zip(sounds, heard, strict=True):
        assert found.reasons, name
        if found.verdict in ("no-speech", "unusable"):
            assert (found.text, found.segments) == ("", ()), name
        if not name.startswith("robot"):
            assert found.text == "", f"{name}: {found.text}"


NOTES = {
    "chongdian": "我建议在小区门口增加几个充电桩，现在大家都从楼上拉电线给电动车充电，非常不安全。",
    "xuexiao": "小学门口没有红绿灯，上学放学的时候车很多，孩子过马路很危险，建议安装信号灯。",
}
"""The demo's two recordings, and what is said in them."""

BENEATH = (
    "pink noise at -30 dB",
    "busy traffic",
    "music of 3 voices",
    "mains hum of 50 Hz",
    "babble of 8 voices",
    "engine",
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NOTES)
async def test_real_notes_come_through_with_noise_beneath(lane: Lane, reader: MediaReader, name: str) -> None:
    path = DEMO / f"{name}.ogg"
    sound = await LibavDecoder(reader).decode(path, await LibavProbe(reader).probe(path), MediaLimits())
    noises = dict(nothing_said())
    mixed = [sound.samples, *(over(sound.samples, noises[noise], 10) for noise in BENEATH)]
    with ThreadPoolExecutor(CORES) as pool:
        heard = list(pool.map(lane.transcribe, mixed))
    rates = [wrong / length for wrong, length in (errors(NOTES[name], one.text) for one in heard)]
    assert heard[0].verdict == "clear"
    assert rates[0] <= 0.08
    assert [one.verdict for one in heard].count("clear") >= 6
    assert max(rates) <= 0.25
    for one in heard:
        assert one.segments[0].start_s < one.segments[-1].end_s <= one.duration_s + 0.01
        assert all(0.2 < segment.confidence <= 1 for segment in one.segments)


async def test_a_long_recording_is_cut_at_pauses_and_read_whole(lane: Lane, reader: MediaReader) -> None:
    said, parts = "", []
    for name in [*NOTES] * 3:
        path = DEMO / f"{name}.ogg"
        sound = await LibavDecoder(reader).decode(path, await LibavProbe(reader).probe(path), MediaLimits())
        parts += [sound.samples, np.zeros(int(0.9 * RATE), np.float32)]
        said += NOTES[name]
    heard = lane.transcribe(np.concatenate(parts))
    wrong, length = errors(said, heard.text)
    assert heard.verdict == "clear"
    assert wrong / length <= 0.1
    assert int(heard.options["chunks"] or 0) >= 3


async def test_words_are_timed_where_they_are_said(lane: Lane, reader: MediaReader) -> None:
    path = DEMO / "chongdian.ogg"
    sound = (await LibavDecoder(reader).decode(path, await LibavProbe(reader).probe(path), MediaLimits())).samples
    later = np.concatenate([np.zeros(2 * RATE, np.float32), sound])
    with ThreadPoolExecutor(3) as pool:  # Side by side, as many in one decoding as may be.
        readings = list(
            pool.map(lambda given: lane.engine.read(given, window_s=12, beam=5, timed=True), [sound, later, sound])
        )
    for reading, delay_s in zip(readings, (0.0, 2.0, 0.0), strict=True):
        starts, speech = reading.starts_s, lane.detector.speech(sound)
        assert len(starts) == len(spoken_characters(reading.hypotheses[0].text))
        assert list(starts) == sorted(starts)
        assert 0.0 <= speech[-1].end_s + delay_s - starts[-1] < 1.0
        for pause in itertools.pairwise(speech):
            silence = (pause[0].end_s + delay_s + 0.15, pause[1].start_s + delay_s - 0.15)
            assert not [start for start in starts if silence[0] < start < silence[1]]
    assert readings[0].starts_s == pytest.approx(readings[2].starts_s)
    assert lane.engine.read(sound, window_s=12, beam=5, timed=False).starts_s == ()
    assert lane.engine.read(np.zeros(RATE, np.float32), window_s=9, beam=5, timed=True).no_speech > 0.3


def test_a_text_of_nothing_takes_no_times_from_those_beside_it(lane: Lane, voice: np.ndarray) -> None:
    engine: Any = lane.engine
    two = np.repeat(engine._features(voice, 9), 2, axis=0)
    encoded = engine._whisper.encode(ctranslate2.StorageView.from_array(two), to_cpu=True)
    words = [place for place, token in enumerate(engine._vocabulary) if token > 20_000][:4]
    nothing, beside = engine._starts(encoded, [[], words])
    assert nothing == ()
    assert beside
    assert beside == engine._starts(encoded, [words, words])[1]


@pytest.mark.parametrize("beam", [5, 10])
async def test_a_quieter_voice_in_the_same_breath_is_not_left_out(lane: Lane, reader: MediaReader, beam: int) -> None:
    parts = []
    for name, loudness in (("chongdian", 1.0), ("xuexiao", 0.05)):
        path = DEMO / f"{name}.ogg"
        sound = await LibavDecoder(reader).decode(path, await LibavProbe(reader).probe(path), MediaLimits())
        parts += [loudness * sound.samples, np.zeros(int(0.4 * RATE), np.float32)]
    both = np.concatenate(parts[:-1])
    favourite = lane.engine.read(both, window_s=20, beam=beam, timed=False).hypotheses[0]
    assert len(favourite.text) < 50, "the engine alone now hears both: is this needed?"
    heard = replace(lane, beam=beam).transcribe(both)
    wrong, length = errors("".join(NOTES.values()), heard.text)
    assert wrong / length <= 0.1, heard.text


async def test_what_is_said_in_another_language_is_said_to_be_missing(lane: Lane, reader: MediaReader) -> None:
    path = DEMO / "xuexiao.ogg"
    sound = (await LibavDecoder(reader).decode(path, await LibavProbe(reader).probe(path), MediaLimits())).samples
    english = next(robot for name, robot in robots() if name.startswith("robot en"))[: 6 * RATE]
    heard = lane.transcribe(np.concatenate([sound, np.zeros(int(0.4 * RATE), np.float32), english]))
    assert heard.verdict == "doubtful"
    assert "words-missing" in heard.reasons
    assert errors(NOTES["xuexiao"], heard.text)[0] <= 3, heard.text


def test_the_weights_are_joined_once_and_checked(state: Path, lane: Lane) -> None:
    folder = weights.find("", state)
    assert folder == state / "models" / "whisper-base"
    before = (folder / "model.bin").stat().st_mtime_ns
    assert weights.find("whisper-base", state) == folder
    assert weights.find(str(folder), state) == folder
    assert (folder / "model.bin").stat().st_mtime_ns == before
    assert not [other for other in folder.parent.iterdir() if other.name.startswith(".")]


def test_unknown_weights_name_the_way_out(state: Path) -> None:
    with pytest.raises(PermanentError, match="WHISPER_MODEL=large-v9") as raised:
        weights.find("large-v9", state)
    assert raised.value.code == "weights-missing"


def test_an_unknown_or_missing_engine_is_named(options: EngineOptions) -> None:
    with pytest.raises(PermanentError) as raised:
        build_lane(options.model_copy(update={"engine": "parrot"}))
    assert raised.value.code == "unknown-engine"
    try:
        import whisper  # noqa: F401 - only whether it is there
    except ImportError:
        with pytest.raises(PermanentError, match=r"intake-media\[openai-whisper\]"):
            build_lane(options.model_copy(update={"engine": "openai-whisper"}))


def test_the_cut_vocabulary_keeps_every_weight_that_stays(state: Path, lane: Lane, voice: np.ndarray) -> None:
    folder = weights.find("", state)
    cut, kept = of_chinese(folder, state / "models" / "cut")
    assert of_chinese(folder, state / "models" / "cut") == (cut, kept)
    assert 3_000 < len(kept) < 4_500
    assert kept == sorted(set(kept))
    full = build_lane(EngineOptions(state=state, chinese_vocabulary=False))
    one = lane.engine.read(voice, window_s=12, beam=1, timed=True)
    other = full.engine.read(voice, window_s=12, beam=1, timed=True)
    assert one.no_speech == pytest.approx(other.no_speech, rel=0.25)
    assert [len(lane.script.simplified(reading.hypotheses[0].text)) > 0 for reading in (one, other)] == [True, True]


def test_traditional_becomes_simplified_and_numbers_stay() -> None:
    script = OpenccScript()
    assert script.simplified("小學門口沒有紅綠燈,十二路公交車") == "小学门口没有红绿灯,十二路公交车"
    assert script.simplified("睡不著覺,看著著名的著作") == "睡不着觉,看着著名的著作"
    assert script.simplified("超50%") == "超50%"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
async def test_a_lost_child_is_replaced_and_the_job_done(
    transcriber: TranscriberProcess, voice: np.ndarray, how: signal.Signals
) -> None:
    await transcriber.start()
    first = transcriber.pid
    assert first is not None
    task = asyncio.create_task(transcriber.transcribe(np.tile(voice, 20), deadline_s=120))
    await asyncio.sleep(0.1)
    os.kill(first, how)
    assert (await task).engine == "faster-whisper"
    assert transcriber.starts == 2
    assert transcriber.pid != first


async def test_a_stopped_child_costs_one_deadline(transcriber: TranscriberProcess, voice: np.ndarray) -> None:
    await transcriber.start()
    assert transcriber.pid is not None
    os.kill(transcriber.pid, signal.SIGSTOP)
    with pytest.raises(TransientError) as raised:
        await transcriber.transcribe(voice, deadline_s=0.5)
    assert raised.value.code == "transcriber-timeout"
    silence = np.zeros(RATE, np.float32)
    assert (await transcriber.transcribe(silence, deadline_s=120)).verdict == "no-speech"


async def test_too_little_memory_is_an_error_and_not_the_end(options: EngineOptions) -> None:
    starved = TranscriberProcess(options, memory_bytes=300 * 1024 * 1024)
    with pytest.raises(TransientError) as raised:
        await starved.transcribe(np.zeros(RATE, np.float32), deadline_s=60)
    assert raised.value.code == "transcriber-crashed"


async def test_missing_weights_reach_the_worker_as_a_permanent_error(state: Path) -> None:
    with pytest.raises(PermanentError) as raised:
        await TranscriberProcess(EngineOptions(state=state, model="large-v9")).start()
    assert raised.value.code == "weights-missing"


async def test_the_child_dies_with_its_parent(options: EngineOptions, tmp_path: Path) -> None:
    code = (
        "import asyncio, os, sys\n"
        "from intake_media.adapters.engines import EngineOptions\n"
        "from intake_media.adapters.transcriber_process import TranscriberProcess\n"
        "async def main():\n"
        "    process = TranscriberProcess(EngineOptions.model_validate_json(sys.argv[1]))\n"
        "    await process.start(); print(process.pid, flush=True); os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, options.model_dump_json(), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await parent.communicate()
    pid = int(said)
    for _ in range(100):
        status = Path(f"/proc/{pid}/status")
        if not status.exists() or "State:\tZ" in status.read_text():
            return
        await asyncio.sleep(0.05)
    pytest.fail("the child outlived its parent")


def test_the_model_is_counted_and_the_evaluation_prints_only_json(
    state: Path, tmp_path: Path, voice: np.ndarray
) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    with wave.open(str(clips / "one.wav"), "wb") as held:
        held.setnchannels(1)
        held.setsampwidth(2)
        held.setframerate(RATE)
        held.writeframes((voice * 32767).astype("<i2").tobytes())
    (clips / "transcripts.tsv").write_text("one\t建议增加车次。\n", encoding="utf-8")
    words = tmp_path / "words.jsonl"
    words.write_text('{"subject": "建议增加车次", "text": "十二路公交车太少。"}\n', encoding="utf-8")
    environment = {**os.environ, "MINSHENG_STATE": str(state), "DISTRICT_PACK": str(PACK), "WHISPER_PRESET": "fast"}

    def tool(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", f"intake_media.{module}", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    trained = json.loads(tool("training", "--json", "--out", str(tmp_path / "language.npz")).stdout)
    assert trained["characters"] > 1000, "the pack brings texts of its own"
    done = tool("evaluation", "transcripts", "--dir", str(clips), "--words", str(words), "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["clips"] == 1
    assert result["cer"] >= 0
    assert result["language_model"] is True
    for wrong in (["--dir", str(tmp_path)], ["--dir", str(clips), "--words", str(tmp_path / "absent.txt")]):
        refused = tool("evaluation", "transcripts", *wrong, "--json")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.strip()
    assert tool("evaluation", "nonsense").returncode == 2
