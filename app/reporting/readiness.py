"""Whether the desk can work now, part by part, each with a sentence: for `/readyz` and `flask doctor`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import db, doorbell, schedule
from app.clock import utcnow
from app.messaging import intake

CLOCK_LAG_SECONDS = 30.0
ENVELOPE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """How one part is."""

    part: str
    is_well: bool
    detail: str


def database() -> Finding:
    """Ask the database anything. A connection that broke before is no answer: all is tried again on a new one."""
    try:
        db.transact(lambda: db.session().execute(text("select 1")))
    except SQLAlchemyError as error:
        if db.in_unit_of_work() and db.is_transient(error):
            raise
        return Finding("database", False, f"does not answer ({type(error).__name__})")
    return Finding("database", True, "answers")


def redis() -> Finding:
    """Ask Redis; without it work goes on, but later."""
    try:
        doorbell.impatient().ping()
    except RedisError as error:
        return Finding("redis", False, f"does not answer ({type(error).__name__}); work goes on, some seconds later")
    return Finding("redis", True, "answers")


def clock() -> Finding:
    """Look whether due timers are rung in time: they are not when no clock process runs, or no worker."""
    with db.unit_of_work():
        oldest = schedule.oldest_due()
    late = max(0.0, (utcnow() - oldest).total_seconds()) if oldest else 0.0
    return Finding("clock", late <= CLOCK_LAG_SECONDS, f"the oldest due timer is {late:.1f} s late")


def envelopes() -> Finding:
    """Look whether what came in is worked on."""
    with db.unit_of_work():
        age = intake.oldest_waiting_seconds()
    return Finding("envelopes", age <= ENVELOPE_SECONDS, f"the oldest unprocessed envelope has waited {age:.1f} s")


_IN_DATABASE: tuple[tuple[str, Callable[[], Finding]], ...] = (("clock", clock), ("envelopes", envelopes))


def findings() -> list[Finding]:
    """Check all parts; those that live in the database are not well when it does not answer."""
    found = [database(), redis()]
    for part, check in _IN_DATABASE:
        found.append(check() if found[0].is_well else Finding(part, False, "not known without the database"))
    return found
