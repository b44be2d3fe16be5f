"""Clerks and units at the desk, residents who mend what was heard; each act bears signs that tell its effect.

Who gets no answer looks at the page first, as people do, and acts again only where the page does not show the act.
Withdrawing is left out: there is no way to it over HTTP.
"""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import httpx2
import yaml

from tests.chaos.promised import Accepted, Deed

ACCOUNTS = Path(__file__).resolve().parents[2] / "deploy/district/accounts.yaml"
CLERKS = ("clerk", "clerk2")
AT_ONCE = 6
"""People who act side by side; where all are busy (an outage), nobody new begins."""
RESIDENTS, TWO_CLERKS, GOING_ON = 0.15, 0.2, 0.5
"""Shares: acts of residents; acts that two clerks do at the same moment on the same page; cases that go on."""
LATER = (429, 500, 502, 503)


def handlers() -> dict[str, str]:
    """Unit → the demo account that answers for it."""
    accounts = yaml.safe_load(ACCOUNTS.read_text("utf-8"))
    return {one["unit"]: one["id"] for one in accounts if one["role"] == "handler"}


class Desk:
    """Demo accounts that sign in when they are asked to."""

    def __init__(self, url: str, clients: dict[str, httpx2.AsyncClient], accepted: Accepted) -> None:
        self._url, self._clients, self._accepted = url, clients, accepted

    async def ask(self, who: str, method: str, path: str, **words: str | int) -> httpx2.Response | None:
        """The answer; None where there was none, or one that says "later"."""
        try:
            answer = await self._call(who, method, path, words)
            if answer.status_code == 401:
                signs = {"account": who, "password": f"linghe-{who}"}
                await self._call(who, "POST", "/login", signs)
                answer = await self._call(who, method, path, words)
        except httpx2.TransportError as error:
            self._accepted.answers[f"desk {type(error).__name__}"] += 1
            return None
        self._accepted.answers[f"desk {answer.status_code}"] += 1
        return None if answer.status_code in (*LATER, 401) else answer

    async def _call(self, who: str, method: str, path: str, words: Any) -> httpx2.Response:
        client = self._clients.setdefault(who, httpx2.AsyncClient(timeout=10))
        return await client.request(method, self._url + path, data=words or None)

    async def case(self, who: str, suggestion_id: str) -> httpx2.Response | None:
        """The case's document; None where nobody answers."""
        return await self.ask(who, "GET", f"/api/v1/cases/{suggestion_id}")


class People:
    """A few acts a second, while the load runs."""

    def __init__(self, *, desk: str, web: str, accepted: Accepted, seed: int, patience_s: float = 240) -> None:
        self._web = web
        self._accepted = accepted
        self._random = random.Random(f"people {seed}")
        self._patience_s = patience_s
        self._clients: dict[str, httpx2.AsyncClient] = {}
        self._desk = Desk(desk, self._clients, accepted)
        self._handlers = handlers()
        self._busy: set[str] = set()
        self._begun: list[str] = []
        self.gave_up: list[str] = []

    async def run(self, load: asyncio.Task[None], *, per_second: float) -> None:
        """Act until the load is through; returns when each act has its answer."""
        if not per_second:
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                while not load.done():
                    await asyncio.sleep(1 / per_second)
                    if len(self._busy) < AT_ONCE and (chosen := self._chosen()):
                        self._busy.add(chosen)
                        tasks.create_task(self._on(chosen))
        finally:
            for client in self._clients.values():
                await client.aclose()

    def _chosen(self) -> str | None:
        """Half of the time a case that somebody had in hand already, so that some reach their end."""
        if self._begun and self._random.random() < GOING_ON:
            chosen = self._random.choice(self._begun)
        elif self._accepted.suggestions:
            chosen = self._random.choice(list(self._accepted.suggestions))
        else:
            return None
        return None if chosen in self._busy else chosen

    async def _on(self, suggestion_id: str) -> None:
        try:
            if self._random.random() < RESIDENTS:
                spoken = [one for one, channel in self._accepted.suggestions.items() if channel in ("voice", "video")]
                free = [one for one in spoken if one not in self._busy]
                if free:
                    self._busy.discard(suggestion_id)
                    suggestion_id = self._random.choice(free)
                    self._busy.add(suggestion_id)
                    await self._correct(suggestion_id)
            else:
                await self._decide(suggestion_id)
        finally:
            self._busy.discard(suggestion_id)

    async def _decide(self, suggestion_id: str) -> None:
        """What a clerk or a unit does with a case as it stands."""
        page = await self._desk.case("clerk", suggestion_id)
        if page is None or page.status_code != 200:
            return  # not there yet, or the desk is away: look at another one
        case = page.json()
        chosen = self._act(case)
        if chosen is None:
            if suggestion_id in self._begun:
                self._begun.remove(suggestion_id)
            return
        who, kind = chosen
        deed = self._deed(suggestion_id, kind)
        if who in CLERKS and kind != "transcript" and self._random.random() < TWO_CLERKS:
            rival = self._deed(suggestion_id, self._random.choice(("assign", "decline")))
            await asyncio.gather(
                self._until_known(CLERKS[0], deed, case, again=False),
                self._until_known(CLERKS[1], rival, case, again=False),
            )
        else:
            await self._until_known(who, deed, case, again=True)
        if suggestion_id not in self._begun:
            self._begun.append(suggestion_id)

    def _act(self, case: dict[str, Any]) -> tuple[str, str] | None:
        """Who does what."""
        state, lot = case["state"], self._random.random()
        if case["suggestion"].get("transcript") and state != "resolved" and lot < 0.3:
            by = (case.get("correction") or {}).get("by")
            if by != "resident":
                return self._random.choice(CLERKS), "transcript"
        unit = (case.get("unit") or {}).get("id")
        if state == "in-review":
            return self._random.choice(CLERKS), "assign" if lot < 0.75 else "decline"
        if state == "assigned" and unit in self._handlers and lot < 0.65:
            return self._handlers[unit], "resolve"
        if state == "assigned":
            return self._random.choice(CLERKS), "assign" if lot < 0.85 else "decline"
        return (self._random.choice(CLERKS), "assign") if state == "declined" and lot < 0.5 else None

    def _deed(self, suggestion_id: str, kind: str) -> Deed:
        deed = Deed(suggestion_id, kind)
        self._accepted.deeds.append(deed)
        return deed

    def _words(self, deed: Deed) -> dict[str, str | int]:
        match deed.kind:
            case "assign":
                return {"unit": self._random.choice(list(self._handlers)), "reason": f"已核实 {deed.mark}"}
            case "decline":
                return {"ground": "R12", "reason": f"内容不清 {deed.mark}"}
            case "resolve":
                return {"outcome": "adopted", "answer": f"已办理，谢谢您的建议。{deed.mark}"}
            case _:
                return {"text": f"录音里说：建议增加充电桩。{deed.mark}"}

    async def _until_known(self, who: str, deed: Deed, case: dict[str, Any], *, again: bool) -> None:
        """Act, and learn whether it happened; `again`: who was slower acts once more on the newer page."""
        path, words = f"/cases/{deed.suggestion_id}/{deed.kind}", self._words(deed)
        began = time.monotonic()
        while time.monotonic() - began < self._patience_s:
            answer = await self._desk.ask(who, "POST", path, version=case["version"], **words)
            if answer is not None and answer.status_code == 303:
                deed.version = case["version"]
                self._accepted.deed(deed)
                return
            page = await self._desk.case(who, deed.suggestion_id)
            while page is None and time.monotonic() - began < self._patience_s:
                await asyncio.sleep(self._random.uniform(1, 3))
                page = await self._desk.case(who, deed.suggestion_id)
            if page is None:
                break
            if deed.mark in page.text:  # it was done, though nobody said so
                self._accepted.deed(deed)
                return
            if page.status_code != 200 or (answer is not None and (answer.status_code != 409 or not again)):
                return  # refused: the case is no longer where this may be done
            case = page.json()
            await asyncio.sleep(self._random.uniform(0.2, 1))
        self.gave_up.append(f"desk: {deed.kind} not answered within {self._patience_s:.0f} s")

    async def _correct(self, suggestion_id: str) -> None:
        """A resident reads what was heard, and puts it right."""
        deed, code = Deed(suggestion_id, "correct"), self._accepted.codes[suggestion_id]
        client = self._clients.setdefault("resident", httpx2.AsyncClient(timeout=10))
        began, tried = time.monotonic(), False
        while time.monotonic() - began < self._patience_s:
            try:
                page = await client.post(f"{self._web}/api/v1/tracking", json={"query_code": code})
                if page.status_code == 200:
                    if deed.mark in page.text:
                        self._accepted.deed(deed)
                        return
                    if not tried and (page.json().get("transcript") or {}).get("confirmed") is not None:
                        return  # somebody has put it right before
                    if "transcript" not in page.json():
                        return  # nothing was heard yet
                    if not tried:
                        self._accepted.deeds.append(deed)
                    tried = True
                    body = {"query_code": code, "text": f"我说的是：请增加充电桩。{deed.mark}"}
                    answer = await client.post(f"{self._web}/api/v1/tracking/correction", json=body)
                    self._accepted.answers[f"correction {answer.status_code}"] += 1
                    if answer.status_code == 202:
                        self._accepted.deed(deed)
                        return
            except httpx2.TransportError as error:
                self._accepted.answers[f"correction {type(error).__name__}"] += 1
            await asyncio.sleep(self._random.uniform(1, 3))
        self.gave_up.append(f"correction not answered within {self._patience_s:.0f} s")
