"""The processes of a running desk: `python worker.py NAME`, where NAME is web, stream, work, clock or listen.

Any number of each may run on any number of hosts over one PostgreSQL and one Redis or Valkey.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswer
from rq import SimpleWorker
from rq.exceptions import DequeueTimeout
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus
from sqlalchemy.exc import SQLAlchemyError

from app import bootstrap, db, doorbell, jobs
from app.cases import presence
from app.identity import service as identity
from app.logs import log
from app.messaging import outbox
from app.settings import settings

JOBS_PER_LIFE = 20_000
BEHIND = 3  # how much nicer than those that somebody waits for: pages and webhooks go first when processors are short
WITHOUT_REDIS = 1.0
WAIT_SECONDS = 5
LOOK_SECONDS = 1.0  # how often those leave a case whose screens have died
TIDY_SECONDS = 3600.0  # how often ended sessions, old throttles and kept answers are forgotten


class LaneWorker(SimpleWorker):
    """An in-process RQ worker on one lane; it forks nothing and is recycled after JOBS_PER_LIFE jobs."""

    has_let_go = False  # left because Redis did not answer
    taken = 0

    @property
    def dequeue_timeout(self) -> int:
        """Seconds it waits for a ring before it says that it lives."""
        return WAIT_SECONDS

    @property
    def connection_timeout(self) -> int:
        """Seconds after which a Redis hangs."""
        return WAIT_SECONDS + 3

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, *_for_bursts: object) -> Any:
        """Wait for a job. RQ's own stays with a Redis that is away and asks it ever less often; this one lets go."""
        while True:
            try:
                self.set_state(WorkerStatus.IDLE)
                if self.should_run_maintenance_tasks:
                    self.run_maintenance_tasks()  # type: ignore[no-untyped-call]
                found = self.queue_class.dequeue_any(
                    self.queues, timeout, connection=self.connection, job_class=self.job_class,
                    serializer=self.serializer, death_penalty_class=self.death_penalty_class,
                )  # fmt: skip
                self.heartbeat()
                if found:
                    self.taken += 1
                    found[0].redis_server_version = self.get_redis_server_version()  # type: ignore[no-untyped-call]
                    return found
            except DequeueTimeout:
                self.heartbeat()
            except RedisError as error:
                self.has_let_go = True
                raise NoAnswer(str(error)) from error

    def teardown(self) -> None:
        """Sign off, unless nobody would hear it: the entry ends by itself."""
        if not self.has_let_go:
            super().teardown()  # type: ignore[no-untyped-call]

    def _install_signal_handlers(self) -> None:
        """Keep the handlers of `leave_when_told`: RQ's own would finish the job first, however long it takes."""


def leave_when_told() -> None:
    """Leave at once on SIGTERM and SIGINT, whatever is going on: what is cut off is claimed again when its lease is over.

    An exception would not do: in the midst of a job RQ takes it for the job's own failure and goes on.
    """

    def leave(*_: object) -> None:
        sys.stderr.flush()
        os._exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)


def work() -> None:
    """Do jobs as the doorbell rings. Without Redis the rows themselves are looked at every second."""
    leave_when_told()
    bootstrap.start()
    os.nice(BEHIND)
    while not (doorbell.answers() and _is_worn_out()):
        try:
            jobs.work_inline()
        except SQLAlchemyError as error:  # the rows stay due
            log().warning("database_unreachable", error=str(error))
        time.sleep(WITHOUT_REDIS)


def _is_worn_out() -> bool:
    """Do jobs until this process has had its share (True) or Redis answers no more (False)."""
    try:
        worker = LaneWorker([doorbell.lane()], connection=doorbell.connection(), serializer=JSONSerializer)
        worker.work(logging_level="WARNING", max_jobs=JOBS_PER_LIFE, with_scheduler=False)
    except RedisError as error:
        log().warning("doorbell_unreachable", error=str(error))
        return False
    return worker.taken >= JOBS_PER_LIFE


def clock() -> None:
    """Ring for due timers, and again for everything that a lost ring left behind."""
    bootstrap.start(pool_size=1)
    swept = tidied = looked = 0.0
    while True:
        wait = 1.0
        try:
            wait = jobs.tick()
            if time.monotonic() - looked >= LOOK_SECONDS:
                presence.sweep()
                looked = time.monotonic()
            if time.monotonic() - swept >= settings().sweep_seconds:
                jobs.sweep()
                swept = time.monotonic()
            if time.monotonic() - tidied >= TIDY_SECONDS:
                db.transact(identity.tidy)
                db.transact(outbox.forget_old_counts)
                tidied = time.monotonic()
        except Exception:  # noqa: BLE001 -- logged; the clock must go on
            log().error("clock_stumbled", exc_info=True)
        time.sleep(wait)


def listen() -> None:
    """Take mail in: the SMTP listener, and one poller for each IMAP account."""
    bootstrap.start(pool_size=3)
    from app import listening

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        listening.run(stop)
    except OSError as error:
        place = f"{settings().smtp_host} port {settings().smtp_port}"
        print(
            f"Cannot take mail at {place}: {os.strerror(error.errno) if error.errno else error}. Stop what listens there, or set SMTP_HOST and "
            "SMTP_PORT to an address of this machine and a free port (below 1024 only with the right to it).",
            file=sys.stderr,
        )
        sys.exit(1)


def web() -> None:
    """Serve pages and API."""
    bootstrap.start()
    from app.web import server

    server.run()


def stream() -> None:
    """Serve the event stream for open screens."""
    bootstrap.start(pool_size=1)
    from app import streaming

    streaming.run()


COMMANDS: dict[str, Callable[[], None]] = {
    "web": web,
    "stream": stream,
    "work": work,
    "clock": clock,
    "listen": listen,
}


def main() -> int:
    """Run the process that is named on the command line."""
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        print(f"Usage: python worker.py {'|'.join(COMMANDS)}", file=sys.stderr)
        return 2
    COMMANDS[sys.argv[1]]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
