"""Visitors of a widget: begun, found again by their token, how far their browsers have come, over."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from app.clock import utcnow
from app.contacts import spelling
from app.crypto import new_token, token_digest
from app.db import run, session
from app.errors import Conflict, Forbidden, NotFound
from app.messaging.chats.models import Chat, ChatState
from channels.chat.lines import THREAD

#: For so long after its end a visitor may read the chat again, rate it, and ask for a transcript.
KEPT = timedelta(days=7)
#: A browser that was not heard for so long has left.
HERE = timedelta(seconds=75)
_MARK = """update chats set got_id = greatest(got_id, %(got)s, %(read)s), read_id = greatest(read_id, %(read)s), here_at = %(now)s
 where id = %(id)s returning case_id, got_id, read_id"""
_DELIVERED = """update deliveries d set state = 'delivered' from messages m, chats c
 where c.id = %(id)s and m.case_id = c.case_id and m.id <= %(got)s and m.direction = 'out' and d.message_id = m.id
  and d.account_id = c.account_id and d.state = 'sent'"""
_ATTACH = """update chats set case_id = %(case)s, state = 'open', parts = case when parts @> %(part)s::jsonb then parts
  else parts || %(part)s::jsonb end where id = %(id)s and (case_id is distinct from %(case)s or state = 'new' or not parts @> %(part)s::jsonb)"""
_SEEN = "update chats set seen_id = %(seen)s where case_id = %(case)s and state <> 'ended' and seen_id < %(seen)s returning id"


@dataclass(frozen=True, slots=True)
class Visitor:
    """What is known of a visitor at the beginning. `address` names somebody whom the host's site has signed for."""

    name: str = ""
    email: str = ""
    topic: str = ""
    language: str = ""
    page: str = ""
    address: str = ""


def begin(account_id: int, visitor: Visitor) -> tuple[Chat, str]:
    """Begin a chat; returns it with the token that its visitor's browser keeps."""
    token, now = new_token(), utcnow()
    chat = Chat(
        account_id=account_id, token_digest=token_digest(token), state=ChatState.NEW, here_at=now, created_at=now,
        address=visitor.address or f"visitor-{secrets.token_hex(6)}", is_verified=bool(visitor.address),
        name=spelling.clean_name(visitor.name), email=visitor.email, topic=visitor.topic, language=visitor.language,
        page=visitor.page, parts=[],
    )  # fmt: skip
    session().add(chat)
    session().flush()
    return chat, token


def by_token(account_id: int, token: str) -> Chat:
    """Return the chat of a token; raises Forbidden for one that is unknown, another widget's, or long over."""
    found = session().scalar(select(Chat).where(Chat.token_digest == token_digest(token))) if token else None
    if found is None or found.account_id != account_id or _is_gone(found):
        raise Forbidden("chat_unknown", "This chat is over. Begin a new one.")
    return found


def _is_gone(chat: Chat) -> bool:
    return chat.ended_at is not None and chat.ended_at + KEPT < utcnow()


def get(chat_id: int) -> Chat:
    """Return a chat; raises NotFound."""
    found = session().get(Chat, chat_id)
    if found is None:
        raise NotFound("chat_unknown", "There is no such chat.")
    return found


def of_thread(thread_key: str) -> Chat | None:
    """Return the chat that a message names as its thread."""
    number = thread_key.removeprefix(THREAD)
    return session().get(Chat, int(number)) if thread_key.startswith(THREAD) and number.isdigit() else None


def of_case(case_id: int) -> list[Chat]:
    """Return the chats of a case, newest first."""
    return list(session().scalars(select(Chat).where(Chat.case_id == case_id).order_by(Chat.id.desc())))


def check_open(chat: Chat) -> None:
    """Raise Conflict when a chat is over."""
    if chat.state is ChatState.ENDED:
        raise Conflict("chat_ended", "This chat is over. Begin a new one.")


def attach(chat: Chat, *, case_id: int, interaction_id: int) -> None:
    """Note in which case and interaction the messages of a chat are."""
    if (chat.case_id, chat.state) != (case_id, ChatState.OPEN) or interaction_id not in chat.parts:
        run(_ATTACH, {"id": chat.id, "case": case_id, "part": f"[{interaction_id}]"})
        session().refresh(chat)


def mark(chat: Chat, *, got: int = 0, read: int = 0) -> bool:
    """Note how far the visitor's browser has come, never back; tells whether an agent would see a difference."""
    before = (chat.got_id, chat.read_id)
    newest = max((line_id for line_id in _known(chat)), default=0)
    values = {"id": chat.id, "got": min(got, newest), "read": min(read, newest), "now": utcnow()}
    row = run(_MARK, values).fetchone()
    if row is None or (row.got_id, row.read_id) == before:
        return False
    run(_DELIVERED, {"id": chat.id, "got": row.got_id})
    return True


def _known(chat: Chat) -> Iterable[int]:
    rows = run("select max(id) as id from messages where interaction_id = any(%(parts)s)", {"parts": list(chat.parts)})
    return [row.id for row in rows if row.id is not None]


def note_here(chat: Chat) -> bool:
    """Note that the visitor's browser was heard; tells whether it had been away."""
    now = utcnow()
    was_away = chat.here_at + HERE < now
    if was_away or chat.here_at + HERE / 4 < now:
        run("update chats set here_at = %(now)s where id = %(id)s", {"id": chat.id, "now": now})
    return was_away


def is_here(chat: Chat) -> bool:
    """Tell whether the visitor's browser was heard lately."""
    return chat.state is not ChatState.ENDED and chat.here_at + HERE >= utcnow()


def note_seen(case_id: int, message_id: int) -> list[int]:
    """Note that an agent has looked at a case up to this message; returns the chats whose visitors see that now."""
    return [row.id for row in run(_SEEN, {"case": case_id, "seen": message_id})]


def end(chat: Chat, *, by: str) -> bool:
    """End a chat (`by` visitor, agent, time); False when it was over already."""
    if chat.state is ChatState.ENDED:
        return False
    chat.state, chat.ended_at, chat.ended_by = ChatState.ENDED, utcnow(), by
    session().flush()
    return True
