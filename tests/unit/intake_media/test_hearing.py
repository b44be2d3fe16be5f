"""Nobody is left out: Whisper ends where a voice changes, and a guard hears again what it dropped."""

from __future__ import annotations

import numpy as np
import pytest

from intake_media.adapters.lane import LONG, Lane
from intake_media.domain.language_model import spoken_characters
from intake_media.domain.reading import Hypothesis, Reading, Span
from intake_media.domain.sound import RATE_HZ, Samples
from intake_media.domain.transcript import Transcript

TEXTS = {
    1: "小区门口没有路灯晚上很黑请装一盏老人出门买菜容易摔倒孩子放学回家也不安全希望尽快办好",
    2: "楼下的垃圾桶好几天没有人清理味道大夏天苍蝇蚊子特别多环卫工人说人手不够请增加两次清运",
    3: "公交车间隔时间太长建议早上增加车次上班高峰要等半个小时十字路口又没有信号灯过马路危险",
}
"""What each voice says, from its first word on; a sample's value names its voice."""
SPOKEN_S = 4.0
NOISE, LOOP, ENGLISH = 7, 8, 9


def sound(*voices: int, pause_s: float = 0.5) -> Samples:
    """Voices one after another."""
    silence = np.zeros(int(pause_s * RATE_HZ), np.float32)
    parts = [part for voice in voices for part in (np.full(int(SPOKEN_S * RATE_HZ), voice, np.float32), silence)]
    return np.concatenate(parts[:-1])


class Detector:
    """Speech is where a sample is not nought."""

    def speech(self, samples: Samples) -> list[Span]:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], samples != 0, [0]]).astype(int)))
        return [Span(start / RATE_HZ, end / RATE_HZ) for start, end in edges.reshape(-1, 2).tolist()]


class EndsWhereTheVoiceChanges:
    """An engine with Whisper's weakness: one voice, and nothing of who comes after it."""

    name, model = "fake", "fake"

    def __init__(self) -> None:
        self.rate = 4.0
        self.reads = 0

    def read(self, samples: Samples, *, window_s: int, beam: int, timed: bool) -> Reading:
        self.reads += 1
        spoken_samples = samples[samples != 0]
        voice = int(spoken_samples[0])
        others = np.flatnonzero(spoken_samples != voice)
        seconds = (others[0] if len(others) else len(spoken_samples)) / RATE_HZ
        if voice == NOISE:
            return Reading((Hypothesis("谢谢观看", 6, -0.9),), no_speech=0.9)
        if voice == LOOP:
            return Reading((Hypothesis("三十" * 40, 80, -0.2),), no_speech=0.1)
        if voice == ENGLISH:
            return Reading((Hypothesis("please", 2, -1.1),), no_speech=0.0, chinese=0.01)
        text = TEXTS[voice][: round(self.rate * seconds)]
        begins = np.flatnonzero(samples)[0] / RATE_HZ
        starts = tuple(begins + at / self.rate for at in range(len(text))) if timed else ()
        return Reading((Hypothesis(text, 20, -0.1),), no_speech=0.0, chinese=1.0, starts_s=starts)


class AsItIs:
    def simplified(self, text: str) -> str:
        return text


@pytest.fixture
def engine() -> EndsWhereTheVoiceChanges:
    return EndsWhereTheVoiceChanges()


@pytest.fixture(params=[(1, True), (4, True), (1, False), (4, False)], ids=str)
def lane(engine: EndsWhereTheVoiceChanges, request: pytest.FixtureRequest) -> Lane:
    threads, timed = request.param
    return Lane(engine, Detector(), AsItIs(), threads=threads, timed=timed)


def spoken(heard: Transcript) -> str:
    return spoken_characters(heard.text)


@pytest.mark.parametrize("voices", [(1, 2), (2, 1, 3), (3, 2, 3, 1)])
def test_who_speaks_second_in_one_breath_is_heard_too(lane: Lane, voices: tuple[int, ...]) -> None:
    heard = lane.transcribe(sound(*voices))
    assert spoken(heard) == "".join(TEXTS[voice][:16] for voice in voices)
    assert heard.verdict == "clear"
    assert heard.options["retries"]
    assert [one.start_s for one in heard.segments] == [4.5 * place for place in range(len(voices))]


@pytest.mark.parametrize("rate", [2.5, 8.0])
def test_times_of_words_show_what_no_rate_could(engine: EndsWhereTheVoiceChanges, rate: float) -> None:
    engine.rate = rate
    lane = Lane(engine, Detector(), AsItIs(), timed=True)
    a_word = sound(2)[: int(1.6 * RATE_HZ)]
    heard = lane.transcribe(np.concatenate([sound(1), np.zeros(RATE_HZ // 2, np.float32), a_word]))
    assert spoken(heard) == TEXTS[1][: round(4 * rate)] + TEXTS[2][: round(1.6 * rate)]


def test_who_takes_over_without_a_pause_is_heard_too(engine: EndsWhereTheVoiceChanges) -> None:
    lane = Lane(engine, Detector(), AsItIs(), timed=True)
    heard = lane.transcribe(sound(1, 2, pause_s=0))
    assert spoken(heard) == TEXTS[1][:16] + TEXTS[2][:16]


def test_who_speaks_slowly_stays_whole(lane: Lane, engine: EndsWhereTheVoiceChanges) -> None:
    engine.rate = 2.5
    heard = lane.transcribe(sound(1, 1))
    assert spoken(heard) == TEXTS[1][:20]
    assert heard.options["chunks"] == 1
    assert engine.reads <= 3


def test_a_long_recording_asks_for_times_in_any_case(engine: EndsWhereTheVoiceChanges) -> None:
    engine.rate = 8.0
    turns = [np.concatenate([sound(3), np.zeros(RATE_HZ, np.float32)]) for _ in range(LONG)]
    both = np.concatenate([*turns, sound(1, 2)])
    heard = Lane(engine, Detector(), AsItIs(), timed=False).transcribe(both)
    assert spoken(heard) == TEXTS[3][:32] * LONG + TEXTS[1][:32] + TEXTS[2][:32]


def test_noise_after_the_words_adds_nothing_and_takes_nothing(lane: Lane) -> None:
    assert spoken(lane.transcribe(sound(1, NOISE))) == TEXTS[1][:16]


@pytest.mark.parametrize("disturbance", [LOOP, NOISE])
def test_words_after_a_disturbance_are_not_lost_with_it(lane: Lane, disturbance: int) -> None:
    heard = lane.transcribe(sound(disturbance, 2))
    assert spoken(heard) == TEXTS[2][:16]
    assert heard.verdict == "doubtful"


@pytest.mark.parametrize("rate", [4.0, 8.0])
def test_speech_that_no_hearing_puts_into_words_is_said_to_be_missing(
    engine: EndsWhereTheVoiceChanges, rate: float
) -> None:
    engine.rate = rate
    lane = Lane(engine, Detector(), AsItIs(), timed=True)
    heard = lane.transcribe(sound(1, ENGLISH))
    assert spoken(heard) == TEXTS[1][: round(4 * rate)]
    assert (heard.verdict, heard.reasons) == ("doubtful", ("words-missing",))
    short = np.concatenate([sound(1), sound(ENGLISH)[: 2 * RATE_HZ]])
    assert lane.transcribe(short).verdict == "clear", "a long-drawn word is no doubt"


def test_another_language_is_not_heard_again(lane: Lane, engine: EndsWhereTheVoiceChanges) -> None:
    lane.transcribe(sound(ENGLISH, ENGLISH))
    assert engine.reads == 1
