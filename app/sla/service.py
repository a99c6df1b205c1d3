"""Business calendars as rows, and their arithmetic by id."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import select

from app.db import forget, known, run, session
from app.sla.calendar import Calendar, calendar_from_spec, calendar_to_spec, default_calendar
from app.sla.models import BusinessCalendar

_CALENDAR = "select timezone, weekly, holidays, extra_days from calendars where id = %(id)s"


@lru_cache(maxsize=256)
def _calendar(spec: bytes) -> Calendar:
    return calendar_from_spec(orjson.loads(spec))


def calendar(calendar_id: int | None) -> Calendar:
    """Return a calendar; without an id the standard one (Monday to Friday, 9 to 18)."""
    return known(("calendar", calendar_id), lambda: _find(calendar_id))


def _find(calendar_id: int | None) -> Calendar:
    row = run(_CALENDAR, {"id": calendar_id}, settled=False).fetchone() if calendar_id else None
    if row is None:
        return default_calendar()
    spec = {
        "timezone": row.timezone, "weekly": row.weekly, "holidays": row.holidays, "extra_days": row.extra_days,
    }  # fmt: skip
    return _calendar(orjson.dumps(spec, option=orjson.OPT_SORT_KEYS))


def add_business_time(calendar_id: int | None, start: datetime, duration: timedelta) -> datetime:
    """Return when that much business time has passed since `start`."""
    return calendar(calendar_id).add_business_time(start, duration)


def save_calendar(
    key: str, *, name: str, timezone: str = "UTC", spec: dict[str, Any] | None = None
) -> BusinessCalendar:
    """Make or change a calendar; raises CalendarError for an impossible one."""
    values = spec or calendar_to_spec(default_calendar(timezone))
    calendar_from_spec(values)
    row = session().scalar(select(BusinessCalendar).where(BusinessCalendar.key == key))
    if row is None:
        row = BusinessCalendar(key=key)
        session().add(row)
    row.name, row.timezone = name, values.get("timezone", timezone)
    row.weekly, row.holidays = values["weekly"], values.get("holidays", [])
    row.extra_days = values.get("extra_days", {})
    session().flush()
    forget()
    return row
