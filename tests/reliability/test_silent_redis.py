"""A Redis that hangs, and one that is away: nobody who hands something over waits for it, and work goes on without it."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.conftest import SIMPLE
from tests.reliability.running import RunningDesk, Sink, faults_of, is_settled, mail, send, wait_for
from tests.support.databases import TestDatabases
from tests.support.valve import Valve

pytestmark = pytest.mark.slow
WITHIN = 40
TAKEN_WITHIN = 10  # an SMTP client of the test gives up after this


@pytest.fixture(scope="module")
def valve(databases: TestDatabases, worker_id: str) -> Iterator[Valve]:
    """What stands between the desk and its Valkey."""
    valve = Valve(databases.empty_valkey(worker_id))
    yield valve
    valve.stop()


@pytest.fixture(scope="module")
def desk(databases: TestDatabases, worker_id: str, valve: Valve) -> Iterator[RunningDesk]:
    """Listener, worker and clock that reach their Valkey through the valve."""
    with tempfile.TemporaryDirectory(prefix="rb-desk-") as folder:
        running = RunningDesk(
            database_url=databases.make_beside(f"silent_{worker_id}"),
            redis_url=valve.url,
            folder=Path(folder),
            sink=Sink(),
        )
        running.seed(SIMPLE)
        for kind in ("clock", "work", "listen"):
            running.start(kind, kind)
        try:
            yield running
        finally:
            running.stop_all()


@pytest.mark.parametrize(
    "fails,heals", [(Valve.hang, Valve.go_on), (Valve.refuse, Valve.take_again)], ids=("hangs", "is away")
)
def test_work_goes_on_without_redis_and_with_it_again(desk, valve, capsys, fails, heals):
    keys = [f"r{secrets.token_hex(4)}" for _ in range(4)]
    send(desk.smtp_port, mail(keys[0]))
    wait_for(lambda: is_settled(desk, keys[:1]), WITHIN)
    fails(valve)
    try:
        begun = time.monotonic()
        for key in keys[1:3]:
            send(desk.smtp_port, mail(key), tries=1)
        taken = time.monotonic() - begun
        worked = wait_for(lambda: is_settled(desk, keys[:3]), WITHIN)
    finally:
        heals(valve)
    send(desk.smtp_port, mail(keys[3]))
    again = wait_for(lambda: is_settled(desk, keys), WITHIN)
    with capsys.disabled():
        print(
            f"\n  two mails taken in {taken:.1f} s, settled {worked:.1f} s later, one more {again:.1f} s after it was back"
        )
    assert taken < 2 * TAKEN_WITHIN
    assert faults_of(desk, keys) == []
