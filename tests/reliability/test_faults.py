"""Redis emptied, connections cut, the same mail many times, a worker asleep past its lease, and proof that the checker can fail."""

from __future__ import annotations

import secrets
import signal
import statistics
import threading
import time
from pathlib import Path

import pytest

from tests.reliability.running import RunningDesk, faults_of, is_settled, mail, send, wait_for

pytestmark = pytest.mark.slow
TIMED = Path(__file__).parent / "timed.bpmn"
SIMPLE = Path(__file__).parents[1] / "journeys" / "simple.bpmn"
TIMERS = 200
LATE_SECONDS = 2.0
START_TIMED = """
import sys
from app import bootstrap, db
from app.cases import service as cases
from app.messaging import accounts
from app.orchestration import driving
from app.workflow import definitions
bootstrap.start()
def publish(path):
    db.transact(lambda: definitions.publish(definitions.deploy("service_case", open(path, "rb").read()).id))
def start():
    for number in range(int(sys.argv[3])):
        case = cases.open_case(subject=f"timed {number}", channel="email", contact_id=None, contact_name="")
        driving.start_case(case, message={})
publish(sys.argv[1])
db.transact(start)
publish(sys.argv[2])
"""


@pytest.fixture(scope="module", autouse=True)
def processes(desk: RunningDesk) -> None:
    desk.start("clock", "clock")
    desk.start("work-1", "work")
    desk.start("work-2", "work")
    desk.start("listen", "listen")


def _key() -> str:
    return f"f{secrets.token_hex(4)}"


def test_the_same_mail_twenty_times_at_once_is_one_message(desk: RunningDesk) -> None:
    key = _key()
    same = [threading.Thread(target=send, args=(desk.smtp_port, mail(key))) for _ in range(10)]
    relayed = [
        threading.Thread(target=send, args=(desk.smtp_port, b"Received: by hop%d\r\n" % n + mail(key)))
        for n in range(10)
    ]
    for thread in (*same, *relayed):
        thread.start()
    for thread in (*same, *relayed):
        thread.join()
    wait_for(lambda: is_settled(desk, [key]), 90)
    assert faults_of(desk, [key]) == []


def test_dropped_database_connections_cost_nothing(desk: RunningDesk) -> None:
    keys = [_key() for _ in range(12)]
    for number, key in enumerate(keys):
        send(desk.smtp_port, mail(key))
        if number % 3 == 0:
            desk.query(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid()"
            )
    wait_for(lambda: is_settled(desk, keys), 90)
    assert faults_of(desk, keys) == []


def test_a_worker_that_slept_past_its_lease_writes_nothing(desk: RunningDesk) -> None:
    desk.stop("work-2")
    desk.stop("work-1")
    key = _key()
    send(desk.smtp_port, mail(key))
    desk.start("sleeper", "work", crash_at="stop:outbox.after_send")
    wait_for(lambda: desk.sink.ids().total() > 0 and _is_stopped(desk, "sleeper"), 20)
    desk.start("work-1", "work")
    wait_for(lambda: is_settled(desk, [key]), 90)
    before = desk.query("select state, attempts, fence from deliveries order by id desc limit 1")
    desk.processes["sleeper"].send_signal(signal.SIGCONT)
    time.sleep(1)
    assert desk.query("select state, attempts, fence from deliveries order by id desc limit 1") == before
    assert faults_of(desk, [key]) == []
    desk.stop("sleeper")
    desk.start("work-2", "work")


def _is_stopped(desk: RunningDesk, name: str) -> bool:
    state = Path(f"/proc/{desk.processes[name].pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


def test_an_emptied_redis_loses_no_timer_and_no_mail(desk: RunningDesk, capsys: pytest.CaptureFixture[str]) -> None:
    key = _key()
    send(desk.smtp_port, mail(key))
    wait_for(lambda: is_settled(desk, [key]), 90)
    desk.run_code(START_TIMED, TIMED, SIMPLE, TIMERS)
    due = desk.query("select min(due_at) first, max(due_at) last from waiting_timers")[0]
    with desk.redis() as redis:
        while desk.query("select now() < %s waits", due["last"])[0]["waits"]:
            redis.flushall()
            time.sleep(0.3)
    wait_for(lambda: not desk.query("select 1 from waiting_timers"), 90)
    rows = desk.query("select (data ->> 'due_at')::timestamptz due, at from audit_events where kind = 'timer_fired'")
    late = [(row["at"] - row["due"]).total_seconds() for row in rows]
    with capsys.disabled():
        print(
            f"\n  timers after FLUSHALL: {len(late)}, median {statistics.median(late):.2f} s late, worst {max(late):.2f} s"
        )
    assert len(late) == TIMERS
    assert min(late) >= 0
    assert max(late) < 60


def test_the_checker_sees_what_dedupe_prevents(desk: RunningDesk) -> None:
    _restart(desk, DEDUPE="off")
    key = _key()
    for _ in range(3):
        send(desk.smtp_port, mail(key))
    wait_for(lambda: is_settled(desk, [key]), 90)
    found = faults_of(desk, [key])
    _restart(desk)  # the tests come in any order
    assert found == [f"{key}: 3 messages instead of one"]


def _restart(desk: RunningDesk, **env: str) -> None:
    for name, kind in (("work-1", "work"), ("work-2", "work"), ("listen", "listen")):
        desk.stop(name)
        desk.start(name, kind, **env)
