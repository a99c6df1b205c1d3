"""Times in a query: `4h`, `-30min`, `2026-11-22`, `today`, each as the stretch of time that it names."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from app.cases.filtering.scope import Scope

_SPAN = re.compile(r"(-?)(\d{1,6})(min|m|h|d|w|分钟|小时|天|周)")
_UNITS = {
    "min": "minutes", "m": "minutes", "分钟": "minutes", "h": "hours", "小时": "hours", "d": "days", "天": "days", "w": "weeks", "周": "weeks",
}  # fmt: skip
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_LONGEST = timedelta(days=36_500)
EXAMPLES = "4h, 30min, 2d, 1w, today, 2026-11-22"
FIRST, LAST = 1900, 2200


def is_moment(text: str) -> bool:
    """Return whether this is a time."""
    return text in _DAYS or span(text) is not None or _date(text) is not None


def span(text: str) -> timedelta | None:
    """Return a length of time, or None when it is none (or longer than a century)."""
    found = _SPAN.fullmatch(text)
    if found is None or not found[2].isascii():
        return None
    length = timedelta(**{_UNITS[found[3]]: int(found[2])})
    if length > _LONGEST:
        return None
    return -length if found[1] else length


def _date(text: str) -> date | None:
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date() if len(text) == len("2026-11-22") else None  # noqa: DTZ007 -- a day, no time
    except ValueError:
        return None
    return found if found and FIRST <= found.year <= LAST else None


def day(text: str, scope: Scope) -> tuple[datetime, datetime] | None:
    """Return begin and end of a day that was named, in the asker's zone; None when it is a length of time."""
    if text in _DAYS:
        named = scope.now.astimezone(scope.zone).date() + timedelta(days=_DAYS[text])
    elif (found := _date(text)) is not None:
        named = found
    else:
        return None
    begin, end = (datetime.combine(each, time(), scope.zone) for each in (named, named + timedelta(days=1)))
    return begin, end
