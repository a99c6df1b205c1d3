"""Replies that wait: each is a row and a timer, so that what was promised goes out, or comes back, whatever dies meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app import events, schedule
from app.clock import utcnow
from app.db import session
from app.errors import NotFound
from app.messaging import drafts
from app.messaging.models import HeldReply

JOB = "send_reply"


def alarm(held_id: int) -> str:
    """Return the key of the timer that lets a reply go."""
    return f"reply:{held_id}"


def add(
    case_id: int, *, user_id: int, author: str, text: str, recipients: Mapping[str, Any], subject: str,
    files: Sequence[Mapping[str, Any]], due_at: datetime, is_later: bool, step: Mapping[str, Any], writers: Sequence[int] = (),
) -> HeldReply:  # fmt: skip
    """Write a reply that is to go out at `due_at`, with its timer, and why it does. The case is locked and nothing else waits on it."""
    row = HeldReply(
        case_id=case_id, user_id=user_id, author=author, text=text, recipients=dict(recipients), subject=subject,
        files=list(files), seen_message_id=drafts.last_message_id(case_id), due_at=due_at, is_later=is_later,
        step=dict(step), writers=list(writers), cause=dict(events.current_cause()), created_at=utcnow(),
    )  # fmt: skip
    session().add(row)
    session().flush()
    schedule.set_timer(alarm(row.id), due_at, job=JOB, ref=row.id)
    return row


def get(held_id: int) -> HeldReply:
    """Return a held reply; raises NotFound."""
    row = session().get(HeldReply, held_id)
    if row is None:
        raise NotFound("held_unknown", "There is no such reply.")
    return row


def again(held_id: int) -> HeldReply:
    """Return it as it stands now, once its case is locked."""
    found = session().get(HeldReply, held_id, populate_existing=True)
    if found is None:
        raise NotFound("held_unknown", "There is no such reply.")
    return found


def waiting(case_id: int) -> HeldReply | None:
    """Return the reply that waits on a case."""
    query = select(HeldReply).where(HeldReply.case_id == case_id, HeldReply.ended_at.is_(None))
    return session().scalar(query.execution_options(populate_existing=True))


def hurry(row: HeldReply) -> None:
    """Let a waiting reply go now."""
    row.due_at = utcnow()
    session().flush()
    schedule.set_timer(alarm(row.id), row.due_at, job=JOB, ref=row.id)


def end(row: HeldReply, *, outcome: str, message_id: int | None = None, problem: str = "") -> None:
    """End the wait: it went out, or it did not; its timer goes in the same transaction."""
    row.ended_at, row.outcome, row.message_id, row.problem = utcnow(), outcome, message_id, problem[:500]
    session().flush()
    schedule.cancel_timer(alarm(row.id))


def to_draft(row: HeldReply, *, case_id: int) -> None:
    """Give the words back to their writer, in front of what they have begun to write since on that case."""
    recipients: dict[str, Any] = {
        key: [address for address, _name in row.recipients.get(key, ())] for key in ("to", "cc")
    }
    if channel := row.recipients.get("channel", ""):
        recipients |= {"to": [], "channel": channel, "number": next(iter(recipients["to"]), "")}
    drafts.put_back(
        case_id, row.user_id, text=row.text, files=row.files, seen_message_id=row.seen_message_id, writers=row.writers,
        recipients=recipients,
    )  # fmt: skip
