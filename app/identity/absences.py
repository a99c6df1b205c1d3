"""When people are away, and who stands in for them. Each absence is on its person's record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app import events
from app.clock import utcnow
from app.db import known, run, session, unlearn
from app.errors import Conflict, Invalid, NotFound
from app.identity import queries
from app.identity.models import Absence

KINDS = ("vacation", "sick", "training", "other")
LONGEST = timedelta(days=400)
MAX_SHOWN = 50
_AWAY = "select user_id, kind, until_on, stand_in_id from absences where begins_at <= %(now)s and ends_at > %(now)s"
_KEY = ("who is away",)


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody who is away now: until which day, and who stands in."""

    user_id: int
    kind: str
    until: date
    stand_in_id: int | None


@dataclass(frozen=True, slots=True)
class Wish:
    """An absence as it is given: whole days, the last one included."""

    kind: str
    first: str
    last: str
    stand_in_id: int | None = None


def of_user(user_id: int) -> list[Absence]:
    """Return the absences of a user that are not over, the next one first."""
    wanted = select(Absence).where(Absence.user_id == user_id, Absence.ends_at > utcnow())
    return list(session().scalars(wanted.order_by(Absence.begins_at).limit(MAX_SHOWN)))


def away_now() -> dict[int, Away]:
    """Return who is away at this moment, by id; read once in a unit of work."""
    return known(_KEY, lambda: {row.user_id: Away(*row) for row in run(_AWAY, {"now": utcnow()})})


def with_stand_ins(user_ids: Iterable[int]) -> list[int]:
    """Return these users, and who stands in for those of them that are away."""
    wanted, away = set(user_ids), away_now()
    found = set(wanted)
    for user_id in wanted:
        gone = away.get(user_id)
        if gone is not None and gone.stand_in_id is not None:
            found.add(gone.stand_in_id)
    return sorted(found)


def add(user_id: int, wish: Wish, *, zone: ZoneInfo) -> Absence:
    """Note an absence; its days begin and end in `zone`. Records `absence_added`. Raises NotFound, Invalid, Conflict."""
    user, (first, last) = queries.get_user(user_id), _days(wish)
    if wish.kind not in KINDS:
        raise Invalid("bad_choice", f"The kind is one of {', '.join(KINDS)}.", fields={"kind": "unknown"})
    _check_stand_in(user.id, wish.stand_in_id)
    begins = datetime.combine(first, time.min, zone)
    ends = datetime.combine(last + timedelta(days=1), time.min, zone)
    other = select(Absence.id).where(Absence.user_id == user_id, Absence.begins_at < ends, Absence.ends_at > begins)
    if session().scalar(other.limit(1)) is not None:
        raise Conflict("absence_overlaps", "There is an absence in these days already.", fields={"first": "taken"})
    row = Absence(
        user_id=user_id, kind=wish.kind, from_on=first, until_on=last, begins_at=begins, ends_at=ends,
        stand_in_id=wish.stand_in_id,
    )  # fmt: skip
    session().add(row)
    session().flush()
    unlearn(_KEY)
    events.record(
        "absence_added", chain=f"user:{user_id}", absence=row.id, absence_kind=wish.kind, first=first.isoformat(),
        last=last.isoformat(), stand_in=wish.stand_in_id,
    )  # fmt: skip
    return row


def _days(wish: Wish) -> tuple[date, date]:
    try:
        first, last = date.fromisoformat(wish.first.strip()), date.fromisoformat(wish.last.strip())
    except ValueError:
        raise Invalid("bad_date", "Write dates as 2026-12-24.", fields={"first": "a date", "last": "a date"}) from None
    if not timedelta(0) <= last - first <= LONGEST or not 2000 <= first.year <= 9000:
        raise Invalid(
            "bad_date",
            "The last day is not before the first, and at most 400 days later.",
            fields={"last": "not usable"},
        )
    return first, last


def _check_stand_in(user_id: int, stand_in_id: int | None) -> None:
    if stand_in_id is None:
        return
    if stand_in_id == user_id or not queries.get_user(stand_in_id).is_active:
        raise Invalid(
            "bad_stand_in", "Choose a colleague who is active to stand in.", fields={"stand_in": "not possible"}
        )


def remove(user_id: int, absence_id: int) -> None:
    """Take an absence of a user away. Records `absence_removed`. Raises NotFound."""
    row = session().get(Absence, absence_id)
    if row is None or row.user_id != user_id:
        raise NotFound("absence_unknown", "There is no such absence.")
    events.record("absence_removed", chain=f"user:{user_id}", absence=row.id, first=row.from_on.isoformat())
    session().delete(row)
    session().flush()
    unlearn(_KEY)
