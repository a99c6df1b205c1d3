"""Robots on the event stream while it is killed and cut at random: nothing may be missed, nothing shown twice.

`python -m tools.reconnect --seconds 600 --robots 50` starts a Valkey and a stream process of its own. Each robot follows the page's
own rules (js/stream.js): it comes back with the number of what it heard last, and what it
is sent it shows. At the end what each robot showed is compared with what was published.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from redis.asyncio import Redis

from app import streaming
from app.realtime import STREAM
from app.settings import settings

ROOT = Path(__file__).resolve().parents[1]
SERVE = "from app import streaming; streaming.run()"
TEAM = 7
REST = (0.05, 0.6)  # seconds between two tries of a robot
GAP = (0.4, 2.5)  # seconds between two disturbances


@dataclass(slots=True)
class Robot:
    """A screen that listens: what it showed by number, how often it came back, whether it had to start over."""

    port: int
    admission: str
    last: str = ""
    shown: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    resets: int = 0
    writer: asyncio.StreamWriter | None = None

    async def listen(self) -> None:
        """Stay connected until cancelled."""
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._once()
            await asyncio.sleep(random.uniform(*REST))  # noqa: S311 -- no secret

    async def _once(self) -> None:
        reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            where = f"/stream?admission={self.admission}&last={self.last}"
            self.writer.write(f"GET {where} HTTP/1.1\r\nHost: desk\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            self.connections += 1
            frame: dict[str, str] = {}
            while line := await reader.readline():
                name, _, value = line.decode().strip().partition(": ")
                frame[name] = value
                if not line.strip() and "data" in frame:
                    self._hear(frame)
                    frame = {}
        finally:
            self.writer.close()

    def _hear(self, frame: dict[str, str]) -> None:
        self.last = frame["id"] or self.last
        if frame["event"] == "reset":
            self.resets += 1
        elif frame["event"] != "hello":
            self.shown[frame["id"]] += 1

    def cut(self) -> None:
        """Lose the connection without a word, as a network does."""
        if self.writer is not None:
            self.writer.transport.abort()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    published: int
    missed: int
    doubled: int
    kills: int
    cuts: int
    connections: int
    resets: int

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"{self.published} events, {self.missed} missed, {self.doubled} doubled, {self.kills} kills, {self.cuts} cuts, {self.connections} connections, "
            f"{self.resets} started over"
        )


class Stream:
    """A stream process that can be killed."""

    def __init__(self, port: int, redis_url: str) -> None:
        self.port = port
        self._env = {**os.environ, "REDIS_URL": redis_url, "STREAM_PORT": str(port), "LOG_LEVEL": "critical"}
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", SERVE], cwd=ROOT, env=self._env, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """Kill it, without a chance to say goodbye, and start another."""
        self.stop(signal.SIGKILL)
        self.process = self._start()

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End it."""
        self.process.send_signal(how)
        self.process.wait(10)

    async def is_up(self, *, seconds: float = 60) -> None:
        """Wait until it listens."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                _reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.05)
        raise TimeoutError("the stream process does not listen")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _add(redis: Any, item: dict[str, Any]) -> str:
    """Publish as `app.realtime` does, and return the event's number."""
    number: bytes = await redis.xadd(STREAM, {"j": orjson.dumps(item)})
    return number.decode()


async def _publish(redis: Any, ids: list[str], *, per_second: float, until: float) -> None:
    number = 0
    while time.monotonic() < until:
        number += 1
        item = {"topic": "case", "teams": [TEAM], "users": [], "case": number, "change": "message"}
        ids.append(await _add(redis, item))
        await asyncio.sleep(random.expovariate(per_second))


async def _disturb(stream: Stream, robots: list[Robot], *, until: float) -> tuple[int, int]:
    kills = cuts = 0
    while time.monotonic() < until:
        await asyncio.sleep(random.uniform(*GAP))  # noqa: S311
        if random.random() < 0.4:  # noqa: S311
            await asyncio.to_thread(stream.kill)
            kills += 1
        else:
            for robot in random.sample(robots, max(1, len(robots) // 3)):
                robot.cut()
                cuts += 1
    return kills, cuts


async def _settle(robots: list[Robot], ids: list[str], *, seconds: float) -> None:
    """Wait until every robot has come back and caught up, or give up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(len(robot.shown) < len(ids) for robot in robots):  # noqa: ASYNC110 -- others write
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)  # what would be doubled comes now


async def trial(redis_url: str, *, seconds: float, robots: int, per_second: float = 20) -> Outcome:
    """Let robots listen and the stream be killed for so many seconds, and compare. Needs SECRET_KEY as the stream has it."""
    stream = Stream(free_port(), redis_url)
    redis = Redis.from_url(redis_url)
    first = await _add(redis, {"topic": "case", "case": 0})
    try:
        await stream.is_up()
        screens = [
            Robot(stream.port, streaming.admission(user_id=at, role="agent", team_ids=[TEAM]), last=first)
            for at in range(1, robots + 1)
        ]
        ids: list[str] = []
        listening = [asyncio.create_task(screen.listen()) for screen in screens]
        until = time.monotonic() + seconds
        _none, (kills, cuts) = await asyncio.gather(
            _publish(redis, ids, per_second=per_second, until=until), _disturb(stream, screens, until=until)
        )
        await _settle(screens, ids, seconds=90)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    finally:
        await redis.aclose()
        stream.stop(signal.SIGKILL)
    return _compared(screens, ids, kills=kills, cuts=cuts)


def _compared(screens: list[Robot], ids: list[str], *, kills: int, cuts: int) -> Outcome:
    wanted = set(ids)
    return Outcome(
        published=len(ids), missed=sum(len(wanted - screen.shown.keys()) for screen in screens),
        doubled=sum(count - 1 for screen in screens for count in screen.shown.values()),
        kills=kills, cuts=cuts,
        connections=sum(screen.connections for screen in screens), resets=sum(screen.resets for screen in screens),
    )  # fmt: skip


def main(arguments: list[str]) -> int:
    """Run with servers of our own; 0 when nothing was missed or doubled."""
    parser = argparse.ArgumentParser(prog="python -m tools.reconnect", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--robots", type=int, default=50)
    parser.add_argument("--per-second", type=float, default=20, help="events published a second")
    given = parser.parse_args(arguments)
    from tools.servers import start_valkey

    with tempfile.TemporaryDirectory(prefix="rb-robots-") as folder:
        os.environ.setdefault("SECRET_KEY", "only for robots, 32 bytes or more")
        os.environ.setdefault("DATA_DIR", folder)
        settings.cache_clear()
        valkey = start_valkey(Path(folder))
        try:
            outcome = asyncio.run(
                trial(valkey.url, seconds=given.seconds, robots=given.robots, per_second=given.per_second)
            )
        finally:
            valkey.stop()
    print(outcome)
    return 1 if outcome.missed or outcome.doubled or outcome.resets else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
