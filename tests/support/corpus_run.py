"""One hostile upload through the real probe and decoder, as upload and worker treat it."""

from __future__ import annotations

import contextlib
import socket
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from intake_media.adapters.decoding import LibavDecoder
from intake_media.adapters.media_reader import MediaReader
from intake_media.adapters.probing import LibavProbe
from intake_media.domain.media import MediaLimits, refusal
from intake_media.domain.sound import Samples
from shared.errors import PermanentError
from tests.support.media_corpus import OK, Upload, Workshop

CANARY_HZ = 3000
LIMITS = MediaLimits()
Where = Literal["upload", "worker", "taken"]


@dataclass(frozen=True)
class Treated:
    """`codes`: of the refusal, flags of the decoder, or `ok`; `where` it was refused, or that it was taken."""

    codes: frozenset[str]
    where: Where
    samples: Samples | None = None

    @property
    def holds_the_neighbours_sound(self) -> bool:
        """Whether the tone of the neighbour's file can be heard in it."""
        if self.samples is None:
            return False
        spectrum = np.abs(np.fft.rfft(self.samples)) ** 2
        frequency = np.fft.rfftfreq(len(self.samples), 1 / 16_000)
        share = spectrum[np.abs(frequency - CANARY_HZ) < 5].sum() / max(1e-9, spectrum.sum())
        return bool(share > 0.2)


@contextlib.contextmanager
def workshop(room: Path) -> Iterator[Workshop]:
    """A workshop with a neighbour's recording beside it and a listening socket; AssertionError if anybody called."""
    victim = room / "victim.wav"
    sound = (0.5 * np.sin(2 * np.pi * CANARY_HZ * np.arange(48_000) / 16_000) * 32767).astype("<i2")
    with wave.open(str(victim), "wb") as held:
        held.setnchannels(1)
        held.setsampwidth(2)
        held.setframerate(16_000)
        held.writeframes(sound.tobytes())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Workshop(room, victim=victim, port=listener.getsockname()[1])
        with contextlib.suppress(BlockingIOError):
            listener.accept()
            raise AssertionError("something called over the network")


async def treat(upload: Upload, path: Path, reader: MediaReader) -> Treated:
    """What becomes of it; `path` is where it is put, under an opaque name."""
    path.write_bytes(upload.contents)
    where: Where = "upload"
    try:
        info = await LibavProbe(reader).probe(path)
        refused = refusal(info, LIMITS)
        if refused is not None:
            return Treated(frozenset({refused.code}), where)
        where = "worker"
        sound = await LibavDecoder(reader).decode(path, info, LIMITS)
    except PermanentError as error:
        return Treated(frozenset({error.code}), where)
    return Treated(frozenset(sound.flags) or frozenset({OK}), "taken", sound.samples)
