"""One decoded track as 16-bit mono samples at 16 kHz. Like `libav_jobs`, in the reading process alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from av.audio.frame import AudioFrame
from av.filter import Graph

RATE_HZ = 16_000
_PIECE = 64 * 1024
"""Written at once: what a pipe holds."""


class MonoSink:
    """Mixes, or takes one channel, and resamples; anew where the sound changes its kind on the way."""

    def __init__(self, channel: int | None, samples: int, write: Callable[[bytearray], None]) -> None:
        self._channel, self._left, self._write = channel, samples, write
        self._held = bytearray()
        self._graph: Graph | None = None
        self._kind: tuple[Any, ...] = ()

    @property
    def full(self) -> bool:
        """Whether it took as many samples as it may."""
        return self._left <= 0

    def take(self, frame: AudioFrame) -> None:
        """The next of the track."""
        kind = (frame.sample_rate, frame.format.name, frame.layout.name)
        if self._graph is None or kind != self._kind:
            self.end()
            self._graph, self._kind = self._built(*kind), kind
        frame.pts = None
        self._graph.push(frame)
        self._pull(self._graph)

    def end(self) -> None:
        """What the resampler still holds."""
        if self._graph is not None and not self.full:
            self._graph.push(None)
            self._pull(self._graph)
        self._graph = None

    def flush(self) -> None:
        """Writes what was gathered."""
        self._write(self._held)
        self._held.clear()

    def _built(self, rate: int, form: str, layout: str) -> Graph:
        graph = Graph()
        graph.threads = 1
        nodes = [graph.add_abuffer(sample_rate=rate, format=form, layout=layout)]
        if self._channel is not None:
            nodes.append(graph.add("channelmap", map=str(self._channel), channel_layout="mono"))
        nodes.append(graph.add("aformat", sample_fmts="s16", channel_layouts="mono", sample_rates=str(RATE_HZ)))
        nodes.append(graph.add("abuffersink"))
        graph.link_nodes(*nodes).configure()
        return graph

    def _pull(self, graph: Graph) -> None:
        while not self.full:
            try:
                frame = cast("AudioFrame", graph.pull())
            except (EOFError, BlockingIOError):
                return
            taken = min(frame.samples, self._left)
            self._left -= taken
            self._held += memoryview(frame.planes[0])[: 2 * taken]
            if len(self._held) >= _PIECE:
                self.flush()
