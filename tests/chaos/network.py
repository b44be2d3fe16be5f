"""The network between the services and their broker and database: `ChaosProxy`s in a process of their own.

Run as `python -m tests.chaos.network kafka:PORT:TARGET mongo:PORT:TARGET`; each line on stdin is an act as JSON, its
end ends it. A process of its own, so that the load and the checker never slow the links that must be fast.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from dataclasses import dataclass
from typing import Any

from tests.support.chaos_proxy import ChaosProxy


@dataclass(frozen=True)
class Link:
    """One way of the house to the outside: where it listens, where it leads."""

    name: str
    port: int
    target: int

    @classmethod
    def parse(cls, text: str) -> Link:
        name, port, target = text.split(":")
        return cls(name, int(port), int(target))

    def __str__(self) -> str:
        return f"{self.name}:{self.port}:{self.target}"


class Network:
    """The proxies' process as the campaign sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, links: list[Link]) -> Network:
        """Returns when every link is open."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.chaos.network",
            *map(str, links),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C ends the campaign first, and the links when all behind them is down
        )
        assert process.stdout is not None
        if (await process.stdout.readline()).strip() != b"open":
            raise RuntimeError("the network of the campaign did not come up")
        return cls(process)

    async def tell(self, link: str, act: str, **values: Any) -> None:
        """`slow` (latency_s, slice_bytes), `reset`, `silence` or `heal` one link."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"link": link, "act": act, **values}).encode() + b"\n")
        await self._process.stdin.drain()

    async def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


def _act(proxy: ChaosProxy, act: str, *, latency_s: float = 0.0, slice_bytes: int = 65_536) -> None:
    if act == "slow":
        proxy.latency_s, proxy.slice_bytes = latency_s, slice_bytes
    elif act in ("reset", "silence", "heal"):
        getattr(proxy, act)()
    else:
        raise ValueError(f"no such act: {act}")


async def serve(links: list[Link]) -> None:
    """Forward until stdin ends."""
    proxies = {link.name: ChaosProxy(link.target) for link in links}
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with contextlib.AsyncExitStack() as opened:
        for link in links:
            await opened.enter_async_context(proxies[link.name].listening(link.port))
        print("open", flush=True)
        while line := await lines.readline():
            order = json.loads(line)
            _act(proxies[order.pop("link")], **order)


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve([Link.parse(text) for text in sys.argv[1:]]))
