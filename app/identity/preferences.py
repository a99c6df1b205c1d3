"""How each user wants the desk: density, keys of their own, which news the browser shows and when it is quiet."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import orjson

from app.db import known, remember, run, unlearn
from app.errors import Invalid

DENSITIES = ("comfortable", "compact")
MAX_RECENT = 12
UNREAD_SHOWN = 100
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")

#: For a statement that has the users as `u` and `preferences` joined to them as `p`.
COLUMNS = """p.density, p.has_keys, p.keys, p.tell, p.quiet_from, p.quiet_until, p.zone, p.recent,
 (select count(*) from (select 1 from notices n where n.user_id = u.id and n.read_at is null limit 100) n) as unread"""
_READ = f"select {COLUMNS} from users u left join preferences p on p.user_id = u.id where u.id = %(user)s"  # noqa: S608 -- our own
_WRITE = """insert into preferences (user_id, density, has_keys, keys, tell, quiet_from, quiet_until, zone, recent)
 values (%(user)s, %(density)s, %(has_keys)s, %(keys)s::jsonb, %(tell)s::jsonb, %(quiet_from)s, %(quiet_until)s, %(zone)s,
  %(recent)s::jsonb)
 on conflict (user_id) do update set density = excluded.density, has_keys = excluded.has_keys, keys = excluded.keys,
  tell = excluded.tell, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, zone = excluded.zone,
  recent = excluded.recent"""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a user has chosen, and how many notices wait for them (at most `UNREAD_SHOWN` are counted)."""

    density: str = "comfortable"
    has_keys: bool = True
    keys: tuple[tuple[str, str], ...] = ()
    tell: frozenset[str] = frozenset()
    quiet_from: str = ""
    quiet_until: str = ""
    zone: str = ""
    recent: tuple[str, ...] = ()
    unread: int = 0

    def is_quiet(self, now: datetime) -> bool:
        """Tell whether `now` lies in the quiet hours; they may pass midnight."""
        if not self.quiet_from or self.quiet_from == self.quiet_until:
            return False
        here = now.astimezone(ZoneInfo(self.zone or "UTC")).time()
        start, end = time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_until)
        return start <= here < end if start < end else here >= start or here < end


def of(user_id: int) -> Preferences:
    """Return the preferences of a user, with the number of their unread notices; read once in a unit of work."""
    return known(("preferences", user_id), lambda: _read(user_id))


def learn(user_id: int, row: Any) -> None:
    """Keep what a larger statement has read by `COLUMNS`, so that it is not asked for again."""
    remember(("preferences", user_id), _from(row))


def _read(user_id: int) -> Preferences:
    return _from(run(_READ, {"user": user_id}).fetchone())


def _from(row: Any) -> Preferences:
    if row.density is None:
        return Preferences(unread=row.unread)
    return Preferences(
        row.density, row.has_keys, tuple(sorted(row.keys.items())), frozenset(row.tell), row.quiet_from, row.quiet_until,
        row.zone, tuple(row.recent), row.unread,
    )  # fmt: skip


def _save(user_id: int, wanted: Preferences) -> None:
    run(_WRITE, {
        "user": user_id, "density": wanted.density, "has_keys": wanted.has_keys,
        "keys": orjson.dumps(dict(wanted.keys)).decode(), "tell": orjson.dumps(sorted(wanted.tell)).decode(),
        "quiet_from": wanted.quiet_from, "quiet_until": wanted.quiet_until, "zone": wanted.zone,
        "recent": orjson.dumps(wanted.recent).decode(),
    })  # fmt: skip


def _changed(user_id: int, **changes: object) -> None:
    before = _read(user_id)
    unlearn(("preferences", user_id))
    values = {name: getattr(before, name) for name in Preferences.__slots__}
    _save(user_id, Preferences(**{**values, **changes}))


def set_density(user_id: int, density: str) -> None:
    """Choose how close lines stand. Raises Invalid."""
    if density not in DENSITIES:
        raise Invalid("bad_choice", f"The density is one of {', '.join(DENSITIES)}.", fields={"density": "unknown"})
    _changed(user_id, density=density)


def set_keys(user_id: int, keys: Mapping[str, str], *, on: bool) -> None:
    """Keep keys of a user's own by action, and whether single keys do anything at all. Whether they clash is checked above."""
    _changed(user_id, keys=tuple(sorted(keys.items())), has_keys=on)


def set_telling(user_id: int, kinds: Collection[str], *, quiet: tuple[str, str], zone: str) -> None:
    """Choose the kinds of news that the browser shows, and when it is quiet (from, until; in `zone`). Raises Invalid."""
    start, end = (text.strip() for text in quiet)
    for field, text in (("quiet_from", start), ("quiet_until", end)):
        if text and not _TIME.fullmatch(text):
            raise Invalid("bad_time", "Write the time as 22:00.", fields={field: "a time as 22:00"})
    if bool(start) != bool(end):
        missing = "quiet_until" if start else "quiet_from"
        raise Invalid("bad_time", "Quiet hours need a beginning and an end.", fields={missing: "required"})
    if zone and zone not in zones():
        raise Invalid("bad_zone", "Choose a time zone from the list.", fields={"zone": "unknown"})
    _changed(user_id, tell=frozenset(kinds), quiet_from=start, quiet_until=end, zone=zone)


def note_recent(user_id: int, entry: str) -> None:
    """Remember what was chosen last, newest first."""
    before = _read(user_id).recent
    _changed(user_id, recent=(entry, *(old for old in before if old != entry))[:MAX_RECENT])


@lru_cache(maxsize=1)
def zones() -> Sequence[str]:
    """Return the time zones that can be chosen."""
    return sorted(
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix", "right"))
    )
