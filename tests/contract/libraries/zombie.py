"""A consumer that a test freezes: reads one record, then obeys words on stdin.

They are `position`, `commit-plain` and `commit-explicit N`.
"""

from __future__ import annotations

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError


async def main(servers: str, topic: str, group: str) -> None:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6000,
        heartbeat_interval_ms=500,
    )
    await consumer.start()
    record = await consumer.getone()
    print(f"read {record.offset}", flush=True)
    place = TopicPartition(topic, 0)
    while True:
        words = (await asyncio.to_thread(sys.stdin.readline)).split()
        if not words:
            break
        try:
            if words[0] == "commit-explicit":
                await consumer.commit({place: int(words[1])})
            elif words[0] == "commit-plain":
                await consumer.commit()
            elif words[0] == "position":
                print(f"at {await consumer.position(place)}", flush=True)
                continue
        except KafkaError as error:
            print(f"refused {type(error).__name__}", flush=True)
        else:
            print("accepted", flush=True)
    await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
