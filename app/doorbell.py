"""The doorbell: wakes a worker after commit. The only room that knows RQ; a lost ring costs seconds, never the work.

Jobs carry a name and a row id, as JSON. All jobs go through one lane by default, because a worker that listens on several can lose one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Protocol

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from app.db import after_commit, frame, in_unit_of_work
from app.logs import log
from app.settings import settings

LANE = "desk"
ENTRY = "app.jobs.run"
JOB_SECONDS = 300
ROWS_A_JOB = 8
SHARED = frozenset({"ingest"})
RUNG = "ringback:rung:"
RUNG_SECONDS = 2


class Doorbell(Protocol):
    """What rings."""

    def ring(self, job: str, refs: Sequence[int]) -> None:
        """Wake a worker for this job and these rows."""


@cache
def connection() -> Redis:
    """Return this process's Redis connection (made on first use)."""
    url = settings().redis_url
    over_network = {} if url.startswith("unix:") else {"socket_keepalive": True}
    return Redis.from_url(url, socket_connect_timeout=2, **over_network)


def impatient() -> Redis:
    """Return a connection for what is only nice to know: it gives a Redis that hangs one second."""
    return _impatient(settings().redis_url)


@cache
def _impatient(url: str) -> Redis:
    again = Retry(NoBackoff(), 1)  # once: the server may have closed a connection that rested
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1, retry=again)


@cache
def lane(name: str = LANE) -> Queue:
    """Return an RQ queue with JSON payloads."""
    return Queue(
        name,
        connection=connection(),
        serializer=JSONSerializer,
        default_timeout=JOB_SECONDS,
    )


class RqDoorbell:
    """Rings through RQ. A Redis that does not answer is logged and forgotten: the sweep re-rings what is due."""

    def ring(self, job: str, refs: Sequence[int]) -> None:
        """Enqueue `app.jobs.run(job, *refs)` for a few rows at a time; results are not kept.

        A job that looks for its rows itself (SHARED) is not enqueued again while it stands in the lane. It stands in front:
        what others have handed us comes before what we have to say. It gives way by itself when there is much of it.
        """
        try:
            if job in SHARED:
                if connection().set(f"{RUNG}{job}", 1, nx=True, ex=RUNG_SECONDS):
                    _enqueue(job, refs[-1:], at_front=True)
                return
            for start in range(0, len(refs), ROWS_A_JOB):
                _enqueue(job, refs[start : start + ROWS_A_JOB])
        except RedisError as error:
            log().warning("doorbell_silent", job=job, refs=list(refs), error=str(error))


def _enqueue(job: str, refs: Sequence[int], *, at_front: bool = False) -> None:
    lane().enqueue_call(
        ENTRY, args=(job, *refs), timeout=JOB_SECONDS * len(refs), result_ttl=0, failure_ttl=3600, at_front=at_front
    )


def answered(job: str) -> None:
    """Say that this SHARED job begins to look for its rows: whoever rings from now on needs a new one."""
    try:
        connection().delete(f"{RUNG}{job}")
    except RedisError as error:  # the mark ends by itself
        log().warning("doorbell_silent", job=job, error=str(error))


class FakeDoorbell:
    """Remembers rings instead of ringing: for tests and for command-line runs that work inline."""

    def __init__(self) -> None:
        """Start with an empty book."""
        self.rung: list[tuple[str, int]] = []

    def ring(self, job: str, refs: Sequence[int]) -> None:
        """Remember the ring."""
        self.rung.extend((job, ref) for ref in refs)


_bell: Doorbell = RqDoorbell()


def use(bell: Doorbell) -> None:
    """Replace the bell of this process."""
    global _bell
    _bell = bell


def ring(job: str, ref: int) -> None:
    """Wake a worker for `job` on row `ref`, after the current transaction has committed (at once outside of one)."""
    if not in_unit_of_work():
        _bell.ring(job, [ref])
        return
    rung: list[int] = frame().info.setdefault(f"rung {job}", [])
    if not rung:  # also after a savepoint took everything back, with the hook
        after_commit(lambda: _bell.ring(job, rung))
    rung.append(ref)
