"""Visitors of a website on the event stream: each hears of one chat alone, from the page that began it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app import crypto
from app.clock import utcnow
from app.errors import Forbidden
from app.realtime import VISITOR

ADMISSION_SECONDS = 30 * 60
#: So long rests a visitor's screen after something was written to it: there is one of them for each chat, and people wait.
REST_SECONDS = 0.05
_PURPOSE = "visitor-stream"


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who may listen to a chat: a browser on a page of this origin, since then."""

    chat_id: int
    origin: str
    at: int


def admission(*, chat_id: int, origin: str) -> str:
    """Return what a visitor's browser shows to hear of its chat."""
    return crypto.sign(_PURPOSE, {"c": chat_id, "o": origin, "a": int(utcnow().timestamp() * 1000)})


def admitted(token: str) -> Admitted | None:
    """Return whom an admission names; None when it is forged or old."""
    try:
        found = crypto.unsign(_PURPOSE, token, max_age=ADMISSION_SECONDS)
    except Forbidden:
        return None
    return Admitted(found["c"], found["o"], found["a"])


def may_hear(chat_id: int, item: dict[str, Any]) -> bool:
    """Tell whether news is for the visitor of this chat: of it alone, or that everything is to be asked for anew."""
    return item["topic"] == "reset" or (item["topic"] == VISITOR and item.get("chat") == chat_id)
