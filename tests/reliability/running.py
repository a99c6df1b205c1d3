"""A desk of real processes for tests that kill them: listener, workers, clock, and a mail server that keeps a book."""

from __future__ import annotations

import email
import os
import signal
import smtplib
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis
from aiosmtpd.controller import Controller
from psycopg.rows import dict_row

from app.audit.chain import verify
from app.clock import iso
from tests.support.nursery import Child, nursery, run_code

ROOT = Path(__file__).resolve().parents[2]
SEED = """
import sys
from app import bootstrap, db
from app.cli import seed
from app.workflow import definitions
bootstrap.start()
seed.db.transact(seed._save_templates)
db.transact(lambda: definitions.publish(definitions.deploy("service_case", open(sys.argv[1], "rb").read()).id))
seed.seed_demo()
"""


def free_port() -> int:
    """Return a port of this host that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Sink:
    """The far end: a real SMTP server that notes every mail it accepted."""

    mails: list[bytes] = field(default_factory=list)
    controller: Controller | None = None

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 taken"

    def start(self) -> int:
        port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=port)
        self.controller.start()
        return port

    def stop(self) -> None:
        if self.controller is not None:
            self.controller.stop()

    def ids(self) -> Counter[str]:
        return Counter(str(email.message_from_bytes(mail)["Message-ID"]) for mail in self.mails)


class RunningDesk:
    """Processes on one database and one Valkey. `start` may be told at which point to die."""

    def __init__(self, *, database_url: str, redis_url: str, folder: Path, sink: Sink, lease: int = 2) -> None:
        self.database_url, self.redis_url, self.folder, self.sink = database_url, redis_url, folder, sink
        self.sink_port, self.smtp_port = sink.start(), free_port()
        self.processes: dict[str, Child] = {}
        self.env = {
            **os.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url, "DATA_DIR": str(folder),
            "SMTP_PORT": str(self.smtp_port), "LEASE_SECONDS": str(lease), "SWEEP_SECONDS": "1", "LOG_LEVEL": "warning",
            "DEMO_SMTP": f"127.0.0.1:{self.sink_port}", "SECRET_KEY": "only for tests, 32 bytes or more",
        }  # fmt: skip

    def seed(self, diagram: Path) -> None:
        """Make people, mailbox and one process in the database."""
        self.run_code(SEED, diagram)

    def run_code(self, code: str, *arguments: object) -> str:
        """Run a piece of code in a process of its own and return what it wrote."""
        return run_code(code, *arguments, env=self.env, folder=self.folder)

    def start(self, name: str, kind: str, *, crash_at: str = "", **more: str) -> None:
        """Start a process; with `crash_at` it kills itself there once."""
        env = {**self.env, **more}
        if crash_at:
            flag = self.folder / "crash"
            flag.touch()
            env["CRASH_AT"] = f"{crash_at}@{flag}"
        log = self.folder / f"{name}.log"
        self.processes[name] = nursery().fork(env=env, log=log, worker=kind, arguments=[])
        if kind == "listen":
            wait_for(lambda: answers(self.smtp_port), 60)  # a busy machine loads the code slowly

    def stop(self, name: str, *, how: int = signal.SIGKILL) -> None:
        process = self.processes.pop(name)
        process.send_signal(how)
        process.wait(30)

    def died(self, name: str) -> bool:
        return self.processes[name].poll() is not None

    def stop_all(self) -> None:
        for name in list(self.processes):
            self.stop(name)
        self.sink.stop()

    def query(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with psycopg.connect(self.database_url, row_factory=dict_row) as connection:
            return connection.execute(sql, values).fetchall()

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.redis_url)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def wait_for(condition: Callable[[], bool], seconds: float) -> float:
    """Wait until the condition holds and return how long that took; fail when it never does."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise AssertionError(f"not within {seconds} s: {condition.__name__}")
        time.sleep(0.05)
    return time.monotonic() - begun


def mail(key: str, *, subject: str = "No hot water") -> bytes:
    """Return a plain mail of a customer of its own."""
    lines = (
        f"From: Dana {key} <{key}@example.com>", "To: support@ringback.test", f"Subject: {subject} {key}",
        f"Message-ID: <{key}@example.com>", "Content-Type: text/plain", "", "The boiler shows E4.", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


def send(port: int, raw: bytes, *, tries: int = 40) -> None:
    """Hand a mail over as a mail server does: again and again until it hears 250."""
    for _attempt in range(tries):
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=10) as far:
                far.sendmail("customer@example.com", ["support@ringback.test"], raw)
                return
        except (OSError, smtplib.SMTPException):
            time.sleep(0.25)
    raise AssertionError("the mail was never taken")


def is_settled(desk: RunningDesk, keys: list[str]) -> bool:
    """Whether every mail is a message and nothing is under way."""
    wanted = [f"<{key}@example.com>" for key in keys]
    found = desk.query("select count(*) n from messages where rfc_id = any(%s)", wanted)[0]["n"]
    under_way = desk.query(
        "select (select count(*) from envelopes where state = 'received')"
        " + (select count(*) from deliveries where state in ('queued', 'sending')) n"
    )[0]["n"]
    return found >= len(wanted) and under_way == 0


def faults_of(desk: RunningDesk, keys: list[str]) -> list[str]:
    """Check the promises for these mails; returns what is broken. Reads only the tables and the far end's book."""
    broken: list[str] = []
    book = desk.sink.ids()
    for key in keys:
        rows = desk.query("select id, case_id from messages where rfc_id = %s", f"<{key}@example.com>")
        if len(rows) != 1:
            broken.append(f"{key}: {len(rows)} messages instead of one")
            continue
        broken += _faults_of_case(desk, key, rows[0]["case_id"], book)
    broken += _unfinished(desk)
    return broken


def _faults_of_case(desk: RunningDesk, key: str, case_id: int, book: Counter[str]) -> list[str]:
    broken = []
    sent = desk.query(
        "select m.rfc_id, d.state, d.reason from deliveries d join messages m on m.id = d.message_id"
        " where d.case_id = %s", case_id,
    )  # fmt: skip
    if len(sent) != 1:
        broken.append(f"{key}: {len(sent)} acknowledgements instead of one")
    for row in sent:
        times = book[row["rfc_id"]]
        if times != 1 and not (row["reason"] == "in_doubt" and times == 2):
            broken.append(f"{key}: acknowledged {times} times, state {row['state']}, reason {row['reason']!r}")
    tasks = desk.query(
        "select t.id from tasks t join drives d on d.instance_id = t.instance_id where d.case_id = %s", case_id
    )
    if len(tasks) != 1:
        broken.append(f"{key}: {len(tasks)} tasks instead of one")
    verdict = verify(_chain(desk, f"case:{case_id}"))
    if not verdict.is_intact:
        broken.append(f"{key}: the chain breaks at {verdict.bad_seq}: {verdict.why}")
    return broken


def _chain(desk: RunningDesk, chain: str) -> list[dict[str, Any]]:
    rows = desk.query("select * from audit_events where chain = %s order by seq", chain)
    return [{**row, "at": iso(row["at"])} for row in rows]


def _unfinished(desk: RunningDesk) -> list[str]:
    rows = desk.query("select id, state, error from envelopes where state in ('received', 'failed')")
    return [f"envelope {row['id']} is {row['state']}: {row['error']}" for row in rows]
