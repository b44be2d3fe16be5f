"""The bare references: the least that could do the job, without any of its promises."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import BaseModel
from ulid import ULID


class Body(BaseModel):
    """What the reference validates and keeps: the same body, nothing else."""

    text: str
    kind: str = "everyday"
    identity: str = "anonymous"
    town: str | None = None
    received_at: datetime | None = None


def endpoint() -> FastAPI:
    """FastAPI and one acknowledged insert into a collection with two secondary indexes."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        os.environ["MONGODB_URI"], w="majority", journal=True
    )
    collection = client["bare"]["accepted"]

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await collection.create_index("received_at")
        await collection.create_index("town")
        yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/accept", status_code=202)
    async def accept(body: Body) -> dict[str, str]:
        identity = str(ULID())
        document = {"_id": identity, **body.model_dump(), "received_at": datetime.now(UTC)}
        await collection.insert_one(document)
        return {"id": identity}

    return app


async def produce(kafka: str, topic: str, total: int) -> float:
    """Records a second, acks=all, gathered by a hundred."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    value = json.dumps({"text": "建议增加充电桩。" * 8}, ensure_ascii=False).encode()
    began = time.perf_counter()
    for _ in range(total // 100):
        await asyncio.gather(*[await producer.send(topic, value, key=str(ULID()).encode()) for _ in range(100)])
    seconds = time.perf_counter() - began
    await producer.stop()
    return total / seconds


async def consume(kafka: str, mongo_uri: str, topic: str, total: int) -> float:
    """Records a second: aiokafka's consumer, JSON, one acknowledged insert each, a commit per fetch."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo_uri, w="majority", journal=True)
    collection = client["bare"][f"routed{time.monotonic_ns()}"]
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka,
        group_id=f"bare{time.monotonic_ns()}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    done, began = 0, 0.0
    try:
        while done < total:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=200)).values():
                began = began or time.perf_counter()
                for record in records:
                    data = json.loads(record.value)
                    await collection.insert_one({"_id": str(ULID()), "text": data["text"]})
                    done += 1
                await consumer.commit({TopicPartition(record.topic, record.partition): record.offset + 1})
    finally:
        seconds = time.perf_counter() - began
        await consumer.stop()
        client.close()
    return done / seconds


if __name__ == "__main__":
    uvicorn.run(endpoint(), port=int(os.environ["BARE_PORT"]), log_level="warning", access_log=False)
