"""What the composer and the timeline of one agent start from: draft, waiting reply, habits, how far the case was read."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from app.db import run, session
from app.errors import Invalid
from app.messaging import drafts
from app.messaging.models import WritingHabit
from app.settings import settings

#: What a timeline shows: everything, the talk with the customer, the steps of the process.
ALL, TALK, STEPS = "all", "talk", "steps"
SHOWN = (ALL, TALK, STEPS)
MAX_UNDO = 120
_DESK = """select d.kind, d.text, d.recipients, d.files, d.seen_message_id, d.updated_at, coalesce(d.is_shared, false) as is_shared, d.mark,
  h.undo_seconds, coalesce(h.shown, 'all') as shown, r.message_id as read_up_to,
  (select coalesce(max(m.id), 0) from messages m where m.case_id = %(case)s) as last_message,
  coalesce((select jsonb_agg(to_jsonb(s)) from (SHARED) s), '[]') as shared,
  (select jsonb_build_object('id', w.id, 'user_id', w.user_id, 'author', w.author, 'text', w.text, 'due_at', w.due_at,
    'is_later', w.is_later, 'recipients', w.recipients, 'files', w.files, 'steps', w.step <> '{}')
   from held_replies w where w.case_id = %(case)s and w.ended_at is null) as waiting
 from (select 1) one
 left join drafts d on d.case_id = %(case)s and d.user_id = %(user)s
 left join writing_habits h on h.user_id = %(user)s
 left join read_marks r on r.case_id = %(case)s and r.user_id = %(user)s""".replace("SHARED", drafts.SHARED)
_MARK = """insert into read_marks (case_id, user_id, message_id) values (%(case)s, %(user)s, %(message)s)
 on conflict (case_id, user_id) do update set message_id = excluded.message_id
 where read_marks.message_id < excluded.message_id"""
_HABIT = "select undo_seconds, shown from writing_habits where user_id = %(user)s"


def desk(case_id: int, user_id: int) -> Any:
    """Return in one row what this agent's page of the case starts from; `kind` is None without a draft."""
    return run(_DESK, {"case": case_id, "user": user_id}).fetchone()


def read_up_to(case_id: int, user_id: int, message_id: int) -> None:
    """Remember that an agent has read a case up to this message; never moves back."""
    run(_MARK, {"case": case_id, "user": user_id, "message": message_id})


def undo_seconds(user_id: int) -> int:
    """Return for how long this agent's replies can be taken back: their own choice, else the desk's."""
    row = run(_HABIT, {"user": user_id}).fetchone()
    return int(row.undo_seconds) if row and row.undo_seconds is not None else settings().undo_seconds


def keep_habits(user_id: int, *, undo: int | None = None, shown: str | None = None) -> None:
    """Keep how an agent writes and what their timelines show; None leaves a habit as it is. Raises Invalid."""
    if undo is not None and not 0 <= undo <= MAX_UNDO:
        raise Invalid("bad_undo", f"Choose 0 to {MAX_UNDO} seconds.", fields={"undo": "out of range"})
    if shown is not None and shown not in SHOWN:
        raise Invalid("bad_filter", f"A timeline shows one of {', '.join(SHOWN)}.", fields={"show": "unknown"})
    given = {key: value for key, value in (("undo_seconds", undo), ("shown", shown)) if value is not None}
    if given:
        values = {"user_id": user_id, "shown": ALL, **given}
        statement = insert(WritingHabit).values(values)
        session().execute(statement.on_conflict_do_update(index_elements=[WritingHabit.user_id], set_=given))
