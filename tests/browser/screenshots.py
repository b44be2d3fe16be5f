"""`make screenshots`: the README's pictures, taken from a running stack (`make up` in another terminal)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx2
from playwright.sync_api import Page, sync_playwright

from tests.support.browsing import MICROPHONE, chromium

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "deploy" / "pictures"
LIMIT = 100_000
TEXT = "小学门口没有红绿灯，上学放学的时候车很多，孩子过马路很危险，建议安装信号灯。"


def addresses() -> dict[str, str]:
    """Where the services of the running stack are."""
    command = [str(Path(sys.executable).with_name("minsheng")), "status", "--json"]
    status = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {service["name"]: service["url"] for service in status["services"] if service["url"]}


def shoot(page: Page, name: str) -> None:
    """Keep what the window shows; a repository is no place for big pictures."""
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size // 1000} kB")
    if size >= LIMIT:
        raise SystemExit(f"{path.name} has {size} bytes; it must stay below {LIMIT}")


def main() -> int:
    """Send a voice note and a text, then look at the four pages."""
    urls = addresses()
    web, media, desk = urls["intake-web"], urls["intake-media"], urls["router"]
    note = next((ROOT / "deploy/local/src/minsheng/demo_media").glob("xuexiao*"))
    with note.open("rb") as file:
        answer = httpx2.post(
            f"{media}/api/v1/recordings",
            files={"file": (note.name, file, "audio/ogg")},
            data={"channel": "voice", "submission": "{}"},
        )
    receipt = answer.raise_for_status().json()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(**chromium(*MICROPHONE))
        page = browser.new_page(viewport={"width": 900, "height": 720}, locale="zh-CN")
        page.goto(f"{web}/write")
        page.locator("textarea[name=text]").fill(TEXT)
        shoot(page, "write")
        page.goto(f"{web}/voice")
        shoot(page, "voice")
        time.sleep(6)  # the note is transcribed, routed and told meanwhile
        page.goto(receipt["tracking_url"])
        shoot(page, "tracking")
        page.goto(f"{desk}/login")
        page.locator("input[name=account]").fill("clerk")
        page.locator("input[name=password]").fill("linghe-clerk")
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url(lambda url: "login" not in url)
        page.goto(f"{desk}/cases/{receipt['suggestion_id']}")
        shoot(page, "desk")
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
