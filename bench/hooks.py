"""Webhooks of text messages at a fixed pace while two workers take them in: how fast each is acknowledged, none lost, none twice.

Of ten requests six bring a message (a third of them to a chat of texts that goes on), two tell of messages sent, one repeats what came
before, one is forged. The pace is kept whatever the desk does: a request that is late is measured from when it was due.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import orjson
import psycopg

from app import db
from app.messaging import accounts
from bench import http_load
from bench.desk import Desk
from bench.report import Figure, Report, quantile
from channels.sms import loopback

RATE = 200
SECONDS = 20
CONNECTIONS = 24
SECRET = "a secret of the benchmark"  # noqa: S105 -- of an account that lives as long as the benchmark
NUMBER = "+4930900000"
PATIENCE = 240.0
_STORED = """select count(*), count(*) filter (where state = 'received'), count(*) filter (where state = 'failed')
 from envelopes where account_id = %s"""
_MESSAGES = """select count(*), count(distinct e.external_id) from messages m join envelopes e on e.message_id = m.id
 where e.account_id = %s and m.direction = 'in'"""


@dataclass(slots=True)
class Outcome:
    """What was posted and what came back."""

    messages: int = 0
    news: int = 0
    latencies: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Post:
    """One request: when it is due (seconds after the start), its body, whether it is signed, and the status it must get."""

    at: float
    body: bytes
    is_signed: bool
    wanted: int


def measure(report: Report, desk: Desk, *, url: str) -> None:
    """Post at the pace, then wait until the workers are done, and count."""
    report.begin(f"Webhooks, {RATE} a second for {SECONDS} s")
    account = db.transact(_account)
    posts = list(_posts(RATE * SECONDS))
    outcome = _posted(desk, f"/hooks/{account[1]}/in", posts)
    report.add(
        Figure("acknowledged: p95", quantile(outcome.latencies, 0.95) * 1000, "ms", 50,
               note=f"median {quantile(outcome.latencies, 0.5) * 1000:.1f} ms, p99 {quantile(outcome.latencies, 0.99) * 1000:.0f} ms")
    )  # fmt: skip
    report.add(
        Figure("answered otherwise than they should", len(outcome.wrong), "", 0, note="; ".join(outcome.wrong[:2]))
    )
    wanted = len({post.body for post in posts if post.is_signed})
    texts = len({post.body for post in posts if post.is_signed and b'"text"' in post.body})
    begun = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        stored, waiting, failed = _drained(connection, account[0])
        messages, distinct = connection.execute(_MESSAGES, [account[0]]).fetchone() or (0, 0)
    note = f"{wanted} stored wanted; the workers were done {time.monotonic() - begun:.0f} s after the last one"
    report.add(Figure("lost", wanted - stored + waiting + failed + texts - distinct, "", 0, note=note))
    report.add(Figure("stored twice", (stored - wanted) + (messages - distinct), "", 0))


def _account() -> tuple[int, str]:
    made = accounts.save(
        None, kind="sms", provider="loopback", name="Bench", address=NUMBER, config={"address": NUMBER},
        secrets={"webhook_secret": SECRET}, queue_key="service",
    )  # fmt: skip
    return made.id, made.hook_key


def _posts(count: int) -> Iterator[Post]:
    earlier = b""
    for number in range(count):
        at, kind = number / RATE, number % 10
        if kind == 8 and earlier:
            yield Post(at, earlier, is_signed=True, wanted=200)
            continue
        if kind in (6, 7):
            news = {"id": f"unknown-{number}", "state": "delivered"}
            yield Post(at, orjson.dumps(news), is_signed=True, wanted=200)
            continue
        sender = f"+49151{number // 30 if kind < 2 else number:07d}"
        body = orjson.dumps({"id": f"m-{number}", "from": sender, "text": f"Our heating is cold, number {number}."})
        earlier = body if kind != 9 else earlier
        yield Post(at, body, is_signed=kind != 9, wanted=200 if kind != 9 else 403)


def _posted(desk: Desk, path: str, posts: Sequence[Post]) -> Outcome:
    outcome, start = Outcome(), time.monotonic() + 0.5
    threads = [
        threading.Thread(target=_pace, args=(desk, path, posts[number::CONNECTIONS], start, outcome))
        for number in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcome


def _pace(desk: Desk, path: str, posts: Sequence[Post], start: float, outcome: Outcome) -> None:
    with http_load.Client(desk.address) as client:
        for post in posts:
            time.sleep(max(0.0, start + post.at - time.monotonic()))
            proof = loopback.signed(post.body, SECRET if post.is_signed else "a secret of somebody else")
            client.headers = "".join(f"{name}: {value}\r\n" for name, value in proof.items())
            status, _, _ = client.ask("POST", path, body=post.body, kind="application/json")
            outcome.latencies.append(time.monotonic() - start - post.at)
            if status != post.wanted:
                outcome.wrong.append(f"{status} instead of {post.wanted}: {post.body[:80]!r}")


def _drained(connection: psycopg.Connection[tuple[int, ...]], account_id: int) -> tuple[int, int, int]:
    until = time.monotonic() + PATIENCE
    while True:
        stored, waiting, failed = connection.execute(_STORED, [account_id]).fetchone() or (0, 0, 0)
        if not waiting or time.monotonic() > until:
            return stored, waiting, failed
        time.sleep(0.2)
