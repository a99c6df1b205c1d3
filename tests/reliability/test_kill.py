"""kill -9 at each named point of the one path: nothing is lost, nothing is doubled, work goes on."""

from __future__ import annotations

import secrets
import threading

import pytest

from tests.reliability.running import RunningDesk, faults_of, is_settled, mail, send, wait_for

LISTENER = ("edge.before_commit", "edge.after_commit")
WORKER = (
    "ingest.after_claim", "ingest.before_store", "ingest.before_commit", "engine.after_save",
    "outbox.after_claim", "outbox.after_send", "outbox.after_receipt",
)  # fmt: skip
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
