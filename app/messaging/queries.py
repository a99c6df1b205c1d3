"""Reads of the messaging room: the timeline's messages with their files and deliveries, envelopes that need a look."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.db import run, session
from app.errors import NotFound
from app.messaging.models import Attachment, Delivery, DeliveryState, Envelope, EnvelopeState, Message

PAGE = 30
NEWEST = 2**63 - 1
# xmin and ctid name the version of a row: whatever changes, a move or a receipt, the stamp is another.
_STAMPS = """with m as (select id, created_at, user_id, xmin, ctid from messages where case_id = %(case)s and id < %(before)s
   and id >= %(since)s and (not %(talk)s or direction <> 'note')
  order by id desc limit %(limit)s)
 select m.id, m.created_at, concat_ws(' ', m.xmin, m.ctid, coalesce(d.xmin::text, '-'), coalesce(d.ctid::text, '-'),
  (select string_agg(a.id || ' ' || a.xmin, ' ' order by a.id) from attachments a where a.message_id = m.id)) as stamp, m.user_id
 from m left join deliveries d on d.message_id = m.id order by m.id"""
_LINES = """select m.id, m.direction, m.kind, m.author, m.sender, m.recipients, m.auto, m.created_at, m.text, m.problems,
  case when m.html = '' then m.full_text else '' end as full_text, m.html <> '' as has_html,
  strpos(m.html, 'data-blocked-src') > 0 as has_images, m.reason, m.moved_from, m.cause,
  (select h.number from cases h where h.id = m.home_id) as home,
  d.id as delivery_id, d.state, d.detail, case when d.state = 'queued' and d.reason = 'quiet_hours' then d.due_at end as held_until,
  coalesce(d.outcomes, '{}') as outcomes,
  (select jsonb_agg(jsonb_build_object('id', a.id, 'name', a.name, 'size', a.size) order by a.id)
   from attachments a where a.message_id = m.id) as files
 from messages m left join deliveries d on d.message_id = m.id where m.id = any(%(ids)s)"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message with what hangs on it."""

    message: Message
    files: tuple[Attachment, ...]
    delivery: Delivery | None


@dataclass(frozen=True, slots=True)
class Stamp:
    """A message in a list: when it came, and what tells this version of it, its delivery and its files from any other."""

    id: int
    at: datetime
    stamp: str
    user_id: int | None


def stamps(
    case_id: int, *, before: int | None = None, since: int = 0, talk: bool = False, limit: int = PAGE
) -> list[Stamp]:
    """Return the last messages of a case (older than id `before`, from `since` on), oldest first, without what stands in them.

    `talk`: only what passed between the desk and the customer, no notes.
    """
    asked = {
        "case": case_id,
        "before": NEWEST if before is None else before,
        "since": since,
        "talk": talk,
        "limit": limit,
    }
    rows = run(_STAMPS, asked)
    return [Stamp(*row) for row in rows]


def lines(message_ids: Sequence[int]) -> dict[int, Any]:
    """Return by id what a timeline shows of these messages, with files and delivery, in one statement."""
    return {row.id: row for row in run(_LINES, {"ids": list(message_ids)})} if message_ids else {}


def timeline(case_id: int, *, before: int | None = None, limit: int = PAGE) -> list[Shown]:
    """Return the last messages of a case (older than id `before`), oldest first."""
    query = select(Message).where(Message.case_id == case_id)
    if before is not None:
        query = query.where(Message.id < before)
    messages = list(session().scalars(query.order_by(Message.id.desc()).limit(limit)))[::-1]
    ids = [message.id for message in messages]
    files = _files(ids)
    deliveries = _deliveries(ids)
    return [Shown(m, tuple(files.get(m.id, ())), deliveries.get(m.id)) for m in messages]


def _files(ids: Sequence[int]) -> dict[int, list[Attachment]]:
    found: dict[int, list[Attachment]] = {}
    if ids:
        for row in session().scalars(select(Attachment).where(Attachment.message_id.in_(ids)).order_by(Attachment.id)):
            found.setdefault(row.message_id, []).append(row)
    return found


def _deliveries(ids: Sequence[int]) -> dict[int, Delivery]:
    if not ids:
        return {}
    return {row.message_id: row for row in session().scalars(select(Delivery).where(Delivery.message_id.in_(ids)))}


def get_message(message_id: int) -> Message:
    """Return a message; raises NotFound."""
    message = session().get(Message, message_id)
    if message is None:
        raise NotFound("message_unknown", "There is no such message.")
    return message


def has_failed(message_id: int) -> bool:
    """Tell whether a message that went out did not arrive, and nobody tries any more."""
    row = session().scalar(select(Delivery).where(Delivery.message_id == message_id))
    return row is not None and row.may_send_again


def messages_of(case_id: int, message_ids: Collection[int]) -> tuple[Message, ...]:
    """Return those of these messages that stand on a case, oldest first."""
    wanted = select(Message).where(Message.case_id == case_id, Message.id.in_(message_ids))
    return tuple(session().scalars(wanted.order_by(Message.id)))


def files_of_case(case_id: int) -> list[tuple[Attachment, Message]]:
    """Return all files of a case with their messages, newest first."""
    rows = session().execute(
        select(Attachment, Message)
        .join(Message, Message.id == Attachment.message_id)
        .where(Message.case_id == case_id)
        .order_by(Attachment.id.desc())
        .limit(200)
    )
    return [(row[0], row[1]) for row in rows]


def messages_since(case_id: int, message_id: int) -> list[Message]:
    """Return what stands on a case after a message: what an agent has not seen when the draft began."""
    return list(
        session().scalars(
            select(Message).where(Message.case_id == case_id, Message.id > message_id).order_by(Message.id)
        )
    )


def asks_to_be_read(message: Message) -> bool:
    """Tell whether somebody wrote this, the customer or a colleague: what the desk or their mailbox sends by itself holds up no answer."""
    return message.user_id is not None or message.auto == "none"


def troubled_envelopes(
    *, limit: int = 100, before: int | None = None,
    states: Sequence[EnvelopeState] = (EnvelopeState.FAILED, EnvelopeState.DROPPED),
) -> list[Envelope]:  # fmt: skip
    """Return envelopes that failed or were dropped (older than id `before`), newest first: nothing disappears unseen."""
    query = select(Envelope).where(Envelope.state.in_(states)).order_by(Envelope.id.desc()).limit(limit)
    return list(session().scalars(query if before is None else query.where(Envelope.id < before)))


def get_envelope(envelope_id: int, *, anew: bool = False) -> Envelope:
    """Return an envelope, read `anew` after a change that the session does not know of; raises NotFound."""
    row = session().get(Envelope, envelope_id, populate_existing=anew)
    if row is None:
        raise NotFound("envelope_unknown", "There is no such mail.")
    return row


def troubled_deliveries(*, limit: int = 100) -> list[Delivery]:
    """Return deliveries that failed, bounced or are in doubt, newest first."""
    states = [DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.IN_DOUBT]
    return list(
        session().scalars(select(Delivery).where(Delivery.state.in_(states)).order_by(Delivery.id.desc()).limit(limit))
    )


def files_of_message(message_id: int) -> list[Attachment]:
    """Return the files of a message."""
    return _files([message_id]).get(message_id, [])
