"""How a clock that rests counts: pure arithmetic in open time over the stretches in which it runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.sla.calendar import Calendar

Stretch = tuple[datetime, datetime]
_ZERO = timedelta(0)


def spent(calendar: Calendar, stretches: Iterable[Stretch]) -> timedelta:
    """Return the open time within these stretches."""
    return sum((calendar.business_time_between(begin, end) for begin, end in stretches), _ZERO)


def due(
    calendar: Calendar, target: timedelta, stretches: Iterable[Stretch], *, running_since: datetime | None
) -> datetime | None:
    """Return when `target` of open time is used up: within a stretch, else after the clock runs again `running_since`.

    None while it rests with time left. Raises CalendarError when the calendar has too little open time.
    """
    left = target
    for begin, end in stretches:
        used = calendar.business_time_between(begin, end)
        if used >= left:
            return calendar.add_business_time(begin, left)
        left -= used
    return None if running_since is None else calendar.add_business_time(running_since, left)
