"""How fast an account sends, when it rests, and its quiet hours. The rows are in the database, so all workers keep to them.

An account that fails by itself rests for a while and is then tried with one message at a time: whoever waits for a dead gateway
holds up nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.clock import utcnow
from app.db import run
from app.errors import Invalid

SECONDS = {"second": 1, "minute": 60}
MOST = {"second": 1000, "minute": 60_000}
FIRST_REST, LONGEST_REST = 5, 300
#: So long one message may try an account that has failed, before the next one may.
PROBE = timedelta(seconds=30)
_SLOT = """insert into account_paces as p (account_id, next_at, failures) values (%(account)s, %(now)s::timestamptz + %(gap)s, 0)
 on conflict (account_id) do update set next_at = greatest(coalesce(p.next_at, %(now)s), %(now)s) + %(gap)s
 returning next_at - %(gap)s as slot"""
_REST = "select failures, rest_until from account_paces where account_id = %(account)s and failures > 0"
_PROBE = """update account_paces set rest_until = %(until)s where account_id = %(account)s and failures > 0
 and rest_until <= %(now)s returning 1"""
_FAILED = """insert into account_paces as p (account_id, failures, rest_until)
 values (%(account)s, 1, %(now)s::timestamptz + make_interval(secs => %(first)s))
 on conflict (account_id) do update set failures = least(p.failures + 1, 20),
  rest_until = %(now)s::timestamptz + make_interval(secs => least(%(first)s * power(2, least(p.failures, 10)), %(longest)s))"""
_WELL = "update account_paces set failures = 0, rest_until = null where account_id = %(account)s and failures > 0"


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the pace that a form or the API gave, in normal form. Raises Invalid naming what is wrong."""
    pace: dict[str, Any] = {}
    if str(given.get("rate") or "").strip():
        pace |= _rate(str(given["rate"]).strip(), str(given.get("per") or "second"))
    begin, end = (str(given.get(key) or "").strip() for key in ("quiet_from", "quiet_until"))
    if begin or end:
        pace |= {"quiet_from": _time(begin, "quiet_from"), "quiet_until": _time(end, "quiet_until")}
        if pace["quiet_from"] == pace["quiet_until"]:
            raise Invalid(
                "bad_pace", "Quiet hours begin and end at different times.", fields={"quiet_until": "the same"}
            )
    return pace


def _rate(text: str, per: str) -> dict[str, Any]:
    most = MOST.get(per, 0)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise Invalid(
            "bad_pace",
            f"Send 1 to {most or MOST['second']} messages a second or minute.",
            fields={"rate": "out of range"},
        )
    return {"rate": int(text), "per": per}


def _time(text: str, field: str) -> str:
    try:
        return time.fromisoformat(text).strftime("%H:%M")
    except ValueError:
        raise Invalid("bad_pace", "Write quiet hours as 21:00 and 08:00.", fields={field: "no time"}) from None


def quiet_end(pace: Mapping[str, Any], zone: str, *, now: datetime) -> datetime | None:
    """Return when the quiet hours end that are on now, None when none are."""
    if "quiet_from" not in pace:
        return None
    here = now.astimezone(ZoneInfo(zone))
    begin, end = (time.fromisoformat(pace[key]) for key in ("quiet_from", "quiet_until"))
    at = here.time().replace(tzinfo=None)
    over_night = begin > end
    if not (begin <= at < end or (over_night and (at >= begin or at < end))):
        return None
    day = here.date() + timedelta(days=1) if over_night and at >= begin else here.date()
    return datetime.combine(day, end, tzinfo=here.tzinfo)


def wait(account_id: int, pace: Mapping[str, Any], *, has_slot: bool) -> datetime | None:
    """Return until when the next message of this account waits, None when it may go now; takes its place in the line."""
    now = utcnow()
    resting = run(_REST, {"account": account_id}).fetchone()
    if (
        resting is not None
        and run(_PROBE, {"account": account_id, "now": now, "until": now + PROBE}).fetchone() is None
    ):
        return max(resting.rest_until or now, now) + timedelta(seconds=1)
    if has_slot or "rate" not in pace:
        return None
    gap = timedelta(seconds=SECONDS[pace["per"]] / pace["rate"])
    slot: datetime = run(_SLOT, {"account": account_id, "now": now, "gap": gap}).fetchone().slot
    return slot if slot > now else None


def failed(account_id: int) -> None:
    """Let an account rest that failed by itself, longer each time."""
    run(_FAILED, {"account": account_id, "now": utcnow(), "first": FIRST_REST, "longest": LONGEST_REST})


def went_well(account_id: int) -> None:
    """Let an account go on as ever."""
    run(_WELL, {"account": account_id})
