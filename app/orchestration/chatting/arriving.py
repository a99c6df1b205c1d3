"""What chats do by themselves when lines come in or go out, and when their case is closed."""

from __future__ import annotations

from app import events
from app.cases import service as cases
from app.cases.models import Case
from app.db import run
from app.events import Event
from app.messaging.chats import visitors
from app.orchestration.chatting import idling, seats, talking
from app.orchestration.chatting.news import TOPIC, tell_visitor

_CHATS = "select id from chats where case_id = %(case)s and state = 'open'"


def listen() -> None:
    """Hear of lines that are written to visitors, and of cases that are closed."""
    events.subscribe("message_written", _written)
    events.subscribe("case_archived", _archived)
    events.subscribe("case_changed", seats.follow_case)


def _written(event: Event) -> None:
    """An answer lies ready once this transaction has committed: the visitor's browser is told then."""
    kind, _, case_id = event.chain.partition(":")
    if kind == "case" and event.data.get("channel") == "chat":
        for row in run(_CHATS, {"case": int(case_id)}, settled=False).fetchall():
            idling.watch(row.id)
            tell_visitor(row.id, last=event.data["message"])


def _archived(event: Event) -> None:
    """What is settled needs no further word: the visitor is asked how it was."""
    for chat in visitors.of_case(int(event.chain.partition(":")[2])):
        talking.end(chat, by="agent")


def arrived(thread_key: str, case: Case, *, interaction_id: int, message_id: int, home_id: int | None) -> None:
    """Tie a chat to the case in which its line was stored, and tell all who look on."""
    chat = visitors.of_thread(thread_key)
    if chat is None:
        return
    visitors.attach(chat, case_id=home_id or case.id, interaction_id=interaction_id)
    idling.watch(chat.id)
    if case.assignee_id is None and chat.waiting_since is None:
        seats.wait(chat)
    tell_visitor(chat.id, last=message_id)
    cases.announce(case, change="line", topic=TOPIC)
