"""The doorbell: wakes a worker after commit. The only room that knows RQ; a lost ring costs seconds, never the work.

Jobs carry a name and a row id, as JSON. All jobs go through one lane by default, because a worker that listens on several can lose one.
"""

from __future__ import annotations

from functools import cache
from typing import Protocol

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from app.db import after_commit, in_unit_of_work
from app.logs import log
from app.settings import settings

LANE = "desk"
ENTRY = "app.jobs.run"
JOB_SECONDS = 300


class Doorbell(Protocol):
    """What rings."""

    def ring(self, job: str, ref: int) -> None:
        """Wake a worker for this job and row."""


@cache
def connection() -> Redis:
    """Return this process's Redis connection (made on first use)."""
    url = settings().redis_url
    over_network = {} if url.startswith("unix:") else {"socket_keepalive": True}
    return Redis.from_url(url, socket_connect_timeout=2, **over_network)


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

    def ring(self, job: str, ref: int) -> None:
        """Enqueue `app.jobs.run(job, ref)`; results are not kept."""
        try:
            lane().enqueue_call(ENTRY, args=(job, ref), result_ttl=0, failure_ttl=3600)
        except RedisError as error:
            log().warning("doorbell_silent", job=job, ref=ref, error=str(error))


class FakeDoorbell:
    """Remembers rings instead of ringing: for tests and for command-line runs that work inline."""

    def __init__(self) -> None:
        """Start with an empty book."""
        self.rung: list[tuple[str, int]] = []

    def ring(self, job: str, ref: int) -> None:
        """Remember the ring."""
        self.rung.append((job, ref))


_bell: Doorbell = RqDoorbell()


def use(bell: Doorbell) -> None:
    """Replace the bell of this process."""
    global _bell
    _bell = bell


def ring(job: str, ref: int) -> None:
    """Wake a worker for `job` on row `ref`, after the current transaction has committed (at once outside of one)."""
    if in_unit_of_work():
        after_commit(lambda: _bell.ring(job, ref))
    else:
        _bell.ring(job, ref)
