"""A run of robots against a desk, and what it came to: duplicates and losses, counted in the database and at the far end."""

from __future__ import annotations

import email
import json
import random
import smtplib
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import Any, Protocol

from tools.robots.agents import Book, Robot

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "support@ringback.test"
PATIENCE = 120
REST = 0.4  # seconds between two mails of customers who write again

# Robots have no password, which saves as many hashes: each gets an API token.
_AGENTS = """with made as (insert into users (login, name, email, password_hash, role, locale, theme, created_at)
  select 'robot' || n, 'Robot ' || n, '', 'none', 'agent', '', 'auto', now() from generate_series(1, %s) n returning id),
 joined as (insert into team_members (team_id, user_id) select t.id, made.id from made, teams t where t.key = 'service')
 select id from made order by id"""
_TOKENS = """
import json, sys
from app import bootstrap, db
from app.identity import sessions
bootstrap.start()
ids = [int(each) for each in sys.argv[1:]]
print(json.dumps(db.transact(lambda: [[each, sessions.new_api_token(each, "robot", days=1).text] for each in ids])))
"""
_TALKS = """select c.number, array_agg(m.direction order by m.id) as talk from messages m join cases c on c.id = m.case_id
 where m.direction <> 'note' and m.auto = 'none' group by c.number"""
_DRAFTS = (
    "select c.number, string_agg(d.text, ' ') as text from drafts d join cases c on c.id = d.case_id group by c.number"
)
_BUSY = """select (select count(*) from held_replies where ended_at is null)
 + (select count(*) from deliveries where state in ('queued', 'sending'))
 + (select count(*) from envelopes where state = 'received') as n"""


class Desk(Protocol):
    """A running desk, as far as robots need to know it."""

    port: int
    smtp_port: int
    env: dict[str, str]

    def query(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Run a statement on its database and commit."""

    def mails(self) -> list[bytes]:
        """Return what has arrived at the far end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    replies: int
    twice: tuple[str, ...]
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unexpected: tuple[str, ...]
    requests: int
    refused: tuple[str, ...]
    notes: int
    words: int
    taken: int
    p95: float

    @property
    def is_clean(self) -> bool:
        """Whether nothing was answered twice, lost, sent twice or answered with an error."""
        return not (self.twice or self.lost or self.doubled or self.unexpected)

    def __str__(self) -> str:
        """Say it in some lines."""
        refused = ", ".join(self.refused)
        done = (
            f"{self.replies} replies, {self.notes} notes, {self.words} words in drafts, {self.taken} drafts taken over"
        )
        wrong = (
            f"{len(self.twice)} duplicate replies, {len(self.doubled)} mails sent twice, {len(self.lost)} lost edits"
        )
        lines = [
            f"{self.requests} requests, p95 {self.p95 * 1000:.0f} ms; {done}",
            f"refused: {refused or 'nothing'}",
            f"{wrong}, {len(self.unexpected)} unexpected answers",
            *self.twice[:10], *self.doubled[:10], *self.lost[:10], *self.unexpected[:10],
        ]  # fmt: skip
        return "\n".join(lines)


def trial(desk: Desk, *, agents: int, cases: int, seconds: float, seed: int = 1) -> Outcome:
    """Open cases by mail, let agents work on them for so many seconds while customers write again, and compare."""
    numbers = _open_cases(desk, cases)
    ids = [row["id"] for row in desk.query(_AGENTS, agents)]
    command = [sys.executable, "-c", _TOKENS, *map(str, ids)]
    made = subprocess.run(command, check=True, cwd=ROOT, env=desk.env, timeout=PATIENCE, capture_output=True)
    book, until = Book(), time.monotonic() + seconds
    # A quarter of the cases is for drafts that are only written; every other agent sits at two machines.
    written, talked = numbers[: max(1, cases // 4)], numbers[max(1, cases // 4) :]
    machines = [
        Robot(desk.port, user_id, token, book, random.Random(seed * 1000 + user_id * 2 + machine))  # noqa: S311 -- plays
        for user_id, token in json.loads(made.stdout.splitlines()[-1])
        for machine in range(1 + user_id % 2)
    ]
    tasks: list[Callable[[], None]] = [partial(robot.work, talked, written, until) for robot in machines]
    _all([*tasks, partial(_write_again, desk, cases, random.Random(seed), until)])  # noqa: S311
    _wait(lambda: desk.query(_BUSY)[0]["n"] == 0)
    return compared(desk, book)


def _all(tasks: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=task, daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE * 10)


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the desk does not come to rest")
        time.sleep(0.1)


def _mail(desk: Desk, number: int, *, again: str = "") -> None:
    mail, first = EmailMessage(), f"<robots-{number}@example.com>"
    mail["From"], mail["To"], mail["Subject"] = f"customer{number}@example.com", ADDRESS, f"Robots {number}"
    mail["Message-ID"] = f"<robots-{number}-{again}@example.com>" if again else first
    if again:
        mail["In-Reply-To"] = mail["References"] = first
    mail.set_content(f"Any news? {again}" if again else "There is no hot water.")
    with smtplib.SMTP("127.0.0.1", desk.smtp_port, timeout=30) as far:
        far.send_message(mail)


def _open_cases(desk: Desk, count: int) -> list[str]:
    for number in range(count):
        _mail(desk, number)
    opened = (
        "select distinct c.number from cases c join drives d on d.case_id = c.id join tasks t on t.instance_id = d.instance_id"
        " where t.state = 'open' and c.subject like 'Robots %%' order by c.number"
    )
    _wait(lambda: len(desk.query(opened)) >= count)
    return [row["number"] for row in desk.query(opened)]


def _write_again(desk: Desk, cases: int, dice: random.Random, until: float) -> None:
    """Customers write again while they are answered."""
    while time.monotonic() < until:
        _mail(desk, dice.randrange(cases), again=f"{dice.getrandbits(48):x}")
        time.sleep(REST)


def compared(desk: Desk, book: Book) -> Outcome:
    """Return what the desk's database and the far end say of what the book holds."""
    talks = {row["number"]: row["talk"] for row in desk.query(_TALKS)}
    twice = [
        f"{number} was answered twice, at {place} of its talk"
        for number, talk in talks.items()
        for place, pair in enumerate(pairwise(talk))
        if pair == ("out", "out")
    ]
    stored = {row["text"] for row in desk.query("select text from messages where direction = 'note'")}
    drafts = {row["number"]: set(row["text"].split()) for row in desk.query(_DRAFTS)}
    lost = [f"lost: {note}" for note in book.notes if note not in stored]
    lost += [
        f"lost: a word of a draft on {number}" for number, word in book.words if word not in drafts.get(number, ())
    ]
    arrived = Counter(str(email.message_from_bytes(mail)["Message-ID"]) for mail in desk.mails())
    return Outcome(
        replies=sum(talk.count("out") for talk in talks.values()), twice=tuple(twice), lost=tuple(lost),
        doubled=tuple(f"sent {count} times: {name}" for name, count in arrived.items() if count > 1),
        unexpected=tuple(book.refused(usual=False)), requests=len(book.seconds), refused=tuple(book.refused(usual=True)), notes=len(book.notes), words=len(book.words),
        taken=book.answers["take draft", ""], p95=quantiles(book.seconds, n=20)[-1] if len(book.seconds) > 1 else 0.0,
    )  # fmt: skip
