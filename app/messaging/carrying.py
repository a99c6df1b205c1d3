"""Messages that go along when their case is merged into another, and come back when it is taken out again.

`home_id` remembers whose they are: it is set when a message first stands in a case that is not its own, and by whatever
comes in for a merged case meanwhile. Taking back is exact, in whatever order merges are undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from app.db import outdate, run
from app.messaging.models import Delivery, Message

_BRING = """with moved as (update messages set home_id = coalesce(home_id, case_id), case_id = %(to)s
  where case_id = %(case)s returning id),
 sent as (update deliveries set case_id = %(to)s where message_id in (select id from moved) returning id)
 select id, (select array_agg(id) from sent) as sent from moved order by id"""
_TAKE_BACK = """with moved as (update messages set case_id = %(case)s, home_id = nullif(home_id, %(case)s)
  where case_id = %(origin)s and home_id = any(%(family)s) returning id),
 sent as (update deliveries set case_id = %(case)s where message_id in (select id from moved) returning id)
 select id, (select array_agg(id) from sent) as sent from moved order by id"""
_COUNTS = """select count(*) filter (where direction = 'in') as received, count(*) filter (where direction = 'out') as written,
  count(*) filter (where direction = 'note') as notes from messages where case_id = %(case)s"""
_LAST_IN = """select text, created_at from messages where case_id = %(case)s and direction = 'in'
 order by id desc limit 1"""
_BELONGING = """select count(*) as total, count(*) filter (where created_at > %(since)s) as meanwhile from messages
 where case_id = %(origin)s and home_id = any(%(family)s)"""
_DRAFTS = "select count(*) as drafts from drafts where case_id = %(case)s"


def bring(case_id: int, *, to: int) -> list[int]:
    """Let all messages of a case stand in another one, with their deliveries; returns their ids."""
    return _moved(_BRING, case=case_id, to=to)


def take_back(case_id: int, *, origin: int, family: Sequence[int]) -> list[int]:
    """Bring the messages that belong to a case, or to those merged into it (`family`), back from the case they stand in."""
    return _moved(_TAKE_BACK, case=case_id, origin=origin, family=list(family))


def _moved(statement: LiteralString, **values: object) -> list[int]:
    found = run(statement, values).fetchall()
    for row in found:
        outdate(Message, row.id)
    for delivery_id in (found[0].sent or ()) if found else ():
        outdate(Delivery, delivery_id)
    return [row.id for row in found]


def counts(case_id: int) -> tuple[int, int, int]:
    """Return how many messages of a case came in, went out, and are notes."""
    row = run(_COUNTS, {"case": case_id}).fetchone()
    return int(row.received), int(row.written), int(row.notes)


def belonging(*, origin: int, family: Sequence[int], since: datetime) -> tuple[int, int]:
    """Return how many messages that stand in a case belong to merged ones, and how many of them came after a time."""
    row = run(_BELONGING, {"origin": origin, "family": list(family), "since": since}).fetchone()
    return int(row.total), int(row.meanwhile)


def last_text(case_id: int) -> str:
    """Return the text of the newest message that came in, empty without any."""
    row = run(_LAST_IN, {"case": case_id}).fetchone()
    return " ".join(row.text.split()) if row else ""


def draft_count(case_id: int) -> int:
    """Return how many agents have begun to write on a case."""
    return int(run(_DRAFTS, {"case": case_id}).fetchone().drafts)
