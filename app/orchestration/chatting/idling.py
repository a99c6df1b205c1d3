"""Chats that nobody goes on with end by themselves; the timer is a row, moved with every line."""

from __future__ import annotations

from datetime import timedelta

from app import schedule
from app.clock import utcnow
from app.messaging.chats import shown, visitors
from app.messaging.chats.models import ChatState
from app.orchestration.chatting import talking

JOB = "chat_idle"
#: So long nobody has said anything, and the visitor has left.
IDLE = timedelta(minutes=30)
#: A visitor who was never answered finds the answer within this time, when they come back.
UNANSWERED = timedelta(hours=24)


def alarm(chat_id: int) -> str:
    """Return the key of a chat's timer."""
    return f"chat:{chat_id}"


def watch(chat_id: int) -> None:
    """Look after a chat once nobody has said anything for a while."""
    schedule.set_timer(alarm(chat_id), utcnow() + IDLE, job=JOB, ref=chat_id)


def look(chat_id: int) -> None:
    """End a chat that nobody goes on with, else look again later. The timer is moved or removed in the same transaction."""
    chat = visitors.get(chat_id)
    if chat.state is not ChatState.OPEN or chat.case_id is None:
        schedule.cancel_timer(alarm(chat_id))
        return
    patience = IDLE if shown.is_answered(chat.case_id) else UNANSWERED
    silent = utcnow() - shown.last_said(chat)
    if silent >= patience and not visitors.is_here(chat):
        schedule.cancel_timer(alarm(chat_id))
        talking.end(chat, by="time")
    else:
        watch(chat_id)
