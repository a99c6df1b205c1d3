"""Long text messages that come in parts: each is a row until all are there, or until the rest is given up and shown as gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from app import schedule
from app.clock import utcnow
from app.db import json, lock, run
from channels.port import Address, InboundMessage
from channels.sms import keywords
from channels.sms.reassembly import WAIT, Part, groups, join, part_of

JOB = "join_parts"
_NEW = """insert into message_parts (account_id, envelope_id, sender, recipient, part, received_at)
 values (%(account)s, %(envelope)s, %(sender)s, %(recipient)s, %(part)s, %(at)s) returning id"""
_OPEN = """select id, envelope_id, recipient, part, received_at from message_parts
 where account_id = %(account)s and sender = %(sender)s and joined_at is null order by id"""
_JOINED = "update message_parts set joined_at = %(now)s where id = any(%(ids)s)"
_LATE = "select id, account_id, envelope_id, sender, recipient, part, received_at, joined_at from message_parts where id = %(id)s"


def alarm(part_id: int) -> str:
    """Return the key of the timer after which missing parts are given up."""
    return f"parts:{part_id}"


def add(account_id: int, envelope_id: int, inbound: InboundMessage, *, at: datetime) -> InboundMessage | None:
    """Keep a part; returns the whole message once all parts are there."""
    sender = inbound.sender.value
    recipient = inbound.to[0].value if inbound.to else ""
    lock(f"parts:{account_id}:{sender}")
    part_id = run(_NEW, {
        "account": account_id, "envelope": envelope_id, "sender": sender, "recipient": recipient,
        "part": json(inbound.raw["part"]), "at": at,
    }).fetchone().id  # fmt: skip
    whole = _whole(account_id, sender, part_id)
    if whole is None:
        schedule.set_timer(alarm(part_id), at + WAIT, job=JOB, ref=part_id)
    return whole


def late(part_id: int) -> tuple[Any, InboundMessage] | None:
    """Return a part's row with the message as far as it came, when its time is over; None when it was joined meanwhile."""
    schedule.cancel_timer(alarm(part_id))
    row = run(_LATE, {"id": part_id}).fetchone()
    if row is None or row.joined_at is not None:
        return None
    lock(f"parts:{row.account_id}:{row.sender}")
    message = _whole(row.account_id, row.sender, part_id, is_late=True)
    return None if message is None else (row, message)


def _whole(account_id: int, sender: str, part_id: int, *, is_late: bool = False) -> InboundMessage | None:
    rows = list(run(_OPEN, {"account": account_id, "sender": sender}))
    known: dict[int, tuple[Any, Part]] = {}
    for row in rows:
        part = part_of({"part": row.part}, received_at=row.received_at, sender=sender, to=row.recipient)
        if part is not None:
            known[row.id] = (row, part)
    if part_id not in known:
        return None
    own = known[part_id][1]
    group = next(each for each in groups([part for _row, part in known.values()]) if own in each)
    joined = join(group, now=utcnow())
    if joined.missing and not (is_late or joined.is_due):
        return None
    ids = [number for number, (_row, part) in known.items() if part in group]
    run(_JOINED, {"ids": ids, "now": utcnow()})
    for number in ids:
        schedule.cancel_timer(alarm(number))
    return _message(sender, known[ids[0]][0], own, joined.text, joined.missing)


def _message(sender: str, row: Any, part: Part, text: str, missing: tuple[int, ...]) -> InboundMessage:
    problems = (f"parts {', '.join(map(str, missing))} of {part.count} never came",) if missing else ()
    wish = keywords.wish_of(text)
    raw: Mapping[str, Any] = {"wish": wish.value} if wish else {}
    made = InboundMessage(
        f"parts-{row.id}", Address(sender), to=(Address(row.recipient),), text=text, new_text=text, raw=raw
    )
    return replace(made, problems=problems)
