"""Who hears of what in a chat: the visitor's browser of lines and signs, agents who see the case of the same."""

from __future__ import annotations

from typing import Any

from app import events, realtime
from app.cases import service as cases
from app.cases.models import Case
from app.db import run
from app.events import Event
from app.messaging.chats import visitors
from app.messaging.chats.models import Chat

TOPIC = "chat"
_AUDIENCE = "select team_id, assignee_id from cases where id = %(case)s"
_CHATS = "select id from chats where case_id = %(case)s"


def listen() -> None:
    """Hear of lines that are written to visitors."""
    events.subscribe("message_written", _written)


def _written(event: Event) -> None:
    """An answer lies ready once this transaction has committed: the visitor's browser is told then."""
    kind, _, case_id = event.chain.partition(":")
    if kind == "case" and event.data.get("channel") == "chat":
        for row in run(_CHATS, {"case": int(case_id)}, settled=False).fetchall():
            tell_visitor(row.id, last=event.data["message"])


def arrived(thread_key: str, case: Case, *, interaction_id: int, message_id: int, home_id: int | None) -> None:
    """Tie a chat to the case in which its line was stored, and tell all who look on."""
    chat = visitors.of_thread(thread_key)
    if chat is None:
        return
    visitors.attach(chat, case_id=home_id or case.id, interaction_id=interaction_id)
    tell_visitor(chat.id, last=message_id)
    cases.announce(case, change="line", topic=TOPIC)


def tell_visitor(chat_id: int, **facts: Any) -> None:
    """Tell the browsers in which a chat is open, after commit."""
    realtime.publish(realtime.VISITOR, chat=chat_id, **facts)


def tell_agents(chat: Chat, **facts: Any) -> None:
    """Tell the screens that show the case of a chat, after commit."""
    row = run(_AUDIENCE, {"case": chat.case_id}).fetchone() if chat.case_id is not None else None
    if row is not None:
        realtime.publish(
            TOPIC, teams=[row.team_id] if row.team_id else [], users=[row.assignee_id] if row.assignee_id else [],
            case=chat.case_id, chat=chat.id, **facts,
        )  # fmt: skip
