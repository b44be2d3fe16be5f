"""A timeline as its page shows it: words, local times, and what the resident can do now."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from intake_web.domain.timeline import Timeline
from intake_web.domain.wording import OUTCOMES, state_text, step_text
from intake_web.routes.site import Reader, Site

SHANGHAI = ZoneInfo("Asia/Shanghai")
STAGES = ("received", "in-review", "assigned", "resolved")
"""The four stations of the progress bar; every state lies at or between them."""
STAGE_OF = {
    "received": 0,
    "transcribing": 0,
    "in-review": 1,
    "accepted": 1,
    "assigned": 2,
    "signed": 2,
    "handling": 2,
    "asked-resident": 2,
    "merged": 2,
    "declined": 3,
    "resolved": 3,
    "withdrawn": 3,
    "closed": 3,
}
LOW_CONFIDENCE = 0.6


def local(moment: datetime) -> str:
    """Time of the district, to the minute."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def view_of(timeline: Timeline, site: Site, reader: Reader) -> dict[str, Any]:
    """What the template needs, in the reader's language."""

    def translate(message: str) -> str:
        return site.text(reader, message)

    return {
        "state": timeline.state,
        "state_text": state_text(timeline.state, translate),
        "stage": STAGE_OF.get(timeline.state, 0),
        "final": timeline.state in ("declined", "resolved", "withdrawn", "closed"),
        "received": local(timeline.received_at) if timeline.received_at else None,
        "number": timeline.number,
        "unit": (timeline.unit or {}).get("name"),
        "due": timeline.due,
        "redirect": timeline.redirect,
        "outcome": translate(OUTCOMES[timeline.outcome]) if timeline.outcome in OUTCOMES else None,
        "answer": timeline.answer,
        "text": timeline.text,
        "transcript": _transcript(timeline),
        **_player(timeline),
        "steps": [
            {"at": local(one.at), "text": step_text(one, translate), "type": one.type}
            for one in reversed(timeline.steps)
        ],
        "notices": [
            {"at": local(one.at), "title": one.data.get("title") or "", "text": one.data.get("text") or ""}
            for one in reversed(timeline.notices)
        ],
    }


def _player(timeline: Timeline) -> dict[str, Any]:
    """What can be played: a video's copy for the web, else the sound; originals are never served."""
    roles = {one.get("role") for one in timeline.media}
    source = "web-copy" if "web-copy" in roles else "audio" if "audio" in roles else None
    player = "video" if source == "web-copy" else "audio" if source else None
    return {
        "player": player,
        "source": source,
        "poster": "poster" in roles,
        "captions": player == "video" and "captions" in roles,
        # An original that could not be decoded gets no copy.
        "copy_to_come": bool(roles) and not player and (timeline.transcript or {}).get("verdict") != "unusable",
    }


def _transcript(timeline: Timeline) -> dict[str, Any] | None:
    heard = timeline.transcript
    if heard is None:
        return None
    return {
        "text": heard["text"],
        "heard": "".join(one["text"] for one in heard.get("segments", [])),
        "verdict": heard["verdict"],
        "settled": bool(heard.get("confirmed") or heard.get("corrected")) and heard.get("by") != "clerk",
        "by_clerk": heard.get("by") == "clerk",
        "segments": [
            {
                "start_s": one["start_s"],
                "end_s": one["end_s"],
                "from": _clock(one["start_s"]),
                "text": one["text"],
                "percent": round(one["confidence"] * 100),
                "unsure": one["confidence"] < LOW_CONFIDENCE,
            }
            for one in heard.get("segments", [])
        ],
    }


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
