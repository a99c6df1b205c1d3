"""What a visitor sees of their chat: what they and the desk wrote, never notes, in the order in which it was said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.clock import iso
from app.db import run
from app.errors import NotFound
from app.messaging.chats.models import Chat
from channels.chat.lines import line_id

PAGE = 100
_LINES = """select m.id, m.direction, m.author, m.text, m.created_at, m.user_id, m.rfc_id,
  (select jsonb_agg(jsonb_build_object('id', a.id, 'name', a.name, 'size', a.size) order by a.id)
   from attachments a where a.message_id = m.id) as files
 from messages m where m.interaction_id = any(%(parts)s) and m.direction in ('in', 'out') and m.kind = 'chat'
  and m.id > %(after)s order by m.id limit %(limit)s"""
_LAST_WORD = """select direction, user_id from messages where case_id = %(case)s and direction in ('in', 'out')
 order by id desc limit 1"""
_LAST_AT = """select max(created_at) as at from messages where interaction_id = any(%(parts)s) and direction in ('in', 'out')"""
_FILE = """select a.name, a.media_type, a.digest from attachments a join messages m on m.id = a.message_id
 where a.id = %(file)s and m.interaction_id = any(%(parts)s) and m.direction in ('in', 'out') and m.kind = 'chat'"""


def lines(chat: Chat, *, after: int = 0) -> list[dict[str, Any]]:
    """Return what was said after a message, oldest first; of the visitor's own lines with the id that their browser chose."""
    if not chat.parts:
        return []
    rows = run(_LINES, {"parts": list(chat.parts), "after": after, "limit": PAGE})
    return [_line(chat, row) for row in rows]


def _line(chat: Chat, row: Any) -> dict[str, Any]:
    own = row.direction == "in"
    prefix = line_id(chat.id, "")
    return {
        "id": row.id, "own": own, "text": row.text, "at": iso(row.created_at), "files": row.files or [],
        "from": "" if own or row.user_id is None else row.author,
        "client": row.rfc_id.removeprefix(prefix) if own and (row.rfc_id or "").startswith(prefix) else "",
    }  # fmt: skip


def is_answered(case_id: int) -> bool:
    """Tell whether the last word of a case is a person's of the desk: the customer has not answered it yet."""
    row = run(_LAST_WORD, {"case": case_id}).fetchone()
    return row is not None and row.direction == "out" and row.user_id is not None


def last_said(chat: Chat) -> datetime:
    """Return when something was last said in a chat; when it began, if nothing was."""
    row = run(_LAST_AT, {"parts": list(chat.parts)}).fetchone()
    return row.at if row is not None and row.at is not None else chat.created_at


def file(chat: Chat, file_id: int) -> Any:
    """Return name, type and digest of a file that was sent in this chat; raises NotFound."""
    row = run(_FILE, {"file": file_id, "parts": list(chat.parts)}).fetchone() if chat.parts else None
    if row is None:
        raise NotFound("attachment_unknown", "There is no such file, or it is not for you.")
    return row
