"""When teams and people work: each may have one of the business calendars; somebody without one of their own works as their teams do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app import events
from app.clock import utcnow
from app.db import session
from app.identity.models import TeamMember
from app.sla import service
from app.sla.calendar import CalendarError
from app.sla.models import WorkingHours


def of_team(team_id: int) -> int | None:
    """Return the calendar of a team."""
    return session().scalar(select(WorkingHours.calendar_id).where(WorkingHours.team_id == team_id))


def of_user(user_id: int) -> int | None:
    """Return the calendar that is a person's own."""
    return session().scalar(select(WorkingHours.calendar_id).where(WorkingHours.user_id == user_id))


def set_team(team_id: int, calendar_id: int | None) -> None:
    """Say by which calendar a team works, or by none. Records `working_hours_set` when it differs. Raises NotFound."""
    _set({"team_id": team_id}, of_team(team_id), calendar_id, chain=f"team:{team_id}")


def set_user(user_id: int, calendar_id: int | None) -> None:
    """Say by which calendar a person works, or as their teams do. Records `working_hours_set` when it differs. Raises NotFound."""
    _set({"user_id": user_id}, of_user(user_id), calendar_id, chain=f"user:{user_id}")


def _set(owner: dict[str, int], before: int | None, calendar_id: int | None, *, chain: str) -> None:
    if calendar_id == before:
        return
    name = service.get_calendar(calendar_id).name if calendar_id is not None else "–"
    was = service.get_calendar(before).name if before is not None else "–"
    ((column, owner_id),) = owner.items()
    if calendar_id is None:
        session().execute(delete(WorkingHours).where(getattr(WorkingHours, column) == owner_id))
    else:
        row = insert(WorkingHours).values(calendar_id=calendar_id, **owner)
        session().execute(row.on_conflict_do_update(index_elements=[column], set_={"calendar_id": calendar_id}))
    events.record("working_hours_set", chain=chain, changes={"working_hours": {"from": was, "to": name}})


def back_at(user_ids: Iterable[int], *, at: datetime | None = None) -> dict[int, datetime | None]:
    """Return those of these users who do not work at a time (now), and when they do again; None: their calendars never open.

    All calendars that count for them are closed then. Their own counts alone; without one those of their teams. Who has neither is never off duty.
    """
    wanted, moment = set(user_ids), at or utcnow()
    rows = session().execute(select(WorkingHours.user_id, WorkingHours.team_id, WorkingHours.calendar_id)).all()
    own = {row.user_id: [row.calendar_id] for row in rows if row.user_id is not None}
    by_team = {row.team_id: row.calendar_id for row in rows if row.team_id is not None}
    memberships = select(TeamMember.user_id, TeamMember.team_id).where(TeamMember.team_id.in_(by_team))
    of_teams: dict[int, list[int]] = {}
    for user_id, team_id in session().execute(memberships) if by_team else ():
        of_teams.setdefault(user_id, []).append(by_team[team_id])
    opens = {row.calendar_id: _opens(row.calendar_id, moment) for row in rows}
    counted = {user_id: own.get(user_id) or of_teams.get(user_id, []) for user_id in wanted}
    back = {user_id: [opens[each] for each in found] for user_id, found in counted.items() if found}
    return {
        user_id: min((each for each in found if each), default=None)
        for user_id, found in back.items()
        if moment not in found
    }


def off_duty(user_ids: Iterable[int], *, at: datetime | None = None) -> set[int]:
    """Return those of these users who do not work at a time (now)."""
    return set(back_at(user_ids, at=at))


def _opens(calendar_id: int, moment: datetime) -> datetime | None:
    """Return this moment when the calendar is open then, else when it opens."""
    calendar = service.calendar(calendar_id)
    try:
        return moment if calendar.is_open(moment) else calendar.next_open(moment)
    except CalendarError:
        return None
