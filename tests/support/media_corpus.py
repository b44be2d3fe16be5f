"""More than eighty hostile or broken uploads, made on the spot; none is kept in the repository."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import tarfile
import wave
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from intake_media.adapters import ffmpeg

OK = "ok"
REFUSED = frozenset({"not-media", "damaged", "no-audio-track", "unsupported-format", "too-long", "too-short"})
NOT_MEDIA = frozenset({"not-media"})
FLAGGED = frozenset({"damaged-media", "duration-mismatch"})


@dataclass(frozen=True)
class Upload:
    """One file, and what may become of it: codes of a refusal, flags of the decoder, or `ok`."""

    name: str
    contents: bytes
    may: frozenset[str]


class Workshop:
    """Makes the valid files that the broken ones are made of; `victim`: a neighbour's file, `port`: a listener."""

    def __init__(self, room: Path, *, victim: Path, port: int) -> None:
        self._room, self.victim, self.port = room, victim, port
        self._binary = ffmpeg.find()
        self.voice = self._voice()

    def _voice(self) -> Path:
        t = np.arange(8 * 16_000) / 16_000
        sound = 0.3 * np.sin(2 * np.pi * 180 * t) * (1 + np.sin(2 * np.pi * 3 * t)) / 2
        path = self._room / "voice.wav"
        with wave.open(str(path), "wb") as held:
            held.setnchannels(1)
            held.setsampwidth(2)
            held.setframerate(16_000)
            held.writeframes((sound * 32767).astype("<i2").tobytes())
        return path

    def made(self, suffix: str, *options: str, inputs: tuple[str, ...] | None = None) -> bytes:
        """Bytes of what ffmpeg makes of the voice, or of `inputs`."""
        out = self._room / f"made.{suffix}"
        out.unlink(missing_ok=True)
        given = inputs if inputs is not None else ("-i", str(self.voice))
        subprocess.run([self._binary, "-v", "error", "-y", *given, *options, str(out)], check=True, capture_output=True)
        return out.read_bytes()


def corpus(shop: Workshop) -> Iterator[Upload]:
    """All uploads, one at a time."""
    yield from _that_point_elsewhere(shop)
    yield from _that_are_something_else()
    yield from _that_promise_too_much(shop)
    yield from _that_are_cut_or_spoilt(shop)
    yield from _with_odd_sound(shop)


def _that_point_elsewhere(shop: Workshop) -> Iterator[Upload]:
    victim, http = shop.victim, f"http://127.0.0.1:{shop.port}"
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n"
    texts = {
        "ffconcat-relative.mp4": f"ffconcat version 1.0\nfile {victim.name}\n",
        "ffconcat-absolute.wav": f"ffconcat version 1.0\nfile '{victim}'\n",
        "ffconcat-url.mp3": f"ffconcat version 1.0\nfile {http}/a.wav\n",
        "ffconcat-to-hls.mp4": "ffconcat version 1.0\nfile list.m3u8\n",
        "hls-relative.mp4": f"{head}#EXTINF:5,\n{victim.name}\n#EXT-X-ENDLIST\n",
        "hls-absolute.m3u8": f"{head}#EXTINF:5,\nfile://{victim}\n#EXT-X-ENDLIST\n",
        "hls-http.mp4": f"{head}#EXTINF:5,\n{http}/seg.ts\n#EXT-X-ENDLIST\n",
        "hls-http-named-ts.mp4": f"{head}#EXTINF:5,\n{http}/x.mp4\n#EXT-X-ENDLIST\n",
        "hls-never-ends.mp4": f"{head}#EXTINF:5,\n{victim.name}\n",
        "hls-master.mp4": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{http}/sub.m3u8\n",
        "hls-map.mp4": f'{head}#EXT-X-MAP:URI="{victim}"\n#EXTINF:5,\n{victim.name}\n#EXT-X-ENDLIST\n',
        "hls-key.mp4": f'{head}#EXT-X-KEY:METHOD=AES-128,URI="{http}/key"\n#EXTINF:5,\nseg.ts\n#EXT-X-ENDLIST\n',
        "hls-concat-protocol.mp4": f"{head}#EXTINF:5,\nconcat:{victim}|{victim}\n#EXT-X-ENDLIST\n",
        "hls-subfile-protocol.mp4": f"{head}#EXTINF:5,\nsubfile,,start,0,end,9999,,:{victim}\n#EXT-X-ENDLIST\n",
        "hls-passwd.mp4": f"{head}#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        "plain.m3u": f"{victim}\n",
        "dash-local.mp4": _dash(str(victim)),
        "dash-http.mp4": _dash(f"{http}/a.mp4"),
        "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
        "smil.mp4": f'<smil><body><audio src="{http}/a.wav"/></body></smil>',
        "svg.mp4": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{http}/a.png"/></svg>',
        "imagemagick.mvg": f"push graphic-context\nimage over 0,0 0,0 '{http}/x.png'\npop graphic-context\n",
    }
    for name, text in texts.items():
        yield Upload(name, text.encode(), NOT_MEDIA)
    gab2 = b"GAB2\0\x02\0\0\0\0\0" + f"{head}#EXTINF:5,\nfile://{victim}\n".encode()
    yield Upload("hls-in-avi.avi", _riff(b"AVI ", b"LIST" + struct.pack("<I", len(gab2)) + gab2), NOT_MEDIA)
    foreign = shop.made("mov", "-c:a", "pcm_s16le").replace(b"url \0\0\0\1", b"url \0\0\0\0")
    yield Upload("mov-with-foreign-reference.mov", foreign, REFUSED | FLAGGED | {OK})


def _dash(address: str) -> str:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT8S"><Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" '
        f'bandwidth="1"><BaseURL>{address}</BaseURL></Representation></AdaptationSet></Period></MPD>'
    )


def _riff(form: bytes, body: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(body) + 4) + form + body


def _that_are_something_else() -> Iterator[Upload]:
    rng = random.Random(7)
    packed, archive = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as held:
        held.writestr("a.wav", b"\0" * 5_000_000)
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("../../x"))
    others = {
        "empty.wav": b"",
        "one-byte.mp3": b"\xff",
        "zeros.mp4": bytes(1_000_000),
        "random.webm": rng.randbytes(300_000),
        "text.mp4": "我建议在小区门口增加充电桩。".encode() * 50,
        "page.mp3": b"<!doctype html><script>alert(1)</script>",
        "data.ogg": b'{"specversion": "1.0"}',
        "zip.mp4": packed.getvalue(),
        "gzip-bomb.mp4": b"\x1f\x8b\x08\0\0\0\0\0\0\3" + zlib.compress(bytes(9_000_000))[2:-4],
        "tar.wav": archive.getvalue(),
        "program.mp4": b"\x7fELF\2\1\1" + rng.randbytes(4000),
        "document.mp4": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
        "picture.wav": png(64, 64),
        "animation.mp4": b"GIF89a\x40\x1f\x40\x1f\0\0\0;",
        "music.mid": b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0",
        "tone-generator.sbg": b"-SE\n\n# sbagen\nalloff: -\nts: 300+10/20\nNOW ts\n+10:00:00 alloff\n",
        "console.nsf": b"NESM\x1a\1\1\1" + bytes(200),
        "subtitles.mp4": b"1\n00:00:00,000 --> 00:10:00,000\nhello\n\n",
        "riff-without-sound.wav": _riff(b"WAVE", b""),
        "matroska-head-only.webm": bytes.fromhex(
            "1a45dfa39f4286810142f7810142f2810442f381084282847765626d4287810442858102"
        ),
        "ogg-head-only.ogg": b"OggS\0\2" + bytes(21),
        "ftyp-only.mp4": struct.pack(">I4s4sI4s", 24, b"ftyp", b"isom", 512, b"isom") + bytes(4),
    }
    for name, contents in others.items():
        yield Upload(name, contents, REFUSED)


def png(width: int, height: int) -> bytes:
    """A black PNG: kilobytes on disk, gigabytes when decoded."""

    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    body = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", body) + part(b"IEND", b"")


def wav(rate: int, channels: int, data: bytes, *, claimed: int | None = None, bits: int = 16) -> bytes:
    """A WAV with a header that need not be true."""
    claimed = len(data) if claimed is None else claimed
    align = channels * bits // 8
    form = struct.pack("<HHIIHH", 1, channels, rate, (rate * align) & 0xFFFFFFFF, align & 0xFFFF, bits)
    return (
        b"RIFF"
        + struct.pack("<I", (claimed + 36) & 0xFFFFFFFF)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", claimed)
        + data
    )


def _that_promise_too_much(shop: Workshop) -> Iterator[Upload]:
    second = np.zeros(16_000, "<i2").tobytes()
    long = ("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "36000")
    yield Upload("ten-hours-in-a-flac.flac", shop.made("flac", inputs=long), frozenset({"too-long"}))
    yield Upload("eleven-minutes.opus", shop.made("opus", inputs=(*long[:-1], "660")), frozenset({"too-long"}))
    yield Upload("twenty-minutes-live.webm", _live(shop, "1200"), frozenset({"too-long"}))
    yield Upload("claims-500-mhz.wav", wav(500_000_000, 1, second), frozenset({"unsupported-format"}))
    yield Upload("claims-1-hz.wav", wav(1, 1, second), frozenset({"unsupported-format"}))
    yield Upload("claims-200-channels.wav", wav(16_000, 200, second), REFUSED)
    yield Upload("claims-no-channel.wav", wav(16_000, 0, second), REFUSED)
    yield Upload("claims-4-gb.wav", wav(16_000, 1, second, claimed=0xFFFFFF00), REFUSED | FLAGGED | {OK})
    yield Upload("claims-100-seconds.wav", wav(16_000, 1, second * 3, claimed=len(second) * 100), FLAGGED)
    yield Upload("an-instant.wav", wav(16_000, 1, second[:2000]), frozenset({"too-short"}))
    yield Upload("no-samples.wav", wav(16_000, 1, b""), REFUSED)
    mp3 = shop.made("mp3")
    yield Upload("large-cover.mp3", _with_cover(mp3, png(8000, 8000)), FLAGGED | {OK} | REFUSED)
    yield Upload("twenty-covers.mp3", _with_cover(mp3, png(3000, 3000), times=20), FLAGGED | {OK} | REFUSED)
    yield Upload(
        "hundred-thousand-id3-frames.mp3", _id3(b"TXXX\0\0\0\4\0\0\0a\0b" * 100_000) + mp3, FLAGGED | {OK} | REFUSED
    )
    yield Upload("amr-without-sound.amr", b"#!AMR\n" + b"\x7c" * 100_000, REFUSED | FLAGGED | {OK})
    mp4 = shop.made("mp4")
    for table in (b"stsz", b"stts", b"stsc", b"stco"):
        yield Upload(
            f"mp4-claims-80-million-in-{table.decode()}.mp4",
            _claiming(mp4, table, 80_000_000),
            REFUSED | FLAGGED | {OK},
        )
    yield Upload(
        "mp4-box-without-end.mp4", mp4[:32] + b"\0\0\0\1free" + b"\x7f" + b"\xff" * 7 + mp4[32:], REFUSED | FLAGGED
    )
    yield Upload("mp4-thousand-tracks.mp4", _many_tracks(mp4, 1000), REFUSED | FLAGGED | {OK})
    webm = shop.made("webm")
    yield Upload(
        "webm-deep-nesting.webm",
        webm[:200] + b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff" * 5000,
        REFUSED | FLAGGED,
    )
    yield Upload("ogg-chain.ogg", shop.made("ogg")[:6000] * 300, REFUSED | FLAGGED | {OK})
    yield Upload("ts-noise.ts", b"".join(b"\x47" + random.Random(n).randbytes(187) for n in range(4000)), REFUSED)


def _live(shop: Workshop, seconds: str) -> bytes:
    given = ("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", seconds)
    return shop.made("webm", "-f", "webm", "-live", "1", "-b:a", "6k", inputs=given)


def _with_cover(mp3: bytes, picture: bytes, *, times: int = 1) -> bytes:
    frames = b"".join(
        b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body
        for number in range(times)
        for body in [b"\0image/png\0\3" + str(number).encode() + b"\0" + picture]
    )
    return _id3(frames) + mp3[45:] if mp3.startswith(b"ID3") else _id3(frames) + mp3


def _id3(frames: bytes) -> bytes:
    size = len(frames)
    return b"ID3\3\0\0" + bytes([(size >> shift) & 0x7F for shift in (21, 14, 7, 0)]) + frames


def _claiming(mp4: bytes, table: bytes, entries: int) -> bytes:
    at = mp4.index(table) + 8 + (4 if table == b"stsz" else 0)
    return mp4[:at] + struct.pack(">I", entries) + mp4[at + 4 :]


def _many_tracks(mp4: bytes, times: int) -> bytes:
    at = mp4.index(b"trak") - 4
    size = struct.unpack(">I", mp4[at : at + 4])[0]
    moov = mp4.index(b"moov") - 4
    length = struct.unpack(">I", mp4[moov : moov + 4])[0] + size * times
    return (
        mp4[:moov]
        + struct.pack(">I", length)
        + mp4[moov + 4 : at]
        + mp4[at : at + size] * (times + 1)
        + mp4[at + size :]
    )


def _that_are_cut_or_spoilt(shop: Workshop) -> Iterator[Upload]:
    whole = {
        "faststart.mp4": shop.made("mp4", "-movflags", "+faststart"),
        "fragmented.mp4": shop.made("mp4", "-movflags", "+frag_keyframe+empty_moov", "-frag_duration", "500000"),
        "index-last.mp4": shop.made("mp4"),
        "browser.webm": shop.made("webm"),
        "mp3.mp3": shop.made("mp3"),
        "wav.wav": shop.made("wav"),
        "vorbis.ogg": shop.made("ogg"),
        "flac.flac": shop.made("flac"),
        "adts.aac": shop.made("aac"),
        "stream.ts": shop.made("ts"),
    }
    told = {"faststart.mp4", "index-last.mp4", "browser.webm", "mp3.mp3", "wav.wav", "flac.flac"}
    rng = random.Random(11)
    for name, contents in whole.items():
        for share in (3, 7):
            # Formats without a length of their own can't show a cut at a frame: the client's hash of the upload does.
            may = REFUSED | FLAGGED | (frozenset() if name in told else {OK})
            yield Upload(f"cut-at-{share}0-percent-{name}", contents[: len(contents) * share // 10], may)
        spoilt = bytearray(contents)
        for _ in range(len(spoilt) // 200):
            spoilt[rng.randrange(len(spoilt) // 10, len(spoilt))] ^= 1 << rng.randrange(8)
        yield Upload(f"bits-flipped-{name}", bytes(spoilt), REFUSED | FLAGGED | {OK})


def _with_odd_sound(shop: Workshop) -> Iterator[Upload]:
    video = ("-f", "lavfi", "-i", "testsrc=s=160x120:r=5:d=3")
    yield Upload("video-without-sound.mp4", shop.made("mp4", inputs=video), frozenset({"no-audio-track"}))
    speex = shop.made("ogg", "-c:a", "flac")
    yield Upload("unknown-codec-in-ogg.ogg", speex.replace(b"\x7fFLAC", b"\x7fXLAC"), REFUSED)
    yield Upload("true-hd.mkv", shop.made("mkv", "-c:a", "tta"), frozenset({"unsupported-format"}))
    gap = shop.made("mkv", "-af", "asetpts='PTS+gt(T,3)*3600/TB'", "-c:a", "pcm_s16le")
    yield Upload("an-hour-between-two-words.mkv", gap, frozenset({"too-long"}) | FLAGGED)
    secret = ("-metadata", "location=+31.2304+121.4737/", "-metadata", "title=geheim", "-movflags", "use_metadata_tags")
    yield Upload("with-place-and-title.mp4", shop.made("mp4", *secret), frozenset({OK}))
    lie = "x\n  Stream #0:0: Audio: pcm_s16le, 1 Hz, mono\n  Duration: 99:00:00.00"
    yield Upload("metadata-that-imitate-a-report.mkv", shop.made("mkv", "-metadata", f"title={lie}"), frozenset({OK}))
