"""The event stream for open screens: one asyncio process holds thousands of them, fed by one reader of the news.

A screen shows a signed admission, gets what its user may know, and after a gap what it has missed, or `reset` when that is gone.
An admission ends by age, and at once when its user's rights change: the screen then asks the desk for a new one, or for a login.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import orjson
import uvicorn
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app import crypto, visiting
from app.clock import utcnow
from app.errors import Forbidden
from app.logs import log
from app.realtime import ENDED, STREAM, VISITOR
from app.settings import settings

ADMISSION_SECONDS = 30 * 60
TAIL = 5_000
WAITING = 1_000
BEAT_SECONDS = 15.0
# The first news after a quiet moment go at once; what follows is bundled, or hundreds of screens would eat a core.
REST_SECONDS = 0.2
LONGEST_REST_SECONDS = 1.0
# With more screens each of them rests longer: 300 are written to 400 times a second, not 1,500 times.
SCREENS_A_REST = 80
# How long a screen waits for a process that has just started to have read the news, or to read those that the screen knows already.
BEGIN_SECONDS = 5.0
BEHIND_SECONDS = 1.0
LOOK_SECONDS = 0.02
#: Somebody waits for an answer to these: who is named in them hears of them at once, however much was written a moment ago.
HURRIED = frozenset({"chat", "offer"})
SEES_ALL = frozenset({"admin", "manager"})

# A place in the news that is a time and no number: where a page stood when it was made.
TIME = "@"
# Clocks of two machines differ a little; news that come twice only cost a look.
SKEW = timedelta(milliseconds=250)

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Item = tuple[str, dict[str, Any]]


def admission(*, user_id: int, role: str, team_ids: list[int]) -> str:
    """Return what a screen shows to open its stream."""
    return crypto.sign("stream", {"u": user_id, "r": role, "t": team_ids, "a": _milliseconds(utcnow())})


def place(at: datetime) -> str:
    """Return the place in the news of a page that read nothing before this time."""
    return f"{TIME}{_milliseconds(at - SKEW)}-0"


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@dataclass(eq=False, slots=True)
class Screen:
    """One open stream: who watches, and what waits to be written. A `visitor` is nobody of the desk."""

    user_id: int
    role: str
    team_ids: frozenset[int]
    admitted: int = 0
    waiting: deque[Item] = field(default_factory=lambda: deque(maxlen=WAITING))
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    hurried: asyncio.Event = field(default_factory=asyncio.Event)
    overflowed: bool = False
    ended: bool = False
    visitor: visiting.Admitted | None = None

    def is_old(self) -> bool:
        """Tell whether the admission has ended by age."""
        return _milliseconds(utcnow()) > self.admitted + ADMISSION_SECONDS * 1000

    def may_see(self, item: dict[str, Any]) -> bool:
        """Tell whether news is for this user: addressed to them or a team of theirs, or to nobody in particular."""
        if self.visitor is not None:
            return visiting.may_hear(self.visitor.chat_id, item)
        teams, users = item.get("teams") or (), item.get("users") or ()
        if item["topic"] == VISITOR:
            return False
        if self.user_id in users:
            return True
        if item["topic"] in ("notice", "job", "offer"):
            return False
        # What lies with nobody yet is seen by whoever works on cases; news that name people are for them alone.
        if not teams:
            return self.role in SEES_ALL or self.role == "agent" or item["topic"] != "presence"
        return self.role in SEES_ALL or not self.team_ids.isdisjoint(teams)

    def tell(self, item: Item) -> None:
        """Queue news; a screen that does not read is told to start over rather than fed from memory without end."""
        if item[1]["topic"] == ENDED:
            # Read again after a gap it may be older than this admission, which then was made knowing of it.
            if self.user_id in item[1]["users"] and _order(item[0])[0] >= self.admitted:
                self.ended = True
                self.woken.set()
            return
        if not self.may_see(item[1]):
            return
        if len(self.waiting) == WAITING:
            self.overflowed = True
        self.waiting.append(item)
        self.woken.set()
        if item[1]["topic"] in HURRIED and self.user_id in (item[1].get("users") or ()):
            self.hurried.set()


class Hub:
    """All open screens of this process, and the tail of the news."""

    def __init__(self) -> None:
        """Start with no screens and no news."""
        self.screens: set[Screen] = set()
        self.tail: deque[Item] = deque(maxlen=TAIL)
        self.position = "$"
        self.ended: dict[int, int] = {}
        self.has_begun = False
        self._frames: dict[str, bytes] = {}
        self._counted = (0, 0)

    def framed(self, item: Item) -> bytes:
        """Return news as they are written; made once for all screens."""
        found = self._frames.get(item[0])
        if found is None:
            if len(self._frames) >= WAITING:
                self._frames.clear()
            found = self._frames[item[0]] = _frame(item)
        return found

    def rest(self, screen: Screen | None = None) -> float:
        """Return the seconds for which a screen that was just written to is left alone."""
        if screen is not None and screen.visitor is not None:
            return visiting.REST_SECONDS
        return min(REST_SECONDS * max(1.0, self._at_the_desk() / SCREENS_A_REST), LONGEST_REST_SECONDS)

    def _at_the_desk(self) -> int:
        """Count the screens of the desk; those of visitors hear of their own chat alone and cost next to nothing."""
        if self._counted[0] != len(self.screens):
            self._counted = (len(self.screens), sum(screen.visitor is None for screen in self.screens))
        return self._counted[1]

    def place(self) -> str:
        """Return the place of the last news that were read."""
        return self.tail[-1][0] if self.tail else "0-0"

    async def has_come_to(self, since: str) -> None:
        """Wait until the news have been read, as far as the screen has heard them from another process; not for ever."""
        await _until(lambda: self.has_begun or bool(self.tail), seconds=BEGIN_SECONDS)
        if not since.startswith(TIME):
            await _until(lambda: _order(since) <= _order(self.place()), seconds=BEHIND_SECONDS)

    def is_refused(self, screen: Screen) -> bool:
        """Tell whether its user's rights have changed since the admission was made."""
        return screen.admitted <= self.ended.get(screen.user_id, -1)

    def _note(self, item: Item) -> None:
        if item[1]["topic"] == ENDED:
            for user_id in item[1]["users"]:
                self.ended[user_id] = _order(item[0])[0]

    async def read_news(self) -> None:
        """Follow the news for ever; a Redis that goes away and comes back empty makes all screens start over."""
        while True:
            try:
                async with Redis.from_url(settings().redis_url, socket_connect_timeout=2, socket_timeout=30) as redis:
                    await self._begin(redis)
                    while True:
                        await self._read_once(redis)
            except (RedisError, OSError) as error:
                log().warning("news_unreachable", error=str(error))
                await asyncio.sleep(1)

    async def _begin(self, redis: Any) -> None:
        newest = await redis.xrevrange(STREAM, count=TAIL)
        if self.tail and not (newest and _order(newest[0][0].decode()) >= _order(self.tail[-1][0])):
            self.tail.clear()
            self._broadcast(("0-0", {"topic": "reset"}))
        if not self.tail:
            self.tail.extend((key.decode(), orjson.loads(value[b"j"])) for key, value in reversed(newest))
            self.position = self.tail[-1][0] if self.tail else "0-0"
            for item in self.tail:
                self._note(item)
        self.has_begun = True

    async def _read_once(self, redis: Any) -> None:
        found = await redis.xread({STREAM: self.position}, block=5_000, count=500)
        for _name, entries in found:
            for key, value in entries:
                self.position = key.decode()
                item = (self.position, orjson.loads(value[b"j"]))
                self.tail.append(item)
                self._note(item)
                self._broadcast(item)
        if not found and not await redis.exists(STREAM) and self.tail:
            raise RedisError("the news were emptied")

    def _broadcast(self, item: Item) -> None:
        for screen in self.screens:
            screen.tell(item)

    def missed(self, since: str) -> list[Item] | None:
        """Return the news after `since`, or None when the tail no longer reaches back that far."""
        if since.startswith(TIME):
            return self._since_time(_order(since[1:]))
        if not self.tail:
            return [] if since in ("", "0-0") else None
        if since == self.tail[-1][0]:
            return []
        start = _order(since)
        if start < _order(self.tail[0][0]) or start > _order(self.tail[-1][0]):
            return None
        return [item for item in self.tail if _order(item[0]) > start]

    def _since_time(self, start: tuple[int, int]) -> list[Item] | None:
        """Numbers of news begin with the time, in ms, at which they were carried."""
        is_cut = len(self.tail) == TAIL and _order(self.tail[0][0]) > start
        return None if is_cut else [item for item in self.tail if _order(item[0]) >= start]


async def _until(condition: Callable[[], bool], *, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition() and loop.time() < end:  # noqa: ASYNC110 -- others change it
        await asyncio.sleep(LOOK_SECONDS)


def _order(position: str) -> tuple[int, int]:
    whole, _, part = position.partition("-")
    try:
        return int(whole), int(part or 0)
    except ValueError:
        return 0, 0


def _frame(item: Item) -> bytes:
    body = {key: value for key, value in item[1].items() if key not in ("teams", "users")}
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (item[0].encode(), item[1]["topic"].encode(), orjson.dumps(body))


def application(hub: Hub) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return the ASGI application around a hub."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope["query_string"].decode("latin-1"))
        screen = _admit(scope, query)
        if screen is None or hub.is_refused(screen):
            await _refuse(send, 404 if scope["path"] != "/stream" else 401)
            return
        since = headers.get("last-event-id") or query.get("last", [""])[0]
        await _stream(hub, screen, since, receive, send)

    return serve


def _admit(scope: Scope, query: dict[str, list[str]]) -> Screen | None:
    if scope["path"] != "/stream" or scope["method"] != "GET":
        return None
    if "visitor" in query:
        visitor = visiting.admitted(query["visitor"][0])
        return Screen(0, "visitor", frozenset(), visitor.at, visitor=visitor) if visitor else None
    try:
        who = crypto.unsign("stream", query.get("admission", [""])[0], max_age=ADMISSION_SECONDS)
    except Forbidden:
        return None
    return Screen(who["u"], who["r"], frozenset(who["t"]), who["a"])


def _cors(screen: Screen | None = None) -> list[tuple[bytes, bytes]]:
    origin = screen.visitor.origin if screen and screen.visitor else settings().public_url
    return [(b"access-control-allow-origin", origin.encode()), (b"vary", b"Origin")]


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": _cors()})
    await send({"type": "http.response.body", "body": b""})


async def _stream(hub: Hub, screen: Screen, since: str, receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": [*headers, *_cors(screen)]})
    gone = asyncio.create_task(_until_gone(receive))
    try:
        if since:
            await hub.has_come_to(since)
        hub.screens.add(screen)
        _catch_up(hub, screen, since)
        await _write(send, b"retry: 2000\n" + _frame((since or hub.place(), {"topic": "hello"})))
        gone.add_done_callback(lambda _done: screen.woken.set())
        while not gone.done():
            has_written = await _write_waiting(hub, screen, send)
            if screen.ended or screen.is_old():
                return
            if has_written:
                await _rest(screen, hub.rest(screen))
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    await screen.woken.wait()
            except TimeoutError:
                await _write(send, b": beat\n\n")
    except OSError:
        pass  # the screen went away while we wrote
    finally:
        hub.screens.discard(screen)
        with contextlib.suppress(OSError):
            await send({"type": "http.response.body", "body": b""})
        gone.cancel()


async def _rest(screen: Screen, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await screen.hurried.wait()


def _catch_up(hub: Hub, screen: Screen, since: str) -> None:
    if not since:
        return
    missed = hub.missed(since)
    if missed is None:
        screen.overflowed = True
        screen.woken.set()
        return
    for item in missed:
        screen.tell(item)


async def _write_waiting(hub: Hub, screen: Screen, send: Send) -> bool:
    """Write what waits; returns whether there was anything."""
    screen.woken.clear()
    screen.hurried.clear()
    if screen.overflowed:
        last = screen.waiting[-1][0] if screen.waiting else hub.place()
        screen.waiting.clear()
        screen.overflowed = False
        await _write(send, _frame((last, {"topic": "reset"})))
        return True
    if not screen.waiting:
        return False
    frames = [hub.framed(item) for item in screen.waiting]
    screen.waiting.clear()
    await _write(send, b"".join(frames))
    return True


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _serve() -> None:
    hub = Hub()
    current = settings()
    config = uvicorn.Config(
        application(hub), host=current.host, port=current.stream_port, log_level="warning", access_log=False,
        lifespan="off", timeout_graceful_shutdown=1, server_header=False,
    )  # fmt: skip
    reader = asyncio.create_task(hub.read_news())
    try:
        await uvicorn.Server(config).serve()
    finally:
        reader.cancel()


def run() -> None:
    """Serve until stopped."""
    asyncio.run(_serve())
