"""kill -9 at each named point of the one path: nothing is lost, nothing is doubled, work goes on. SIGTERM ends a worker at once."""

from __future__ import annotations

import secrets
import signal
import socket
import threading

import psycopg
import pytest

from tests.reliability.running import RunningDesk, faults_of, is_settled, mail, send, wait_for

LISTENER = ("edge.before_commit", "edge.after_commit")
WORKER = (
    "ingest.after_claim", "ingest.before_store", "ingest.before_commit", "engine.after_save",
    "outbox.after_claim", "outbox.after_send", "outbox.after_receipt",
)  # fmt: skip
REPLY = ("reply.before_send", "reply.after_send")
HOLD = """
import sys
from app import bootstrap, db
from app.orchestration import holding
bootstrap.start()
words = holding.Words(int(sys.argv[2]), "Alice", sys.argv[3])
db.transact(lambda: holding.hold(int(sys.argv[1]), words, seconds=1))
"""
RING = "import sys; from app import doorbell; doorbell.RqDoorbell().ring('snooze', [int(sys.argv[1])])"
GONE = "select outcome, message_id from held_replies where text = %s and ended_at is not null"
WAITS = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
RESUME_SECONDS = 40  # the promise; leases of 2 s make it a few seconds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def clock(desk: RunningDesk) -> None:
    desk.start("clock", "clock")


def _send_all(desk: RunningDesk, keys: list[str]) -> None:
    threads = [threading.Thread(target=send, args=(desk.smtp_port, mail(key))) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("point", LISTENER)
def test_a_killed_listener_loses_and_doubles_nothing(desk: RunningDesk, point: str) -> None:
    keys = [f"k{secrets.token_hex(4)}" for _ in range(3)]
    desk.start("work", "work")
    desk.start("listen", "listen", crash_at=point)
    sending = threading.Thread(target=_send_all, args=(desk, keys))
    sending.start()
    wait_for(lambda: desk.died("listen"), 60)
    desk.start("listen", "listen")
    sending.join()
    wait_for(lambda: is_settled(desk, keys), RESUME_SECONDS)
    assert faults_of(desk, keys) == []
    desk.stop("listen")
    desk.stop("work")


@pytest.mark.parametrize("point", WORKER)
def test_a_killed_worker_loses_and_doubles_nothing(desk: RunningDesk, point: str) -> None:
    keys = [f"k{secrets.token_hex(4)}" for _ in range(3)]
    desk.start("listen", "listen")
    desk.start("work", "work", crash_at=point)
    _send_all(desk, keys)
    wait_for(lambda: desk.died("work"), 60)
    desk.start("work", "work")
    wait_for(lambda: is_settled(desk, keys), RESUME_SECONDS)
    assert faults_of(desk, keys) == []
    desk.stop("listen")
    desk.stop("work")


@pytest.fixture(scope="module")
def case_id(desk: RunningDesk) -> int:
    """A case that came by mail, with nothing under way."""
    key = f"k{secrets.token_hex(4)}"
    desk.start("listen", "listen")
    desk.start("work", "work")
    send(desk.smtp_port, mail(key))
    wait_for(lambda: is_settled(desk, [key]), RESUME_SECONDS)
    desk.stop("listen")
    desk.stop("work")
    return int(desk.query("select case_id from messages where rfc_id = %s", f"<{key}@example.com>")[0]["case_id"])


def test_workers_killed_before_and_after_neither_lose_nor_double_a_held_reply(desk: RunningDesk, case_id: int) -> None:
    words = f"We come on Friday, {secrets.token_hex(6)}."
    desk.run_code(HOLD, case_id, desk.query("select id from users where login = 'alice'")[0]["id"], words)
    for point in REPLY:
        desk.start("work", "work", crash_at=point)
        wait_for(lambda: desk.died("work"), 60)
    desk.start("work", "work")
    wait_for(lambda: bool(desk.query(GONE, words)), RESUME_SECONDS)
    wait_for(lambda: is_settled(desk, []) and any(words.encode() in each for each in desk.sink.mails), RESUME_SECONDS)
    [row] = desk.query(GONE, words)
    messages = desk.query("select id from messages where text = %s and direction = 'out'", words)
    assert row["outcome"] == "sent"
    assert [message["id"] for message in messages] == [row["message_id"]]
    assert sum(words.encode() in each for each in desk.sink.mails) == 1
    assert desk.query("select 1 from timers where job = 'send_reply'") == []
    desk.stop("work")


def test_a_worker_that_is_told_to_end_leaves_its_job_that_waits_for_the_database(
    desk: RunningDesk, case_id: int
) -> None:
    with psycopg.connect(desk.database_url) as blocking:
        blocking.execute("select 1 from cases where id = %s for update", [case_id])
        desk.start("work", "work")
        desk.run_code(RING, case_id)
        wait_for(lambda: bool(desk.query(WAITS)), 60)
        desk.stop("work", how=signal.SIGTERM)


def test_a_worker_that_is_told_to_end_leaves_a_redis_that_does_not_answer(desk: RunningDesk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        desk.start("work", "work", REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}")
        heard = silent.accept()[0]
        desk.stop("work", how=signal.SIGTERM)
        heard.close()
