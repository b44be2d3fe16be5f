"""Generated sound in which nobody says anything: silence, noise, music, machines, crowds, robots."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
Sound = NDArray[np.float32]


def at_level(sound: NDArray[np.floating], dbfs: float) -> Sound:
    """Scaled to an RMS level, clipped to −1…1."""
    rms = float(np.sqrt(np.mean(np.square(sound)))) or 1.0
    return np.clip(sound / rms * 10 ** (dbfs / 20), -1, 1).astype(np.float32)


def coloured(rng: np.random.Generator, seconds: float, slope: float) -> NDArray[np.float64]:
    """Noise with a power spectrum of 1/f^slope: 0 white, 1 pink, 2 brown."""
    n = int(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.fft.rfftfreq(n, 1 / RATE)
    frequency[0] = frequency[1]
    return np.fft.irfft(spectrum / np.maximum(frequency, 20.0) ** (slope / 2), n)


def band(sound: NDArray[np.floating], low: float, high: float) -> NDArray[np.float64]:
    """Only the frequencies from `low` to `high` Hz."""
    spectrum = np.fft.rfft(sound)
    frequency = np.fft.rfftfreq(len(sound), 1 / RATE)
    return np.fft.irfft(np.where((frequency >= low) & (frequency <= high), spectrum, 0), len(sound))


def tone(seconds: float, hertz: float, harmonics: int = 1) -> NDArray[np.float64]:
    """A steady tone with 1/k harmonics."""
    t = np.arange(int(seconds * RATE)) / RATE
    return np.sum([np.sin(2 * np.pi * hertz * k * t) / k for k in range(1, harmonics + 1)], axis=0)


def notes(rng: np.random.Generator, seconds: float, voices: int, beat_s: float) -> NDArray[np.float64]:
    """Plucked notes of a pentatonic scale, `voices` at a time."""
    n, out = int(seconds * RATE), np.zeros(int(seconds * RATE))
    scale = 220 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14, 16]) / 12)
    for at in np.arange(0, seconds - beat_s, beat_s):
        for pitch in rng.choice(scale, voices):
            length = beat_s * 1.5
            t = np.arange(int(length * RATE)) / RATE
            pluck = sum(np.sin(2 * np.pi * pitch * k * t) / k**1.5 for k in range(1, 7)) * np.exp(-3 * t / length)
            start = int(at * RATE)
            out[start : start + len(pluck)] += pluck[: n - start]
    return out


def vowels(rng: np.random.Generator, seconds: float, pitch: float) -> NDArray[np.float64]:
    """A formant voice that strings random vowels together: speech-like, and says nothing."""
    n = int(seconds * RATE)
    t = np.arange(n) / RATE
    drift = pitch * (1 + 0.08 * np.sin(2 * np.pi * 0.6 * t + rng.uniform(0, 6)))
    source = np.sum([np.sin(2 * np.pi * k * np.cumsum(drift) / RATE) / k for k in range(1, 30)], axis=0)
    out, at = np.zeros(n), 0
    table = [(700, 1200), (300, 2300), (350, 800), (500, 1800), (450, 900), (320, 1700)]
    while at < n:
        length = int(rng.uniform(0.08, 0.3) * RATE)
        first, second = table[rng.integers(len(table))]
        piece = source[at : at + length]
        if len(piece) < 200:
            break
        out[at : at + length] = (
            band(piece, first - 120, first + 120) + band(piece, second - 150, second + 150)
        ) * np.hanning(len(piece))
        at += length + int(rng.uniform(0.0, 0.12) * RATE)
    return out


def _events(
    rng: np.random.Generator, seconds: float, a_second: float, piece: NDArray[np.floating]
) -> NDArray[np.float64]:
    out = np.zeros(int(seconds * RATE))
    for at in rng.integers(0, max(1, len(out) - len(piece)), max(1, int(seconds * a_second))):
        out[at : at + len(piece)] += piece * rng.uniform(0.3, 1)
    return out


def nothing_said(seed: int = 1) -> Iterator[tuple[str, Sound]]:
    """More than sixty named sounds of 3–20 s without a word in them."""
    rng = np.random.default_rng(seed)
    yield "digital silence", np.zeros(10 * RATE, np.float32)
    yield "long digital silence", np.zeros(40 * RATE, np.float32)
    for dbfs in (-90, -70, -60):
        yield f"dither at {dbfs} dB", at_level(rng.standard_normal(8 * RATE), dbfs)
    for name, slope in (("white", 0.0), ("pink", 1.0), ("brown", 2.0)):
        for dbfs in (-50, -30, -14):
            yield f"{name} noise at {dbfs} dB", at_level(coloured(rng, 8, slope), dbfs)
    for low, high in ((200, 900), (300, 3400), (2000, 7000)):
        yield f"noise of {low}–{high} Hz", at_level(band(rng.standard_normal(8 * RATE), low, high), -24)
    for hertz in (50, 100):
        yield f"mains hum of {hertz} Hz", at_level(tone(9, hertz, 12), -26)
    for hertz in (220, 440, 1000, 3150):
        yield f"tone of {hertz} Hz", at_level(tone(6, hertz), -20)
    yield "dial tone", at_level(tone(8, 450) * (np.arange(8 * RATE) % (RATE * 2) < RATE), -20)
    t = np.arange(8 * RATE) / RATE
    yield "siren", at_level(np.sin(2 * np.pi * np.cumsum(700 + 300 * np.sin(2 * np.pi * 0.5 * t)) / RATE), -18)
    yield "sweep", at_level(np.sin(2 * np.pi * np.cumsum(np.linspace(80, 7000, 8 * RATE)) / RATE), -20)
    keys = np.concatenate([tone(0.2, low) + tone(0.2, high) for low in (697, 770, 852) for high in (1209, 1336, 1477)])
    yield "telephone keys", at_level(np.tile(keys, 4), -20)
    for voices, beat in ((1, 0.25), (2, 0.4), (3, 0.5), (4, 0.3), (6, 0.6)):
        yield f"music of {voices} voices", at_level(notes(rng, 10, voices, beat), -20)
    yield (
        "music with drums",
        at_level(
            notes(rng, 10, 3, 0.4) + 3 * _events(rng, 10, 4, coloured(rng, 0.12, 1) * np.exp(-np.arange(1920) / 400)),
            -18,
        ),
    )
    yield "organ chord", at_level(tone(8, 261, 8) + tone(8, 329, 8) + tone(8, 392, 8), -20)
    yield (
        "vibrato like singing without words",
        at_level(
            band(
                np.sum(
                    [
                        np.sin(2 * np.pi * k * np.cumsum(300 + 8 * np.sin(2 * np.pi * 5.5 * t)) / RATE) / k
                        for k in range(1, 12)
                    ],
                    axis=0,
                ),
                200,
                3000,
            ),
            -20,
        ),
    )
    for name, speed in (("slow", 0.15), ("busy", 0.6), ("dense", 1.5)):
        rise = 0.3 + np.abs(np.sin(2 * np.pi * speed * np.arange(12 * RATE) / RATE))
        yield f"{name} traffic", at_level(band(coloured(rng, 12, 1.5) * rise, 40, 2500), -20)
    yield "engine", at_level(band(tone(10, 33, 40) * (1 + 0.3 * rng.standard_normal(10 * RATE)), 30, 1500), -20)
    yield "horn", at_level((tone(6, 400, 6) + tone(6, 500, 6)) * (np.arange(6 * RATE) % 24000 < 9000), -16)
    yield (
        "wind",
        at_level(
            band(coloured(rng, 12, 2) * (1 + np.sin(2 * np.pi * 0.3 * np.arange(12 * RATE) / RATE)), 20, 500), -18
        ),
    )
    yield "rain", at_level(_events(rng, 10, 900, rng.standard_normal(60) * np.hanning(60)), -26)
    yield "keyboard", at_level(_events(rng, 8, 6, rng.standard_normal(300) * np.exp(-np.arange(300) / 60)), -34)
    yield "knocks", at_level(_events(rng, 6, 2, tone(0.08, 180) * np.exp(-np.arange(1280) / 250)), -26)
    yield (
        "clapping",
        at_level(_events(rng, 8, 40, band(rng.standard_normal(700), 500, 4000) * np.exp(-np.arange(700) / 120)), -20),
    )
    yield "drill", at_level(tone(8, 96, 30) * (1 + rng.standard_normal(8 * RATE) * 0.5), -16)
    yield (
        "microphone bumps",
        at_level(_events(rng, 6, 1, band(rng.standard_normal(4000), 20, 160) * np.hanning(4000)), -22),
    )
    yield "one click", np.concatenate([np.zeros(RATE), [0.9, -0.9] * 20, np.zeros(3 * RATE)]).astype(np.float32)
    yield (
        "breathing",
        at_level(
            band(rng.standard_normal(10 * RATE), 300, 2500)
            * np.maximum(0, np.sin(2 * np.pi * 0.35 * np.arange(10 * RATE) / RATE)) ** 2,
            -38,
        ),
    )
    yield (
        "birds",
        at_level(
            _events(
                rng,
                8,
                3,
                np.sin(2 * np.pi * np.cumsum(3500 + 900 * np.sin(np.linspace(0, 20, 1600))) / RATE) * np.hanning(1600),
            ),
            -26,
        ),
    )
    yield "radio static", at_level(rng.standard_normal(8 * RATE) * (rng.random(8 * RATE) < 0.1), -20)
    yield "bit crushed noise", np.round(at_level(coloured(rng, 6, 1), -20) * 8).astype(np.float32) / 8
    yield "full scale square wave", np.sign(tone(5, 300)).astype(np.float32)
    yield "constant offset", np.full(6 * RATE, 0.4, np.float32)
    for pitch in (90, 120, 180, 230, 300):
        yield f"formant voice of {pitch} Hz without words", at_level(vowels(rng, 8, pitch), -22)
    for crowd in (4, 8, 16):
        voices = sum(vowels(rng, 10, float(pitch)) for pitch in rng.uniform(85, 280, crowd))
        yield f"babble of {crowd} voices", at_level(voices, -24)


ESPEAK = (
    ("en", "The quick brown fox jumps over the lazy dog and runs into the forest."),
    ("en", "Please build a new bridge across the river near our village."),
    ("de", "Der Müll wird seit drei Tagen nicht mehr abgeholt und riecht schlecht."),
    ("fr", "Bonjour, je voudrais proposer une piste cyclable devant la mairie."),
    ("ru", "Здравствуйте, у нас во дворе давно не работает фонарь."),
    ("es", "Buenos días, la calle está llena de agua cada vez que llueve."),
    ("cmn", "我建议在小区门口增加几个充电桩，现在大家都从楼上拉电线。"),
    ("cmn", "楼下工地晚上十一点还在施工，噪音太大，请管一管。"),
    ("cmn", "建议学校开展课后服务，组织志愿者陪伴辅导。"),
)
"""Robot voices: no resident of the district; even in Mandarin Whisper hears mostly digits in them."""


def robots() -> Iterator[tuple[str, Sound]]:
    """Robot speech in several languages by espeak-ng, which `make system` installs."""
    program = shutil.which("espeak-ng")
    assert program, "the tests need espeak-ng: other languages and robots are part of what must not be invented from"
    for number, (language, text) in enumerate(ESPEAK):
        for speed in (130, 180):
            with tempfile.TemporaryDirectory() as room:
                path = Path(room) / "robot.wav"
                subprocess.run([program, "-v", language, "-s", str(speed), "-w", str(path), text], check=True)
                yield f"robot {language} {number} at {speed}", _read(path)


def _read(path: Path) -> Sound:
    with wave.open(str(path), "rb") as held:
        raw = np.frombuffer(held.readframes(held.getnframes()), "<i2").astype(np.float64) / 32768
        rate = held.getframerate()
    positions = np.arange(0, len(raw) - 1, rate / RATE)
    return np.interp(positions, np.arange(len(raw)), raw).astype(np.float32)


def over(speech: Sound, noise: Sound, snr_db: float) -> Sound:
    """`speech` with `noise` (repeated or cut to its length) beneath, at a ratio of their mean powers."""
    looped = np.resize(noise, len(speech)).astype(np.float64)
    power = np.mean(np.square(speech, dtype=np.float64)) / max(1e-12, float(np.mean(np.square(looped))))
    mixed = speech + looped * np.sqrt(power / 10 ** (snr_db / 10))
    return (mixed / max(1.0, float(np.max(np.abs(mixed))))).astype(np.float32)
