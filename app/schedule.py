"""Durable due times. One table serves BPMN timers, back-off, polls and retention; the clock loop rings what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Identity, Index, delete, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import utcnow
from app.db import Base, later, session


class Timer(Base):
    """A due time: `job` runs with `ref` when it comes. `fence` grows with each claim; a late writer is refused by it."""

    __tablename__ = "timers"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    due_at: Mapped[datetime]
    job: Mapped[str]
    ref: Mapped[int]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0, server_default=text("0"))

    __table_args__ = (
        Index("ix_timers_due", "due_at"),
        Index("ix_timers_job_ref", "job", "ref"),
    )


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A claimed timer."""

    id: int
    key: str
    job: str
    ref: int
    fence: int
    due_at: datetime


_SET = """insert into timers (key, due_at, job, ref, fence) values (%(key)s, %(due_at)s, %(job)s, %(ref)s, 0)
 on conflict (key) do update set due_at = excluded.due_at, job = excluded.job, ref = excluded.ref, lease_until = null,
  fence = timers.fence + 1"""


#: The same as parts of a larger statement, with the values `alarm_key`, `alarm_due`, `alarm_job`, `alarm_ref`.
SET_PART = """alarm as (insert into timers (key, due_at, job, ref, fence)
 values (%(alarm_key)s, %(alarm_due)s, %(alarm_job)s, %(alarm_ref)s, 0)
 on conflict (key) do update set due_at = excluded.due_at, job = excluded.job, ref = excluded.ref, lease_until = null,
  fence = timers.fence + 1)"""
CANCEL_PART = "alarm as (delete from timers where key = %(alarm_key)s)"
_CANCEL = "delete from timers where key = %(key)s"


def set_timer(key: str, due_at: datetime, *, job: str, ref: int) -> None:
    """Make or move the timer `key`; moving it frees it from any claim."""
    later(_SET, {"key": key, "due_at": due_at, "job": job, "ref": ref})


def cancel_timer(key: str) -> None:
    """Remove the timer `key`, if there is one."""
    later(_CANCEL, {"key": key})


def claim_due(*, limit: int, lease_seconds: int) -> list[DueTimer]:
    """Claim timers that are due and not under somebody's live lease, oldest first."""
    now = utcnow()
    free = (Timer.lease_until.is_(None)) | (Timer.lease_until < now)
    wanted = (
        select(Timer.id)
        .where(Timer.due_at <= now, free)
        .order_by(Timer.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("wanted")
    )
    claimed = session().execute(
        update(Timer)
        .where(Timer.id.in_(select(wanted.c.id)))
        .values(lease_until=now + timedelta(seconds=lease_seconds), fence=Timer.fence + 1)
        .returning(Timer.id, Timer.key, Timer.job, Timer.ref, Timer.fence, Timer.due_at)
        .execution_options(synchronize_session=False)
    )
    return [DueTimer(*row) for row in claimed]


def finish(timer_id: int, *, fence: int) -> bool:
    """Delete a claimed timer with its effect; False when the claim was lost meanwhile."""
    done = session().execute(delete(Timer).where(Timer.id == timer_id, Timer.fence == fence).returning(Timer.id))
    return done.first() is not None


def next_due_in() -> float | None:
    """Return seconds until the next unclaimed timer is due (negative: overdue), None without timers."""
    due = session().scalar(select(Timer.due_at).where(Timer.lease_until.is_(None)).order_by(Timer.due_at).limit(1))
    return None if due is None else (due - utcnow()).total_seconds()


def is_due(key: str) -> bool:
    """Tell whether this timer stands and its time has come."""
    due = session().scalar(select(Timer.due_at).where(Timer.key == key))
    return due is not None and due <= utcnow()


def oldest_due() -> datetime | None:
    """Return the earliest due time there is."""
    return session().scalar(select(Timer.due_at).order_by(Timer.due_at).limit(1))
