"""A TCP proxy that makes the network bad on request: slow, sliced, resetting, silent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class ChaosProxy:
    """Forwards a port to another. Its fields may be changed while connections are open."""

    def __init__(self, target: int, *, host: str = "127.0.0.1") -> None:
        self._host = host
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.latency_s = 0.0
        """Added to every piece, in each direction."""
        self.slice_bytes = 65_536
        """The largest piece that goes out at once."""
        self.refuse = False
        """New connections are closed at once."""
        self.connections = 0
        """How many were made so far."""

    @contextlib.asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator[int]:
        """Forward while the block lasts; gives the port."""
        server = await asyncio.start_server(self._accept, self._host, port)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            self.reset()
            for pump in self._pumps:
                pump.cancel()
            await asyncio.gather(*self._pumps, return_exceptions=True)

    def reset(self) -> None:
        """Every open connection breaks at once, without a farewell."""
        for writer in self._writers:
            writer.transport.abort()

    def silence(self) -> None:
        """Nothing gets through any more, and nobody is told (a link that is down)."""
        self._open.clear()

    def heal(self) -> None:
        """As good as new; what was held back by the silence is delivered."""
        self.latency_s, self.slice_bytes, self.refuse = 0.0, 65_536, False
        self._open.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refuse:
            writer.transport.abort()
            return
        try:
            onward_reader, onward_writer = await asyncio.open_connection(self._host, self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, onward_writer}
        for source, sink in ((reader, onward_writer), (onward_reader, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(self.slice_bytes):
                if self.latency_s:
                    await asyncio.sleep(self.latency_s)
                await self._open.wait()
                if sink.is_closing():  # reset meanwhile
                    break
                sink.write(piece)
                await sink.drain()
        self._writers.discard(sink)
        sink.close()
