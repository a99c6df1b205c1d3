"""Business calendars as rows, and their arithmetic by id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import select

from app import events
from app.db import forget, known, run, session
from app.errors import Conflict, Invalid, NotFound
from app.sla.calendar import Calendar, CalendarError, calendar_from_spec, calendar_to_spec, default_calendar
from app.sla.models import BusinessCalendar, SlaClock, SlaPolicy, WorkingHours

_CALENDAR = "select timezone, weekly, holidays, extra_days from calendars where id = %(id)s"
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,59}")
MAX_NAME = 120


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


def calendars() -> list[BusinessCalendar]:
    """Return all calendars by name."""
    return list(session().scalars(select(BusinessCalendar).order_by(BusinessCalendar.name, BusinessCalendar.id)))


def get_calendar(calendar_id: int) -> BusinessCalendar:
    """Return a calendar's row; raises NotFound."""
    row = session().get(BusinessCalendar, calendar_id)
    if row is None:
        raise NotFound("calendar_unknown", "There is no such calendar.")
    return row


def calendar_by_key(key: str) -> BusinessCalendar:
    """Return a calendar's row by key; raises NotFound."""
    row = session().scalar(select(BusinessCalendar).where(BusinessCalendar.key == key))
    if row is None:
        raise NotFound("calendar_unknown", "There is no such calendar.")
    return row


def checked_key(key: str) -> str:
    """Return the key of a calendar or queue as given; raises Invalid."""
    if not _KEY.fullmatch(key):
        raise Invalid(
            "bad_key", "A key starts with a letter and has a-z, 0-9, _ and - only.", fields={"key": "not usable"}
        )
    return key


def checked_name(name: str, *, field: str = "name") -> str:
    """Return a name without needless space; raises Invalid."""
    clean = " ".join(name.split())
    if not clean or len(clean) > MAX_NAME or not clean.isprintable():
        raise Invalid("bad_name", f"A name has 1 to {MAX_NAME} printable characters.", fields={field: "required"})
    return clean


def _checked_spec(spec: dict[str, Any]) -> dict[str, Any]:
    try:
        found = calendar_from_spec(spec)
    except CalendarError as error:
        raise Invalid("bad_calendar", str(error), fields={"weekly": "not usable"}) from None
    if not any(found.weekly.values()):
        raise Invalid(
            "never_open",
            "Give the calendar opening hours on at least one day of the week.",
            fields={"weekly": "required"},
        )
    return calendar_to_spec(found)


def save_calendar(
    key: str, *, name: str, timezone: str = "UTC", spec: dict[str, Any] | None = None,
    day_names: Mapping[str, str] | None = None, version: int | None = None, is_new: bool = False,
) -> BusinessCalendar:  # fmt: skip
    """Make or change a calendar; without `day_names` its days keep theirs. Limits that run keep their due times.

    Records `calendar_saved`. Raises Invalid, and Conflict when it is no longer the `version` that was shown, or when `is_new`
    and there is one of this key.
    """
    values = _checked_spec({"timezone": timezone, **spec} if spec else calendar_to_spec(default_calendar(timezone)))
    row = session().scalar(select(BusinessCalendar).where(BusinessCalendar.key == checked_key(key)))
    if row is None:
        row = BusinessCalendar(key=key, day_names={})
        session().add(row)
    elif is_new:
        raise Conflict("key_taken", f"There is a {key} already: choose another key.", fields={"key": "taken"})
    else:
        check_version(row.version, version)
    row.name, row.timezone, row.weekly = checked_name(name), values["timezone"], values["weekly"]
    row.holidays, row.extra_days = values["holidays"], values["extra_days"]
    row.day_names = _names_of_days(row.day_names if day_names is None else day_names, values)
    session().flush()
    events.record(
        "calendar_saved", chain=f"calendar:{row.id}", key=key, name=row.name, day_names=row.day_names, **values
    )
    forget()
    return row


def check_version(now: int, shown: int | None) -> None:
    """Raise Conflict when somebody has changed what was `shown` meanwhile."""
    if shown is not None and shown != now:
        raise Conflict(
            "changed_meanwhile", "Somebody else has changed this meanwhile. Open it again and repeat your change."
        )


def _names_of_days(names: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    days = {*values["holidays"], *values["extra_days"]}
    return {day: " ".join(text.split())[:MAX_NAME] for day, text in sorted(names.items()) if day in days and text}


def hours_of(texts: str) -> list[str]:
    """Return the spans that somebody typed for a day: `9:00-12:00, 13:00-18:00`, in whatever dashes and commas they use."""
    plain = re.sub(r"\s*[-–—~～至]\s*", "-", texts.replace("：", ":"))
    return [span for span in re.split(r"[\s,，;；、]+", plain) if span]


def delete_calendar(row: BusinessCalendar) -> None:
    """Delete a calendar that no queue uses: `app.routing.service.remove_calendar` sees to that. Records `calendar_removed`.

    Raises Conflict while a service level uses it, or cases were counted by it.
    """
    promised = select(SlaPolicy.name).where(SlaPolicy.calendar_id == row.id).limit(1)
    if (name := session().scalar(promised)) is not None:
        raise Conflict("calendar_in_use", f"The service level {name} uses this calendar: give it another one first.")
    if session().scalar(select(WorkingHours.id).where(WorkingHours.calendar_id == row.id).limit(1)) is not None:
        raise Conflict("calendar_in_use", "Teams or people work by this calendar: give them another one first.")
    if session().scalar(select(SlaClock.id).where(SlaClock.calendar_id == row.id).limit(1)) is not None:
        raise Conflict("calendar_in_use", "Clocks of cases were counted by this calendar: it has to stay.")
    session().delete(row)
    session().flush()
    events.record("calendar_removed", chain=f"calendar:{row.id}", key=row.key, name=row.name)
    forget()
