"""Three hundred chats that are open at once: how long until what one side says is on the other side's screen.

Each visitor and each agent listens to the stream; a line counts as shown when the stream has told of it and the screen has fetched it.
Visitors come from addresses of their own, as real ones do: limits are counted by address.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
import psycopg

from app import db, visiting
from app.cases import service as cases
from app.identity import queries as people
from app.messaging import accounts
from app.orchestration.chatting import beginning
from bench.crowd import Agent, hire
from bench.desk import Desk
from bench.report import Figure, Report, quantile

CHATS = 300
AGENTS = 30
SECONDS = 30.0
EVERY = 10.0  # seconds between two lines of one chat; they take turns
PATIENCE = 20.0
KEY = "bench-chat"
_CASES = "select c.id, k.number, c.case_id from chats c join cases k on k.id = c.case_id where c.id = any(%s)"
_LINES = """select m.text, count(*) from messages m join chats c on c.case_id = m.case_id
 where c.id = any(%s) and m.text like 'line %%' group by m.text"""


@dataclass(slots=True)
class Talk:
    """One chat: its visitor's token and address, its case, and who is told of what."""

    chat_id: int
    token: str
    source: str
    number: str = ""
    case_id: int = 0
    seen: int = 0
    to_visitor: asyncio.Event = field(default_factory=asyncio.Event)
    to_agent: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Outcome:
    """Seconds until a line was on the other screen, by side; what was said; what went wrong."""

    to_agent: list[float] = field(default_factory=list)
    to_visitor: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def measure(report: Report, desk: Desk, *, url: str, chats: int = CHATS, seconds: float = SECONDS) -> None:
    """Open the chats, let both sides talk, and print how fast it went and whether each line is there once."""
    report.begin(f"{chats} open chats, a line each {EVERY:g} s")
    crew, talks = hire(AGENTS), _open(chats)
    outcome = asyncio.run(_talk(desk, crew, talks, url=url, seconds=seconds))
    for name, found in (
        ("from the visitor to the agent's screen", outcome.to_agent),
        ("from the agent to the visitor's screen", outcome.to_visitor),
    ):
        note = f"{len(found)} lines, median {quantile(found, 0.5) * 1000:.0f} ms, p99 {quantile(found, 0.99) * 1000:.0f} ms"
        report.add(Figure(f"{name}: p95", quantile(found, 0.95) * 1000, "ms", 250, note=note))
    with psycopg.connect(url) as connection:
        there: dict[str, int] = dict(connection.execute(_LINES, [[talk.chat_id for talk in talks]]).fetchall())
    report.add(Figure("lines lost", sum(line not in there for line in outcome.said), "", 0))
    report.add(Figure("lines doubled", sum(there.get(line, 1) > 1 for line in outcome.said), "", 0))
    wrong = "; ".join(sorted(set(outcome.errors))[:2])
    report.add(Figure("errors", len(outcome.errors), "", 0, note=wrong))


def _open(chats: int) -> list[Talk]:
    def begin() -> list[Talk]:
        if accounts.by_address("chat", KEY) is None:
            accounts.save(None, kind="chat", provider="widget", name="Bench", address=KEY, config={"address": KEY},
                          secrets={}, queue_key="service")  # fmt: skip
        account, config = beginning.widget(KEY)
        talks = []
        for number in range(chats):
            chat, token = beginning.begin(account, config, {"name": f"Visitor {number}", "language": "en"})
            talks.append(Talk(chat.id, token, f"127.1.{number // 200}.{number % 200 + 1}"))
        return talks

    return db.transact(begin)


async def _talk(desk: Desk, crew: Sequence[Agent], talks: Sequence[Talk], *, url: str, seconds: float) -> Outcome:
    outcome = Outcome()
    origin = str(desk.info["url"])
    for talk in talks:  # the first line makes the case
        await _say(desk, talk, f"Hello from chat {talk.chat_id}", origin=origin, outcome=outcome)
    await asyncio.to_thread(_await_cases, talks, url)
    hands = [talks[place :: len(crew)] for place in range(len(crew))]
    for agent, mine in zip(crew, hands, strict=True):
        await asyncio.to_thread(_give, agent, mine)
    listening = [
        asyncio.create_task(_hear_agent(desk, agent, {talk.case_id: talk for talk in mine}))
        for agent, mine in zip(crew, hands, strict=True)
    ]
    listening += [asyncio.create_task(_hear_visitor(desk, talk, origin)) for talk in talks]
    await asyncio.sleep(3)
    until = time.monotonic() + seconds
    await asyncio.gather(
        *(_both(desk, crew[place % len(crew)], talk, outcome, until=until) for place, talk in enumerate(talks))
    )
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    return outcome


def _await_cases(talks: Sequence[Talk], url: str) -> None:
    ids, until = [talk.chat_id for talk in talks], time.monotonic() + 180
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() < until:
            found = {row[0]: row[1:] for row in connection.execute(_CASES, [ids])}
            waiting = connection.execute(
                "select (select count(*) from envelopes where state = 'received')"
                " + (select count(*) from deliveries where state in ('queued', 'sending'))"
            ).fetchone()
            if len(found) == len(talks) and waiting == (0,):
                break
            time.sleep(0.2)
        else:
            raise SystemExit("The chats did not become cases within three minutes.")
    for talk in talks:
        talk.number, talk.case_id = found[talk.chat_id]


def _give(agent: Agent, talks: Sequence[Talk]) -> None:
    """Give chats to the agent who answers them, as taking an offer does."""

    def give() -> None:
        user_id = people.user_by_login(f"crowd{agent.number}").id
        for talk in talks:
            cases.assign(cases.lock(talk.case_id), user_id)

    db.transact(give)


async def _both(desk: Desk, agent: Agent, talk: Talk, outcome: Outcome, *, until: float) -> None:
    chance = random.Random(talk.chat_id)
    await asyncio.sleep(chance.uniform(0, EVERY))
    origin, turn = str(desk.info["url"]), 0
    while time.monotonic() < until:
        text, begun = f"line {talk.chat_id}-{turn}", time.perf_counter()
        try:
            if turn % 2 == 0:
                talk.to_agent.clear()
                await _say(desk, talk, text, origin=origin, outcome=outcome)
                await _shown(talk.to_agent, lambda: _timeline(desk, agent, talk), text)
                outcome.to_agent.append(time.perf_counter() - begun)
            else:
                talk.to_visitor.clear()
                await _answer(desk, agent, talk, text)
                await _shown(talk.to_visitor, lambda: _lines(desk, talk, origin), text)
                outcome.to_visitor.append(time.perf_counter() - begun)
            outcome.said.append(text)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
            side = "the visitor's" if turn % 2 else "the agent's"
            outcome.errors.append(f"not on {side} screen: {type(error).__name__} {error}"[:120])
        turn += 1
        await asyncio.sleep(max(0.0, chance.uniform(0.9, 1.1) * EVERY - (time.perf_counter() - begun)))


async def _shown(told: asyncio.Event, fetch: object, text: str) -> None:
    """Wait until the stream tells of something and what is fetched then holds the text."""
    async with asyncio.timeout(PATIENCE):
        while True:
            await told.wait()
            told.clear()
            if text.encode() in await fetch():  # type: ignore[operator]
                return


async def _say(desk: Desk, talk: Talk, text: str, *, origin: str, outcome: Outcome) -> None:
    body = orjson.dumps({"id": f"{talk.chat_id}-{text}".replace(" ", "_")[:60].ljust(8, "_"), "text": text})
    status, answer = await _once(
        desk.address, "POST", f"/chat/{KEY}/lines", body=body, source=talk.source,
        headers=f"Origin: {origin}\r\nAuthorization: Bearer {talk.token}\r\n",
    )  # fmt: skip
    if status != 202:
        outcome.errors.append(f"say: {status} {answer[:80]!r}")


async def _answer(desk: Desk, agent: Agent, talk: Talk, text: str) -> None:
    body = orjson.dumps({"kind": "reply", "text": text})
    status, answer = await _once(
        desk.address, "POST", f"/api/v1/cases/{talk.number}/messages", body=body, headers=agent.token
    )
    if status not in (200, 201):
        raise ValueError(f"answer: {status} {answer[:80]!r}")


async def _timeline(desk: Desk, agent: Agent, talk: Talk) -> bytes:
    _, answer = await _once(desk.address, "GET", f"/cases/{talk.number}/timeline", headers=agent.cookie)
    return answer


async def _lines(desk: Desk, talk: Talk, origin: str) -> bytes:
    headers = f"Origin: {origin}\r\nAuthorization: Bearer {talk.token}\r\n"
    _, answer = await _once(
        desk.address, "GET", f"/chat/{KEY}/lines?after={talk.seen}", headers=headers, source=talk.source
    )
    found = orjson.loads(answer)
    talk.seen = max([talk.seen, *(line["id"] for line in found.get("lines", []))])
    return answer


async def _once(
    address: tuple[str, int], method: str, path: str, *, headers: str, body: bytes = b"", source: str = ""
) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection(*address, local_addr=(source, 0) if source else None)
    try:
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n{headers}{kind}\r\n".encode() + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        return int(head[9:12]), await reader.readexactly(length)
    finally:
        writer.close()


async def _hear_agent(desk: Desk, agent: Agent, talks: dict[int, Talk]) -> None:
    await _hear(desk, f"/stream?admission={agent.admission}", lambda news: _tell_agent(news, talks))


def _tell_agent(news: dict[str, object], talks: dict[int, Talk]) -> None:
    talk = talks.get(news.get("case"))  # type: ignore[call-overload]
    if talk is not None:
        talk.to_agent.set()


async def _hear_visitor(desk: Desk, talk: Talk, origin: str) -> None:
    admission = visiting.admission(chat_id=talk.chat_id, origin=origin)
    await _hear(desk, f"/stream?visitor={admission}", lambda _news: talk.to_visitor.set())


async def _hear(desk: Desk, path: str, tell: object) -> None:
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(*desk.stream)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: desk\r\nOrigin: {desk.info['url']}\r\n\r\n".encode())
            while line := await reader.readline():
                if line.startswith(b"data:"):
                    tell(orjson.loads(line[5:]))  # type: ignore[operator]
        await asyncio.sleep(0.2)
