"""Whisper's weights with the output words of Chinese only: a tenth of the vocabulary, half of the decoder's work.

The rows of the other words are left out of a copy of the CTranslate2 model; every weight that stays is as it was, and
the transcripts are the same (tests/connected/intake_media). Single bytes stay, so anything can still be spelled.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

import tokenizers

RULE = 2
"""Raised when `_kept` changes, so that an older copy is made anew."""

_BINARY_VERSION = 6
_MAP = "kept.json"


def of_chinese(folder: Path, cache: Path) -> tuple[Path, list[int]]:
    """(Folder of the cut model, original token id of each of its tokens), made once under `cache`.

    ValueError where the model's format is not one that we know; the full model serves as well then.
    """
    stamp = f"{RULE}-{(folder / 'model.bin').stat().st_size}-{folder.resolve()}"
    target = cache / f"{folder.name}-zh-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    if not (target / _MAP).is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".cutting-", dir=cache) as name:
            room = Path(name) / "model"
            room.mkdir()
            _cut(folder, room)
            try:
                room.rename(target)
            except OSError:
                # Another process of ours was faster; its copy is as good.
                if not (target / _MAP).is_file():
                    raise
    return target, json.loads((target / _MAP).read_text())


def _cut(folder: Path, room: Path) -> None:
    words = _read_vocabulary(folder)
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    kept = _kept(tokenizer, len(words))
    place = {old: new for new, old in enumerate(kept)}
    with (folder / "model.bin").open("rb") as source, (room / "model.bin").open("wb") as copy:
        _copy_model(source, copy, kept, len(words))
    config = json.loads((folder / "config.json").read_text())
    for name in ("suppress_ids", "suppress_ids_begin", "lang_ids"):
        if name in config:
            config[name] = [place[old] for old in config[name] if old in place]
    (room / "config.json").write_text(json.dumps(config))
    (room / "vocabulary.json").write_text(
        json.dumps([words[old] for old in kept], ensure_ascii=False), encoding="utf-8"
    )
    shutil.copyfile(folder / "tokenizer.json", room / "tokenizer.json")
    (room / _MAP).write_text(json.dumps(kept))


def _read_vocabulary(folder: Path) -> list[str]:
    listed = folder / "vocabulary.json"
    if listed.is_file():
        return list(json.loads(listed.read_text(encoding="utf-8")))
    return (folder / "vocabulary.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _kept(tokenizer: tokenizers.Tokenizer, size: int) -> list[int]:
    """Ids of bytes, Chinese characters and their parts, digits, punctuation, abbreviations, and all that is special."""
    end_of_text, no_timestamps = (tokenizer.token_to_id(name) for name in ("<|endoftext|>", "<|notimestamps|>"))
    if end_of_text is None or no_timestamps is None:
        raise ValueError("the tokenizer is not Whisper's")
    bytes_of = byte_alphabet()
    kept = []
    # The fast lane writes no time stamps, so the tokens behind the switch that turns them off are left out as well.
    for token in range(min(size, no_timestamps + 1)):
        text = tokenizer.id_to_token(token)
        if token >= end_of_text or text is None or _chinese(bytes(bytes_of[character] for character in text)):
            kept.append(token)
    return kept


def _chinese(raw: bytes) -> bool:
    if len(raw) == 1:
        return True
    if raw.isascii():
        # Abbreviations (APP, LED, CT) as they stand in Chinese text; words of other languages are spelled if need be.
        return not raw.strip(b"0123456789 ,.!?:;%-") or (raw.isalpha() and raw.isupper() and len(raw) <= 3)
    # Whole characters must be Chinese or its punctuation; cut ones may be anything in that part of UTF-8.
    text = raw.decode("utf-8", "ignore")
    if any(not _is_chinese(character) for character in text):
        return False
    return text != "" or all(0x80 <= byte <= 0xBF or 0xE2 <= byte <= 0xE9 or byte == 0xEF for byte in raw)


def _is_chinese(character: str) -> bool:
    code = ord(character)
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0x3000 <= code <= 0x303F
        or 0xFF00 <= code <= 0xFFEF
        or character in "“”‘’—…·℃%‰×÷°£¥"
        or (character.isascii() and (character.isdigit() or character in " ,.!?:;%-"))
    )


@cache
def byte_alphabet() -> dict[str, int]:
    """GPT-2's printable stand-in of every byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + at): byte for at, byte in enumerate(others)}


def _copy_model(source: BinaryIO, copy: BinaryIO, kept: Sequence[int], size: int) -> None:
    """CTranslate2's own layout: header, variables (name, shape, type, bytes), aliases."""

    def number(form: str) -> int:
        raw = source.read(struct.calcsize(form))
        copy.write(raw)
        return int(struct.unpack(form, raw)[0])

    def name() -> str:
        raw = source.read(number("<H"))
        copy.write(raw)
        return raw.rstrip(b"\0").decode()

    if number("<I") != _BINARY_VERSION or name() != "WhisperSpec":
        raise ValueError("not a Whisper model of a known CTranslate2 format")
    number("<I")
    cut = False
    for _ in range(number("<I")):
        variable = name()
        shape = struct.unpack(f"<{(dimensions := number('<B'))}I", source.read(4 * dimensions))
        kind, length = source.read(1), struct.unpack("<I", source.read(4))[0]
        values = source.read(length)
        if variable.startswith(("decoder/embeddings/", "decoder/projection/")) and shape and shape[0] == size:
            row = length // size
            values = b"".join(values[token * row : (token + 1) * row] for token in kept)
            shape, cut = (len(kept), *shape[1:]), True
        copy.write(struct.pack(f"<{dimensions}I", *shape) + kind + struct.pack("<I", len(values)))
        copy.write(values)
    if not cut:
        raise ValueError("no output layer found in the model")
    shutil.copyfileobj(source, copy)
