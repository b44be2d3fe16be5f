"""Recordings at the desk on a real Kafka and a real database: copies are noted, a clerk's word comes round once."""

from __future__ import annotations

import httpx2
import pytest
from fastapi import FastAPI

from router.adapters.copy_log import MongoCopies
from shared.contracts.recordings import RecordingCopied
from shared.contracts.suggestions import MediaRef, SuggestionWithdrawn, Transcript
from shared.storage.mongo import Mongo
from tests.support.casework import NOW, SIGNALS, said
from tests.support.infrastructure import Infrastructure
from tests.support.router_house import RouterHouse, until

pytestmark = pytest.mark.connected
SOUND = MediaRef(role="audio", uri="file:///b/audio", sha256="0" * 64, size_bytes=1, media_type="audio/mp4")
BASE = "http://desk.test"


@pytest.fixture
def house(infrastructure: Infrastructure) -> RouterHouse:
    return RouterHouse(infrastructure)


async def corrected_at_desk(app: FastAPI, suggestion: str, text: str) -> None:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url=BASE, headers={"accept": "text/html"}
    ) as clerk:
        await clerk.post("/login", data={"account": "clerk", "password": "linghe-clerk"})
        version = (await clerk.get(f"/api/v1/cases/{suggestion}")).json()["version"]
        answer = await clerk.post(f"/cases/{suggestion}/transcript", data={"version": version, "text": text})
        assert answer.status_code == 303, answer.text


async def test_a_clerks_correction_goes_out_once_and_changes_nothing_when_it_comes_round(house: RouterHouse) -> None:
    voice = said("学校门口没有红滤灯", channel="voice", transcript=Transcript(verdict="doubtful"), media=[SOUND])
    suggestion = voice.suggestion_id

    async def opened() -> bool:
        return await house.cases().find_one({"_id": suggestion}) is not None

    async def withdrawn() -> bool:
        document = await house.cases().find_one({"_id": suggestion})
        return document is not None and document["history"][-1]["action"] == "withdrawn"

    async with house.running() as app:
        await house.publish(voice)
        await until(opened)
        await corrected_at_desk(app, suggestion, SIGNALS)
        events = await house.told([suggestion], 3)
        assert [one.type for one in events] == ["case.review-requested.v1", "case.accepted.v1", "case.assigned.v1"]
        # What the resident does next comes after the echo on the same partition.
        await until(lambda: _published(house, suggestion))
        await house.publish(SuggestionWithdrawn(suggestion_id=suggestion, withdrawn_at=NOW))
        await until(withdrawn)
    document = await house.cases().find_one({"_id": suggestion})
    assert document is not None
    assert [one["action"] for one in document["history"]] == ["opened", "corrected", "reconsidered", "withdrawn"]
    assert [one["type"] for one in document["outbox"]].count("suggestion.corrected.v1") == 1


async def _published(house: RouterHouse, suggestion: str) -> bool:
    return await house.cases().count_documents({"_id": suggestion, "outbox_next_at": {"$exists": False}}) == 1


async def test_a_copy_is_noted_though_its_case_is_not_there_yet(house: RouterHouse) -> None:
    suggestion = said().suggestion_id
    copied = RecordingCopied(suggestion_id=suggestion, recording_id=suggestion, channel="voice", media=[SOUND])
    copies = MongoCopies(Mongo(house.infrastructure.mongo_uri, prefix=house.prefix).database("router")["copies"])

    async def noted() -> bool:
        return bool(await copies.of(suggestion))

    async with house.running():
        [entry] = await house.publish(copied)
        await house.publish(entry)
        await until(noted)
    assert await copies.of(suggestion) == [SOUND]
