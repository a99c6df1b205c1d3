"""Where a visitor stands in line, and about how long it takes: from how long the last chats took and how many are held at a time."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from app.db import run
from app.messaging.chats.models import Chat

LAST = 20
LONGEST = 60
_PLACE = """select count(*) as before from chats c join cases k on k.id = c.case_id
 where c.waiting_since is not null and c.state = 'open' and k.team_id = %(team)s
  and (c.waiting_since, c.id) < (%(since)s, %(chat)s)"""
_TEAM = "select team_id from cases where id = %(case)s"
_PACE = """select (select coalesce(sum(a.capacity), 0) from chat_agents a join team_members m on m.user_id = a.user_id
   where m.team_id = %(team)s and a.is_available) as room,
 (select extract(epoch from avg(least(t.ended_at - t.taken_at, interval '1 hour'))) from (
   select c.ended_at, c.taken_at from chats c join cases k on k.id = c.case_id
   where k.team_id = %(team)s and c.ended_at > c.taken_at order by c.ended_at desc limit %(last)s) t) as seconds"""


@dataclass(frozen=True, slots=True)
class Place:
    """Which in line a visitor is, from 1; and about how many minutes that takes, 0 when that cannot be said."""

    place: int
    minutes: int


def place_of(chat: Chat) -> Place | None:
    """Return where a waiting chat stands; None for one that does not wait."""
    if chat.waiting_since is None or chat.case_id is None:
        return None
    team = run(_TEAM, {"case": chat.case_id}).fetchone().team_id
    before = run(_PLACE, {"team": team, "since": chat.waiting_since, "chat": chat.id}).fetchone().before
    return Place(before + 1, minutes(before + 1, run(_PACE, {"team": team, "last": LAST}).fetchone()))


def minutes(place: int, pace: Any) -> int:
    """Return the expected wait: place times how long a chat takes, shared by all that are held at a time."""
    if not pace.room or pace.seconds is None:
        return 0
    return min(LONGEST, max(1, ceil(place * float(pace.seconds) / float(pace.room) / 60)))
