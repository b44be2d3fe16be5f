"""Behind a silent mix there may be speech; a refused file never reaches the engine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from intake_media.adapters.libav_codes import DONE, NOT_OPENED
from intake_media.adapters.probing import is_cut, read_probe
from intake_media.adapters.sandbox import Outcome
from intake_media.domain.error_rate import errors
from intake_media.domain.media import AudioTrack, MediaInfo, MediaLimits, lengths_agree, refusal
from intake_media.domain.sound import Samples
from intake_media.domain.transcript import Transcript
from intake_media.handlers.listen import Listener
from intake_media.ports.media import DecodedSound
from intake_media.ports.speech import Heard
from shared.errors import PermanentError
from tests.support.media_corpus import wav

STEREO = MediaInfo(
    container="wav", duration_s=3.0, audio=(AudioTrack(index=0, codec="pcm", rate_hz=48_000, channels=2),)
)
LIMITS = MediaLimits()


class FakeMedia:
    """A probe and a decoder of one file whose mix is silent and whose second channel speaks."""

    def __init__(self, info: MediaInfo, *, speaking: bool = True) -> None:
        self.info, self.speaking = info, speaking

    async def probe(self, path: Path) -> MediaInfo:
        return self.info

    async def decode(self, path: Path, info: MediaInfo, limits: MediaLimits) -> DecodedSound:
        return DecodedSound(np.zeros(16_000, np.float32), 1.0, ("duration-mismatch",))

    async def other_views(self, path: Path, info: MediaInfo, limits: MediaLimits) -> AsyncIterator[DecodedSound]:
        yield DecodedSound(np.zeros(16_000, np.float32), 1.0)
        yield DecodedSound(np.ones(16_000, np.float32) if self.speaking else np.zeros(16_000, np.float32), 1.0)


class FakeTranscriber:
    """Hears something where the samples are not zero."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []

    async def transcribe(
        self, samples: Samples, *, deadline_s: float, flags: tuple[str, ...] = (), progress: Heard | None = None
    ) -> Transcript:
        self.calls.append(flags)
        if samples.any():
            return Transcript(verdict="doubtful", reasons=flags, text="建议")
        return Transcript(verdict="no-speech", reasons=flags)


async def test_speech_in_one_channel_is_found_and_marked() -> None:
    media, transcriber = FakeMedia(STEREO), FakeTranscriber()
    transcript = await Listener(media, media, transcriber).listen(Path("x"), LIMITS)
    assert transcript.text == "建议"
    assert transcript.reasons == ("duration-mismatch", "speech-hidden-in-one-channel")
    assert len(transcriber.calls) == 3


async def test_silence_on_every_channel_is_no_speech() -> None:
    media = FakeMedia(STEREO, speaking=False)
    transcript = await Listener(media, media, FakeTranscriber()).listen(Path("x"), LIMITS)
    assert (transcript.verdict, transcript.text) == ("no-speech", "")


async def test_a_refused_file_is_never_transcribed() -> None:
    media, transcriber = FakeMedia(MediaInfo(container="mov", duration_s=3.0)), FakeTranscriber()
    with pytest.raises(PermanentError) as raised:
        await Listener(media, media, transcriber).listen(Path("x"), LIMITS)
    assert raised.value.code == "no-audio-track"
    assert transcriber.calls == []


@pytest.mark.parametrize(
    ("rate", "channels", "duration", "code"),
    [
        (1, 1, 3.0, "unsupported-format"),
        (500_000_000, 1, 3.0, "unsupported-format"),
        (16_000, 9, 3.0, "unsupported-format"),
        (16_000, 1, 601.0, "too-long"),
        (16_000, 1, 0.1, "too-short"),
    ],
)
def test_what_a_probe_found_is_refused_before_decoding(rate: int, channels: int, duration: float, code: str) -> None:
    track = AudioTrack(index=0, codec="pcm", rate_hz=rate, channels=channels)
    refused = refusal(MediaInfo(container="wav", duration_s=duration, audio=(track,)), LIMITS)
    assert refused is not None
    assert refused.code == code


def test_an_estimated_or_missing_length_refuses_nothing() -> None:
    assert refusal(STEREO.model_copy(update={"duration_s": 9999.0, "duration_estimated": True}), LIMITS) is None
    assert refusal(STEREO.model_copy(update={"duration_s": None}), LIMITS) is None


def test_lengths_are_compared_in_both_directions() -> None:
    assert lengths_agree(8.0, 8.6)
    assert not lengths_agree(8.0, 3.0)
    assert not lengths_agree(3.0, 8.0)


FACTS = {
    "container": "mov",
    "duration_s": 3723.5,
    "audio": [{"codec": "aac", "rate_hz": 48_000, "channels": 6}],
    "video": [{"codec": "h264", "width": 1920, "height": 1080}],
}


def test_the_facts_of_a_probe_become_media_info() -> None:
    info = read_probe(Outcome(DONE, json.dumps(FACTS).encode(), b"[aac @ 0x1] a complaint", False, 0.1))
    assert (info.container, info.duration_s, info.media_type) == ("mov", 3723.5, "video/mp4")
    assert not info.duration_estimated
    assert [(track.index, track.codec, track.rate_hz, track.channels) for track in info.audio] == [
        (0, "aac", 48_000, 6)
    ]
    assert [(track.width, track.height) for track in info.video] == [(1920, 1080)]


def test_a_guessed_length_is_known_as_such() -> None:
    said = b"[mp3 @ 0x1] Estimating duration from bitrate, this may be inaccurate"
    assert read_probe(Outcome(DONE, json.dumps(FACTS).encode(), said, False, 0.1)).duration_estimated


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome(NOT_OPENED, b"", b"Invalid data", False, 0.1), "not-media"),
        (Outcome(-9, b"", b"", True, 60), "damaged"),
        (Outcome(DONE, b'{"container": "mo', b"", False, 0.1), "damaged"),
    ],
)
def test_what_cannot_be_opened_is_no_media(outcome: Outcome, code: str) -> None:
    with pytest.raises(PermanentError) as raised:
        read_probe(outcome)
    assert raised.value.code == code


def test_a_wav_that_ends_early_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for contents, cut in (
        (wav(16_000, 1, bytes(100)), False),
        (wav(16_000, 1, bytes(100), claimed=200), True),
        (wav(16_000, 1, bytes(100), claimed=0xFFFFFFFF), False),
        (b"RIFF", False),
    ):
        path.write_bytes(contents)
        assert is_cut(path) is cut


def test_errors_ignore_punctuation_and_count_edits() -> None:
    assert errors("建议增加车次。", "建议，增加车次") == (0, 6)
    assert errors("建议增加车次", "建义增加车") == (2, 6)
