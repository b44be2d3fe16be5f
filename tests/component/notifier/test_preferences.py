"""The preferences page: opened by the link in a mail, without account, without script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from notifier.adapters.letters import Catalogue, template_environment
from notifier.ports import Preference
from notifier.routes.preferences import preference_routes
from shared.runtime.health import Health
from shared.runtime.problems import Problems
from shared.runtime.serve import build_app
from tests.support.notices import FakeWishes


@asynccontextmanager
async def nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
def wishes() -> FakeWishes:
    return FakeWishes()


@pytest.fixture
async def browser(wishes: FakeWishes) -> AsyncIterator[httpx2.AsyncClient]:
    catalogue = Catalogue()
    app = build_app(
        title="t",
        health=Health(),
        registry=CollectorRegistry(),
        lifespan=nothing,
        problems=Problems(catalogue.languages),
    )
    app.include_router(
        preference_routes(
            wishes=wishes,
            environment=template_environment(),
            translate=catalogue.translate,
            district=lambda language: "陵和区" if language == "zh-CN" else "Linghe District",
            base="",
        )
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://t") as client:
        yield client


async def test_the_page_opens_in_chinese_and_changes_nothing(browser: httpx2.AsyncClient, wishes: FakeWishes) -> None:
    answer = await browser.get("/preferences/good")
    assert answer.status_code == 200
    assert "邮件通知设置" in answer.text
    assert wishes.preference == Preference()


async def test_the_page_follows_the_readers_language(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/preferences/good", headers={"Accept-Language": "en"})
    assert "Mails about your suggestions" in answer.text
    assert answer.headers["content-language"] == "en"


async def test_a_form_without_script_turns_mails_off_and_says_so(
    browser: httpx2.AsyncClient, wishes: FakeWishes
) -> None:
    answer = await browser.post("/preferences/good", data={"mails": "off", "language": "zh-CN"}, follow_redirects=True)
    assert wishes.preference == Preference(mails=False, language="zh-CN")
    assert "设置已保存" in answer.text


async def test_one_click_from_a_mail_program_unsubscribes_without_a_redirect(
    browser: httpx2.AsyncClient, wishes: FakeWishes
) -> None:
    answer = await browser.post("/preferences/good/unsubscribe", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert wishes.preference.mails is False


async def test_opening_the_unsubscribe_link_unsubscribes_nobody(
    browser: httpx2.AsyncClient, wishes: FakeWishes
) -> None:
    answer = await browser.get("/preferences/good/unsubscribe")
    assert answer.headers["location"] == "/preferences/good"
    assert wishes.preference.mails is True


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/preferences/forged", "/preferences/forged/unsubscribe"])
async def test_a_forged_link_changes_nothing(browser: httpx2.AsyncClient, method: str, path: str) -> None:
    answer = await browser.request(method, path, data={"mails": "off", "language": "en"} if method == "POST" else None)
    if (method, path) == ("GET", "/preferences/forged/unsubscribe"):
        answer = await browser.get(answer.headers["location"])
    assert answer.status_code == 404
    assert answer.json()["detail"] == "链接无效。"


async def test_an_unknown_language_is_named_in_the_answer(browser: httpx2.AsyncClient) -> None:
    answer = await browser.post("/preferences/good", data={"mails": "on", "language": "xx"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/language"


async def test_the_page_lets_nothing_in_from_outside_and_leaks_no_address(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/preferences/good")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
