"""Mail from SMTP to a case that its process has triaged and acknowledged, with what it costs the machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg

from bench import smtp_load
from bench.desk import Desk, cpu_seconds
from bench.mails import generate
from bench.report import Figure, Report

MAILS = 500
_OPEN = "select count(*) from envelopes where state = 'received'"
_DONE = "select count(*), extract(epoch from max(done_at)) from envelopes where id > %s and state = 'done'"
_SENT = "select count(*) filter (where state <> 'sent'), extract(epoch from max(sent_at)) from deliveries where id > %s"


@dataclass(frozen=True, slots=True)
class Flow:
    """One run: mails per second to the acknowledgement and to its delivery, processor milliseconds a mail, mails threaded."""

    rate: float
    delivered_rate: float
    cpu_ms: float
    threaded: int
    expected: int


def measure(report: Report, desk: Desk, *, url: str, cases: int, before: Flow | None = None) -> Flow:
    """Send 500 mails and wait until all are cases with an acknowledgement; `before` is the run with few cases."""
    report.begin(f"Mail in, at {cases:,} cases")
    found = run(desk, url, seed=cases)
    note = f"{found.cpu_ms:.1f} ms of processor time a mail, {found.threaded}/{found.expected} replies found their case"
    report.add(Figure("mails triaged and acknowledged, 2 workers", found.rate, "/s", 120, at_least=True, note=note))
    report.add(Figure("until the acknowledgements are delivered", found.delivered_rate, "/s"))
    cores = 2000 / found.cpu_ms
    report.add(Figure("what two whole cores would carry at that cost", cores, "/s", note="sender not counted"))
    if before is not None:
        report.add(Figure("processor time a mail, to that with few cases", found.cpu_ms / before.cpu_ms, "×", 1.2))
    return found


def run(desk: Desk, url: str, *, seed: int) -> Flow:
    """Send the mails of this seed and wait for them."""
    mails = list(generate(MAILS, seed=seed))
    with psycopg.connect(url, autocommit=True) as connection:
        envelope, delivery, message = (
            _one(connection, f"select coalesce(max(id), 0) from {table}")
            for table in ("envelopes", "deliveries", "messages")
        )
        cpu, begun = cpu_seconds(desk.process.pid), time.time()
        smtp_load.send(mails, desk.smtp)
        _wait(connection, _OPEN)
        cpu = cpu_seconds(desk.process.pid) - cpu
        count, done_at = connection.execute(_DONE, [envelope]).fetchone()  # type: ignore[misc]
        if count != MAILS:
            raise SystemExit(f"Only {count} of {MAILS} mails became messages.")
        _wait(connection, "select count(*) from deliveries where state in ('queued', 'sending')")
        _, sent_at = connection.execute(_SENT, [delivery]).fetchone()  # type: ignore[misc]
        threaded = _one(
            connection, f"select count(*) from messages where id > {message} and direction = 'in' and reason like 'references%'"
        )  # fmt: skip
    replies = sum(mail.is_reply for mail in mails)
    return Flow(
        MAILS / (float(done_at) - begun), MAILS / (float(sent_at) - begun), cpu / MAILS * 1000, threaded, replies
    )  # fmt: skip


def _wait(connection: psycopg.Connection[Any], query: Any) -> None:
    until = time.monotonic() + 180
    while _one(connection, query):
        if time.monotonic() > until:
            raise SystemExit("The desk did not get through the mails within three minutes.")
        time.sleep(0.05)


def _one(connection: psycopg.Connection[Any], query: Any) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None
