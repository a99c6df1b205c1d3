"""Who hears of what in a chat: the visitor's browser of lines and signs, agents who see the case of the same."""

from __future__ import annotations

from typing import Any

from app import realtime
from app.db import run
from app.messaging.chats.models import Chat

TOPIC = "chat"
OFFER = "offer"
_AUDIENCE = "select team_id, assignee_id from cases where id = %(case)s"


def tell_visitor(chat_id: int, **facts: Any) -> None:
    """Tell the browsers in which a chat is open, after commit."""
    realtime.publish(realtime.VISITOR, chat=chat_id, **facts)


def tell_user(user_id: int, **facts: Any) -> None:
    """Tell the screens of one colleague that what is offered to them, or whether they are available, has changed."""
    realtime.publish(OFFER, users=[user_id], **facts)


def tell_agents(chat: Chat, **facts: Any) -> None:
    """Tell the screens that show the case of a chat, after commit."""
    row = run(_AUDIENCE, {"case": chat.case_id}).fetchone() if chat.case_id is not None else None
    if row is not None:
        realtime.publish(
            TOPIC, teams=[row.team_id] if row.team_id else [], users=[row.assignee_id] if row.assignee_id else [],
            case=chat.case_id, chat=chat.id, **facts,
        )  # fmt: skip
