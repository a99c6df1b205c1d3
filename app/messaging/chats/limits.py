"""How often one visitor, and one network address, may do something. Counted in Redis for all processes; without it in this one."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from app.clock import utcnow
from app.doorbell import brief
from app.errors import Unavailable

MOST_COUNTERS = 20_000


class TooMany(Unavailable):
    """Somebody asks too often; `seconds` later they may again."""

    def __init__(self, seconds: int) -> None:
        """Keep how long to wait."""
        super().__init__("too_many", f"That was too much at once. Try again in {seconds} seconds.")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Limit:
    """So many of something in so many seconds."""

    name: str
    most: int
    seconds: int


BEGIN = Limit("begin", 12, 600)  # chats begun from one address
ASK = Limit("ask", 600, 60)  # any request from one address: offices share one
LINE = Limit("line", 15, 10)  # lines of one visitor
LINES = Limit("lines", 300, 600)
FILE = Limit("file", 10, 60)
SIGN = Limit("sign", 60, 30)  # typing, read marks
LOOK = Limit("look", 90, 60)  # asking for what is new
MAIL = Limit("mail", 2, 3600)  # transcripts of one chat
LEAVE = Limit("leave", 5, 3600)  # words left from one address while nobody is there

_own: dict[str, int] = {}
_lock = threading.Lock()


def check(limit: Limit, who: str) -> None:
    """Count one more for `who`; raises TooMany beyond the limit."""
    now = int(utcnow().timestamp())
    window = now // limit.seconds
    key = f"ringback:chat:{limit.name}:{who}:{window}"
    if _count(key, limit.seconds) > limit.most:
        raise TooMany(max(1, (window + 1) * limit.seconds - now))


def _count(key: str, seconds: int) -> int:
    try:
        with brief() as redis, redis.pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, seconds + 1)
            counted: Any = pipe.execute()
        return int(counted[0])
    except RedisError:
        return _count_here(key)


def _count_here(key: str) -> int:
    """Count in this process alone; all counters are forgotten at once when there are too many."""
    with _lock:
        if len(_own) >= MOST_COUNTERS:
            _own.clear()
        _own[key] = _own.get(key, 0) + 1
        return _own[key]
