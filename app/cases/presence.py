"""Who is on a case now: who looks at it, who writes. Kept in Redis until it ends by itself, so that a screen that dies leaves.

It is no promise: an emptied Redis is filled again by the next beats, and without one nobody sees anybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from redis.exceptions import RedisError

from app import realtime
from app.clock import utcnow
from app.doorbell import brief

TOPIC = "presence"
#: Of each case, what its screens said last; and of all screens, when they end.
SEATS, ENDS = "ringback:here:", "ringback:here"
#: A screen says every ten seconds that it is there, and is gone after this long without a word.
BEAT_SECONDS, LIFE_SECONDS = 10, 18
LOOKS, REPLY, NOTE = "", "reply", "note"
DOING = (LOOKS, NOTE, REPLY)
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is on a case, however many screens they have: looking (""), or writing a `note` or a `reply`."""

    id: int
    name: str
    doing: str


@dataclass(frozen=True, slots=True)
class Company:
    """Who is on a case, and when that was so, in microseconds of Redis's clock: of two the later one holds."""

    people: tuple[Person, ...] = ()
    at: int = 0

    def shown(self) -> dict[str, Any]:
        """Return it as screens are told."""
        return {"people": [{"id": p.id, "name": p.name, "doing": p.doing} for p in self.people], "at": self.at}


def beat(case: Any, person: Person, *, screen: str) -> Company:
    """Note that a screen of this person is on a case; returns who is there. Others are told when that changed something."""
    now, key, field = _now(), f"{SEATS}{case.id}", f"{person.id}.{screen}"
    audience = {
        "teams": [case.team_id] if case.team_id else [],
        "users": [case.assignee_id] if case.assignee_id else [],
    }
    seat = {"n": person.name, "d": person.doing, "e": now + LIFE_SECONDS * 1000, **audience}
    try:
        with brief() as redis, redis.pipeline() as pipe:
            pipe.hgetall(key)
            pipe.hset(key, field, orjson.dumps(seat))
            pipe.expire(key, LIFE_SECONDS * 2)
            pipe.zadd(ENDS, {f"{case.id} {field}": now + LIFE_SECONDS * 1000})
            pipe.time()
            found, *_done, time = pipe.execute()
    except RedisError:
        return Company()
    before = _seats(found)
    company = Company(_people({**before, field: seat}, now), _micros(time))
    # A case that came to another team is told to that team as well.
    moved = field in before and any(before[field][key] != value for key, value in audience.items())
    if moved or company.people != _people(before, now):
        _tell(case.id, company, seat)
    return company


def leave(case_id: int, user_id: int, *, screen: str) -> None:
    """Note that a screen has left a case. Harmless when it was not there."""
    _remove(case_id, f"{user_id}.{screen}")


def _remove(case_id: int, field: str, *, only_ended: bool = False) -> None:
    now, key = _now(), f"{SEATS}{case_id}"
    try:
        if only_ended and (seat := _seat(key, field)) and seat["e"] > now:
            return  # it has come back meanwhile
        with brief() as redis, redis.pipeline() as pipe:
            pipe.hgetall(key)
            pipe.hdel(key, field)
            pipe.zrem(ENDS, f"{case_id} {field}")
            pipe.time()
            found, *_done, time = pipe.execute()
    except RedisError:
        return
    before = _seats(found)
    after = {name: seat for name, seat in before.items() if name != field}
    company = Company(_people(after, now), _micros(time))
    if field in before and company.people != _people(before, 0):
        _tell(case_id, company, max(before.values(), key=lambda seat: int(seat["e"])))


def sweep() -> int:
    """Let those leave who have said nothing for too long; returns how many. The clock calls this every second or so."""
    try:
        with brief() as redis:
            ended: Any = redis.zrangebyscore(ENDS, 0, _now(), start=0, num=AT_ONCE)
    except RedisError:
        return 0
    for member in ended:
        case_id, _, field = member.decode().partition(" ")
        _remove(int(case_id), field, only_ended=True)
    return len(ended)


def of_case(case_id: int) -> Company:
    """Return who is on a case."""
    return of_cases([case_id]).get(case_id, Company())


def of_cases(case_ids: Iterable[int]) -> dict[int, Company]:
    """Return who is on each of these cases; those with nobody are left out."""
    wanted, now = list(case_ids), _now()
    try:
        with brief() as redis, redis.pipeline(transaction=False) as pipe:
            pipe.time()
            for case_id in wanted:
                pipe.hgetall(f"{SEATS}{case_id}")
            time, *found = pipe.execute()
    except RedisError:
        return {}
    people = {case_id: _people(_seats(seats), now) for case_id, seats in zip(wanted, found, strict=True)}
    return {case_id: Company(some, _micros(time)) for case_id, some in people.items() if some}


def busy() -> list[int]:
    """Return the cases on which somebody is."""
    try:
        with brief() as redis:
            members: Any = redis.zrangebyscore(ENDS, _now(), "+inf")
    except RedisError:
        return []
    return sorted({int(member.split(b" ", 1)[0]) for member in members})


def _now() -> int:
    return int(utcnow().timestamp() * 1000)


def _micros(time: tuple[int, int]) -> int:
    return time[0] * 1_000_000 + time[1]


def _seat(key: str, field: str) -> dict[str, Any]:
    with brief() as redis:
        found: Any = redis.hget(key, field)
    return orjson.loads(found) if found else {}


def _seats(found: dict[bytes, bytes]) -> dict[str, dict[str, Any]]:
    return {name.decode(): orjson.loads(seat) for name, seat in found.items()}


def _people(seats: dict[str, dict[str, Any]], now: int) -> tuple[Person, ...]:
    """Everybody once, with the most that one of their screens does."""
    found: dict[int, Person] = {}
    for field, seat in seats.items():
        user_id = int(field.partition(".")[0])
        known = found.get(user_id)
        if seat["e"] > now and (known is None or DOING.index(seat["d"]) > DOING.index(known.doing)):
            found[user_id] = Person(user_id, seat["n"], seat["d"])
    return tuple(sorted(found.values(), key=lambda person: person.id))


def _tell(case_id: int, company: Company, newest: dict[str, Any]) -> None:
    """Tell those who see the case by their team or because it is theirs, and those who look at it for another reason."""
    users = {*newest["users"], *(person.id for person in company.people)}
    realtime.publish(TOPIC, teams=newest["teams"], users=users, case=case_id, **company.shown())
