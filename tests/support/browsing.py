"""How the tests start Chromium, and the screen of the telephone that most residents hold."""

from __future__ import annotations

from typing import Any

from playwright.async_api import ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
"""A tone instead of a voice, and nobody who has to allow it."""


def chromium(*more: str) -> dict[str, Any]:
    """Arguments of playwright's `launch`, with further flags of the browser."""
    return {"executable_path": "/usr/bin/chromium", "args": ["--no-sandbox", "--disable-gpu", *more]}
