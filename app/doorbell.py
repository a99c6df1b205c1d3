"""The doorbell: wakes a worker after commit. The only room that knows RQ; a lost ring costs seconds, never the work.

Jobs carry a name and a row id, as JSON. All jobs go through one lane by default, because a worker that listens on several can lose one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Protocol

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswer
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
REST_SECONDS = 5.0


class Doorbell(Protocol):
    """What rings."""

    def ring(self, job: str, refs: Sequence[int]) -> None:
        """Wake a worker for this job and these rows."""


@cache
def connection() -> Redis:
    """Return the connection on which a worker waits for rings (made on first use)."""
    url = settings().redis_url
    over_network = {} if url.startswith("unix:") else {"socket_keepalive": True}
    return Redis.from_url(url, socket_connect_timeout=2, **over_network)


def impatient() -> Redis:
    """Return a connection for everything but waiting for rings: it gives a Redis that hangs one second."""
    return _impatient(settings().redis_url)


@cache
def _impatient(url: str) -> Redis:
    # Once again: the server may have closed a connection that rested. Who did not answer is not asked again.
    again = Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,))
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1, retry=again)


_silent_until = 0.0


@contextmanager
def brief() -> Iterator[Redis]:
    """Lend `impatient()`. A Redis that did not answer is not asked again for REST_SECONDS: nobody waits for it a second time.

    Raises RedisError, also while it is not asked. What went wrong has been logged then.
    """
    global _silent_until
    if time.monotonic() < _silent_until:
        raise ConnectionLost("it did not answer a moment ago")
    try:
        yield impatient()
    except RedisError as error:
        log().warning("redis_silent", error=str(error), kind=type(error).__name__)
        if isinstance(error, ConnectionLost | NoAnswer):
            _silent_until = time.monotonic() + REST_SECONDS
        raise


def answers() -> bool:
    """Whether Redis answers now."""
    try:
        return bool(impatient().ping())
    except RedisError:
        return False


def forget() -> None:
    """Begin anew with what the settings say: for processes whose settings change, which only tests have."""
    global _silent_until
    _silent_until = 0.0
    connection.cache_clear()
    lane.cache_clear()


@cache
def lane(name: str = LANE) -> Queue:
    """Return the queue at which a worker waits, with JSON payloads."""
    return _queue(name, connection())


def _queue(name: str, over: Redis) -> Queue:
    return Queue(name, connection=over, serializer=JSONSerializer, default_timeout=JOB_SECONDS)


class RqDoorbell:
    """Rings through RQ. A ring that a silent Redis swallows is forgotten: the sweep re-rings what is due."""

    def ring(self, job: str, refs: Sequence[int]) -> None:
        """Enqueue `app.jobs.run(job, *refs)` for a few rows at a time; results are not kept.

        A job that looks for its rows itself (SHARED) is not enqueued again while it stands in the lane. It stands in front:
        what others have handed us comes before what we have to say. It gives way by itself when there is much of it.
        """
        with suppress(RedisError), brief() as redis:
            queue = _queue(LANE, redis)
            if job not in SHARED:
                for start in range(0, len(refs), ROWS_A_JOB):
                    _enqueue(queue, job, refs[start : start + ROWS_A_JOB])
            elif redis.set(f"{RUNG}{job}", 1, nx=True, ex=RUNG_SECONDS):
                _enqueue(queue, job, refs[-1:], at_front=True)


def _enqueue(queue: Queue, job: str, refs: Sequence[int], *, at_front: bool = False) -> None:
    queue.enqueue_call(
        ENTRY, args=(job, *refs), timeout=JOB_SECONDS * len(refs), result_ttl=0, failure_ttl=3600, at_front=at_front
    )


def answered(job: str) -> None:
    """Say that this SHARED job begins to look for its rows: whoever rings from now on needs a new one."""
    with suppress(RedisError), brief() as redis:  # else the mark ends by itself
        redis.delete(f"{RUNG}{job}")


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
