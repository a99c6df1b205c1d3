"""API: business calendars and queues, for administrators."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from flask import Blueprint
from pydantic import Field

from app.clock import utcnow
from app.errors import Invalid
from app.identity import policy, queries
from app.routing import service as routing
from app.routing.models import Queue
from app.sla import service as sla
from app.sla.calendar import CalendarError
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if

blueprint = Blueprint("api_calendars", __name__)
administers = allow_if(policy.may_manage_calendars)
keeps_queues = allow_if(policy.may_manage_queues)
TAG = "calendars"
MAX_DAYS = 2000
Span = Annotated[str, Field(max_length=20)]
Day = Annotated[str, Field(max_length=10)]
Hours = Annotated[list[Span], Field(max_length=24)]
DayName = Annotated[str, Field(max_length=120)]
VERSION = "What you have read; 409 when somebody has changed it since. Without it the last one wins."
HOURS = (
    "Spans of the wall clock, several a day if you like; 00:00-24:00 is a whole day. Split a night shift at midnight."
)


class NewCalendar(In):
    """A calendar. Time limits that run keep their due times; those that begin later, or are counted again, use what is given."""

    key: str = Field(max_length=60, description="A key that exists is changed.", examples=["business"])
    name: str = Field(max_length=120)
    timezone: str = Field(min_length=1, max_length=64, examples=["Europe/Berlin"])
    weekly: dict[str, Hours] = Field(
        max_length=7, description=f"Opening hours of mon to sun. {HOURS}",
        examples=[{"mon": ["09:00-12:00", "13:00-18:00"]}],
    )  # fmt: skip
    holidays: list[Day] = Field(default_factory=list, max_length=MAX_DAYS, description="Closed dates.")
    extra_days: dict[str, Hours] = Field(
        default_factory=dict, max_length=MAX_DAYS,
        description="Dates with hours of their own in place of the week's; they win over holidays.",
    )  # fmt: skip
    day_names: dict[str, DayName] | None = Field(
        None, max_length=MAX_DAYS, description="Names of those dates. Without it, dates keep the names they have."
    )
    version: int | None = Field(None, description=VERSION)


class CalendarRow(Out):
    """A calendar."""

    id: int
    key: str
    name: str
    timezone: str
    weekly: dict[str, list[str]]
    holidays: list[str]
    extra_days: dict[str, list[str]]
    day_names: dict[str, str]
    version: int


class CalendarPage(Out):
    """All calendars by name."""

    items: list[CalendarRow]


class Question(In):
    """How much business time to count, and from when."""

    hours: float = Field(8, gt=0, le=2000)
    start: datetime | None = Field(None, description="With an offset or Z; now unless given.")


class Answer(Out):
    """When that much business time has passed."""

    start: datetime
    hours: float
    due: datetime


class Removed(Out):
    """What was deleted."""

    id: int


class NewQueue(In):
    """A queue."""

    key: str = Field(max_length=60, description="What processes and accounts name; a key that exists is changed.")
    name: str = Field(max_length=120)
    name_zh: str = Field("", max_length=120)
    team: str = Field(max_length=60, description="Key of the team that serves it.")
    calendar: str = Field(max_length=60, description="Key of the calendar by which its time limits count.")
    version: int | None = Field(None, description=VERSION)


class QueueRow(Out):
    """A queue."""

    id: int
    key: str
    name: str
    name_zh: str
    team: str
    calendar: str
    version: int


class QueuePage(Out):
    """All queues by name."""

    items: list[QueueRow]


# ---------------------------------------------------------------- calendars
@blueprint.get("/calendars")
@operation("List business calendars", tag=TAG, answers=CalendarPage)
@administers
def list_calendars() -> CalendarPage:
    """List all calendars."""
    return CalendarPage(items=[CalendarRow.model_validate(row) for row in sla.calendars()])


@blueprint.post("/calendars")
@operation("Make or change a business calendar", tag=TAG, answers=CalendarRow, body=NewCalendar)
@administers
def save_calendar(body: NewCalendar) -> CalendarRow:
    """Make the calendar of this key, or change the one there is. Time limits that run keep their due times."""
    spec = body.model_dump(include={"timezone", "weekly", "holidays", "extra_days"})
    row = sla.save_calendar(body.key, name=body.name, spec=spec, day_names=body.day_names, version=body.version)
    return CalendarRow.model_validate(row)


@blueprint.delete("/calendars/<int:calendar_id>")
@operation("Delete a business calendar", tag=TAG, answers=Removed)
@administers
def delete_calendar(calendar_id: int) -> Removed:
    """Delete a calendar. 409: a queue uses it."""
    routing.remove_calendar(calendar_id)
    return Removed(id=calendar_id)


@blueprint.get("/calendars/<int:calendar_id>/preview")
@operation("Count business time", tag=TAG, answers=Answer, query=Question)
@administers
def preview(calendar_id: int, query: Question) -> Answer:
    """Tell when so many business hours have passed."""
    row, start = sla.get_calendar(calendar_id), query.start or utcnow()
    try:
        due = sla.add_business_time(row.id, start, timedelta(hours=query.hours))
    except (CalendarError, OverflowError):
        raise Invalid(
            "no_answer", "Give a start with an offset or Z, and fewer hours than this calendar is open in ten years.",
            fields={"start": "not usable"},
        ) from None  # fmt: skip
    return Answer(start=start, hours=query.hours, due=due)


# ---------------------------------------------------------------- queues
@blueprint.get("/queues")
@operation("List queues", tag=TAG, answers=QueuePage)
@keeps_queues
def list_queues() -> QueuePage:
    """List all queues with their teams and calendars."""
    teams = {team.id: team.key for team in (*queries.teams(), *queries.teams(archived=True))}
    keys = {row.id: row.key for row in sla.calendars()}
    return QueuePage(items=[_queue(row, teams[row.team_id], keys[row.calendar_id]) for row in routing.queues()])


@blueprint.post("/queues")
@operation("Make or change a queue", tag=TAG, answers=QueueRow, body=NewQueue)
@keeps_queues
def save_queue(body: NewQueue) -> QueueRow:
    """Make the queue of this key, or change the one there is: which team serves it, by which calendar it counts."""
    team, calendar = queries.team_by_key(body.team), sla.calendar_by_key(body.calendar)
    if team.archived_at is not None:
        raise Invalid("team_archived", f"The team {team.key} is archived: choose another.", fields={"team": "archived"})
    row = routing.save_queue(
        body.key, name=body.name, name_zh=body.name_zh, team_id=team.id, calendar_id=calendar.id,
        version=body.version,
    )  # fmt: skip
    return _queue(row, team.key, calendar.key)


def _queue(row: Queue, team: str, calendar: str) -> QueueRow:
    return QueueRow(
        id=row.id, key=row.key, name=row.name, name_zh=row.name_zh, team=team, calendar=calendar,
        version=row.version,
    )  # fmt: skip
