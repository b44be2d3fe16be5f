"""The demonstration: four channels, one real input each, followed by events to their outcome and their mail."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
from aiokafka.errors import KafkaError
from ulid import ULID

from minsheng import demo_inputs, records
from minsheng.addresses import Addresses, connection
from minsheng.client import Client, Unreachable, publish_work_order
from minsheng.journeys import Journey, Journeys

CHANNELS = ("text", "voice", "video", "hotline")
TOPICS = ("suggestions", "cases", "notices")


class Demo:
    """One run; `changed` is called whenever a journey has moved."""

    def __init__(self, found: Addresses, folder: Path, changed: Callable[[], None]) -> None:
        self._found = found
        self._folder = folder
        self._changed = changed
        self.run = str(ULID())
        self._journeys = Journeys({channel: demo_inputs.address(self.run, channel) for channel in CHANNELS})
        self.journeys = self._journeys.by_channel

    async def play(self, seconds: float) -> bool:
        """Send and follow; True when every journey ended as it should within the time."""
        watching = asyncio.Event()
        followers = [asyncio.create_task(self._watch(watching)), asyncio.create_task(self._read_mail())]
        try:
            async with asyncio.timeout(seconds):
                await self._first(watching.wait(), *followers)
                await asyncio.gather(*(self._send(journey) for journey in self.journeys.values()))
                while not all(journey.done or journey.problem for journey in self.journeys.values()):
                    self._raise_from(followers)
                    await asyncio.sleep(0.2)
        except TimeoutError:
            for journey in self.journeys.values():
                if not journey.done:
                    journey.problem = journey.problem or f"没有在 {seconds:g} 秒内完成 not finished in time"
            async with httpx2.AsyncClient(timeout=5) as http:
                await self._look_into_inbox(http)  # the last look may be older than the last mail
        finally:
            for task in followers:
                task.cancel()
            await asyncio.gather(*followers, return_exceptions=True)
        self._changed()
        return all(journey.done for journey in self.journeys.values())

    async def _first(self, awaited: Any, *followers: "asyncio.Task[None]") -> None:
        waiter = asyncio.ensure_future(awaited)
        await asyncio.wait({waiter, *followers}, return_when=asyncio.FIRST_COMPLETED)
        self._raise_from(list(followers))

    @staticmethod
    def _raise_from(tasks: "list[asyncio.Task[None]]") -> None:
        for task in tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error

    async def _send(self, journey: Journey) -> None:
        shared = demo_inputs.submission(self.run, journey.channel)
        key = f"demo-{journey.channel}-{self.run}"
        patience = 120.0  # a service that is just being restarted is waited for; the key makes the repeat one
        try:
            async with Client(self._found.web, self._found.media, patience_s=patience) as client:
                if journey.channel == "text":
                    receipt = await client.submit_text({**shared, "text": demo_inputs.TEXT}, key)
                elif journey.channel == "voice":
                    receipt = await client.submit_recording(demo_inputs.VOICE, "voice", shared, key)
                elif journey.channel == "video":
                    file = await asyncio.to_thread(demo_inputs.film, self._folder)
                    receipt = await client.submit_recording(file, "video", shared, key)
                else:
                    order = demo_inputs.work_order(self.run)
                    journey.external_id = order["external_id"]
                    await publish_work_order(connection(self._found.kafka), order)
                    receipt = {}
        except RuntimeError as error:
            journey.problem = str(error)
        else:
            self._journeys.sent(journey, receipt)
        self._changed()

    async def _watch(self, watching: asyncio.Event) -> None:
        """Follow the topics; a broker that went away is read from the beginning, so that nothing is missed."""
        from_beginning = False
        while True:
            try:
                async for seen in self._events(from_beginning, watching):
                    self._journeys.see(seen)
                    self._changed()
            except (KafkaError, Unreachable, OSError) as error:
                if not watching.is_set():
                    raise Unreachable(str(error)) from error
                from_beginning = True
                await asyncio.sleep(1)

    async def _events(self, from_beginning: bool, watching: asyncio.Event) -> AsyncIterator[dict[str, Any]]:
        started = watching.set
        async for record in records.follow(self._found.kafka, TOPICS, from_beginning=from_beginning, started=started):
            yield records.view(record)

    async def _read_mail(self) -> None:
        async with httpx2.AsyncClient(timeout=5) as http:
            while True:
                await self._look_into_inbox(http)
                await asyncio.sleep(0.7)

    async def _look_into_inbox(self, http: httpx2.AsyncClient) -> None:
        try:
            messages = (await http.get(f"{self._found.inbox}/api/messages")).raise_for_status().json()
        except (httpx2.HTTPError, ValueError):
            return  # the sink is being restarted; it keeps what it has taken
        for journey in self.journeys.values():
            got = [str(m["subject"]) for m in messages if journey.mailbox in m["to"]]
            if len(got) > len(journey.subjects):
                journey.subjects = got
                self._changed()
