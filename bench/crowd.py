"""Hundreds of agents at once: each listens to the event stream and does something every ten seconds, while mails come in."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import orjson
import psycopg

from app import db, streaming
from app.identity import queries as people
from app.identity import service as identity
from app.identity import sessions
from app.identity.models import Role
from bench import smtp_load
from bench.desk import Desk, pss_megabytes
from bench.mails import Mail, generate
from bench.report import Figure, Report, quantile

AGENTS = 300
EVERY = 10.0  # seconds between two acts of one agent
MAILS_A_SECOND = 5
SECONDS = 120.0
_TASKS = """select t.id as task, c.number from tasks t join drives d on d.instance_id = t.instance_id join cases c on c.id = d.case_id
 where t.state = 'open' and t.element_id = 'handle' and c.queue_key = 'service' order by t.id desc limit %s"""
Act = tuple[str, str, str, bytes]  # what it is, method, path, body


@dataclass(slots=True)
class Agent:
    """One agent's browser: a session, the cases they will work on, and what the stream has told them."""

    number: int
    cookie: str
    token: str
    admission: str
    work: list[tuple[int, str]] = field(default_factory=list)
    heard: int = 0

    def acts(self) -> Iterator[Act]:
        """List, open, reply, complete the step, and again with the next case."""
        for task, case in self.work:
            yield "list", "GET", "/inbox/team", b""
            yield "open", "GET", f"/cases/{case}", b""
            yield (
                "reply",
                "POST",
                f"/api/v1/cases/{case}/messages",
                orjson.dumps({"kind": "reply", "text": "We look into it."}),
            )
            yield "list", "GET", "/inbox/team", b""
            values = {"outcome": "ask", "question": "Which meter is it, please?"}
            yield "step", "POST", f"/api/v1/tasks/{task}/complete", orjson.dumps({"values": values})
        while True:
            yield "list", "GET", "/inbox/all", b""


@dataclass(slots=True)
class Outcome:
    """Latencies in seconds by what was done, and what went wrong."""

    latencies: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)

    def all(self) -> list[float]:
        """Return every latency."""
        return [each for found in self.latencies.values() for each in found]


def measure(report: Report, desk: Desk, *, url: str, agents: int = AGENTS, seconds: float = SECONDS) -> None:
    """Let the agents work and print percentiles, errors and the memory of all processes."""
    report.begin(f"{agents} agents on the stream, an act each {EVERY:g} s, {MAILS_A_SECOND} mails/s")
    crew = hire(agents)
    _give_work(crew, url)
    outcome = asyncio.run(_day(desk, crew, seconds=seconds))
    found = outcome.all()
    heard = sum(agent.heard for agent in crew)
    note = f"{len(found)} acts, {heard} events heard; " + ", ".join(
        f"{name} {quantile(each, 0.95) * 1000:.0f} ms" for name, each in sorted(outcome.latencies.items())
    )
    report.add(Figure("an act: p95", quantile(found, 0.95) * 1000, "ms", 250, note=note))
    report.add(
        Figure(
            "an act: p99", quantile(found, 0.99) * 1000, "ms", 500, note=f"median {quantile(found, 0.5) * 1000:.0f} ms"
        )
    )
    report.add(Figure("errors", len(outcome.errors), "", 0, note="; ".join(sorted(set(outcome.errors))[:3])))
    report.add(Figure("memory of all processes (PSS)", pss_megabytes(desk.process.pid), "MB", 2500))


def hire(agents: int) -> list[Agent]:
    """Make agents of the service team, each signed in, with a token and an admission to the stream."""
    team_id, known = db.transact(
        lambda: (
            next(team.id for team in people.teams() if team.key == "service"),
            {user.login: user.id for user in people.users()},
        )
    )
    crew = []
    for number in range(agents):
        login = f"crowd{number}"

        def one(login: str = login) -> tuple[str, str, int]:
            user_id = known.get(login)
            if user_id is None:
                user_id = identity.create_user(
                    login, f"{login}-password-of-the-bench", name=f"Agent {login}", role=Role.AGENT
                ).id
                identity.add_member(team_id, user_id)
            return sessions.start(user_id).token, sessions.new_api_token(user_id, "bench").text, user_id

        session, token, user_id = db.transact(one)
        admission = streaming.admission(user_id=user_id, role="agent", team_ids=[team_id])
        crew.append(Agent(number, f"Cookie: ringback={session}\r\n", f"Authorization: Bearer {token}\r\n", admission))
    return crew


def _give_work(crew: Sequence[Agent], url: str) -> None:
    """Share the cases that came in by mail; nobody works on another's."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(_TASKS, [len(crew) * 3]).fetchall()
    for place, (task, number) in enumerate(rows):
        crew[place % len(crew)].work.append((int(task), str(number)))


async def _day(desk: Desk, crew: Sequence[Agent], *, seconds: float) -> Outcome:
    outcome = Outcome()
    listening = [asyncio.create_task(_listen(agent, *desk.stream)) for agent in crew]
    await asyncio.sleep(3)
    mails = threading.Thread(target=_post, args=(desk.smtp, seconds))
    mails.start()
    until = time.monotonic() + seconds
    await asyncio.gather(*(_work(agent, desk.address, outcome, until=until) for agent in crew))
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    await asyncio.to_thread(mails.join)
    return outcome


def _post(address: tuple[str, int], seconds: float) -> None:
    mails: list[Mail] = list(generate(int(seconds * MAILS_A_SECOND), seed=int(time.time())))
    begun = time.monotonic()
    for second in range(int(seconds)):
        smtp_load.send(mails[second * MAILS_A_SECOND : (second + 1) * MAILS_A_SECOND], address)
        time.sleep(max(0.0, begun + second + 1 - time.monotonic()))


async def _listen(agent: Agent, host: str, port: int) -> None:
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET /stream?admission={agent.admission} HTTP/1.1\r\nHost: desk\r\n\r\n".encode())
            while line := await reader.readline():
                agent.heard += line.startswith(b"data:")
        await asyncio.sleep(0.2)


async def _work(agent: Agent, address: tuple[str, int], outcome: Outcome, *, until: float) -> None:
    chance = random.Random(agent.number)
    await asyncio.sleep(chance.uniform(0, EVERY))
    reader, writer = await asyncio.open_connection(*address)
    for name, method, path, body in agent.acts():
        if time.monotonic() > until:
            break
        begun = time.perf_counter()
        try:
            status, answer = await _ask(reader, writer, agent, method=method, path=path, body=body)
        except (OSError, asyncio.IncompleteReadError):  # a kept connection that the server has closed is opened anew
            reader, writer = await asyncio.open_connection(*address)
            status, answer = await _ask(reader, writer, agent, method=method, path=path, body=body)
        took = time.perf_counter() - begun
        outcome.latencies[name].append(took)
        if status not in (200, 201):
            outcome.errors.append(f"{name}: {status} {answer[:120]!r}")
        await asyncio.sleep(max(0.0, chance.uniform(0.9, 1.1) * EVERY - took))
    writer.close()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, agent: Agent, *, method: str, path: str, body: bytes
) -> tuple[int, bytes]:
    who = agent.token if path.startswith("/api/") else agent.cookie
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: desk\r\n{who}{kind}\r\n".encode() + body)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    return int(head[9:12]), await reader.readexactly(length)
