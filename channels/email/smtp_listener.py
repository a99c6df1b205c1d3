"""The SMTP server that takes mail in: listens, groups what arrives together, answers 250 only after it was stored."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog

from channels.email.smtp_certificate import Tls
from channels.email.smtp_session import (
    LATER,
    STORED,
    Dialogue,
    ListenerLimits,
    MailSession,
    SessionSecurity,
    Traffic,
    Verdict,
)
from channels.port import RawEnvelope

__all__ = ["LATER", "STORED", "ListenerLimits", "Verdict", "run_listener"]

Accept = Callable[[Sequence[RawEnvelope]], Sequence[Verdict]]
"""Store a group of mails, durably and in one go, and answer each in order. Runs in a thread; raising means 451."""

GROUP_COUNT = 64
GROUP_BYTES = 16 * 1024 * 1024
STOP_SECONDS = 10.0
_log = structlog.get_logger()


def run_listener(
    host: str,
    port: int,
    *,
    accept: Accept,
    check_recipient: Callable[[str], bool],
    hostname: str,
    stop: threading.Event,
    ready: Callable[[str, int], None] = lambda _host, _port: None,
    limits: ListenerLimits | None = None,
    tls: Tls | None = None,
    require_tls: bool = False,
    threads: int = 2,
    recipient_seconds: float = 5.0,
) -> None:
    """Take mail at `host:port` until `stop` is set, then finish what is under way. Blocks; port 0 picks a free one.

    `hostname` is the name to greet with (never looked up), `ready` is told the bound address, `check_recipient`
    is asked in a thread and its yes is remembered for `recipient_seconds`. `tls` is asked at each new connection for
    what to shake hands with; with `require_tls` mail is taken encrypted only. Raises OSError when it cannot listen.
    """
    # aiosmtpd's own log repeats each command with its addresses.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    pool = ThreadPoolExecutor(threads + 2, thread_name_prefix="smtp")
    try:
        security = SessionSecurity(tls or (lambda: None), require_tls=require_tls)
        listener = _Listener(
            accept, check_recipient, pool=pool, hostname=hostname, limits=limits or ListenerLimits(), security=security
        )
        asyncio.run(listener.run(host, port, stop=stop, ready=ready, threads=threads, remember=recipient_seconds))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Listener:
    """The state of one running listener; lives inside its event loop."""

    def __init__(
        self,
        accept: Accept,
        check_recipient: Callable[[str], bool],
        *,
        pool: ThreadPoolExecutor,
        hostname: str,
        limits: ListenerLimits,
        security: SessionSecurity,
    ) -> None:
        self._accept, self._check, self._pool = accept, check_recipient, pool
        self._hostname, self._limits, self._security = hostname, limits, security
        self._traffic = Traffic()
        self._known: dict[str, float] = {}
        self._remember = 0.0
        self._waiting: asyncio.Queue[tuple[RawEnvelope, asyncio.Future[Verdict]]] = asyncio.Queue()

    async def run(
        self,
        host: str,
        port: int,
        *,
        stop: threading.Event,
        ready: Callable[[str, int], None],
        threads: int,
        remember: float,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._remember = remember
        dialogue = Dialogue(take=self._store, knows=self._knows, limits=self._limits)

        def session() -> MailSession:
            return MailSession(
                dialogue,
                hostname=self._hostname,
                limits=self._limits,
                traffic=self._traffic,
                security=self._security,
                loop=loop,
            )

        server = await loop.create_server(session, host, port, backlog=256)
        storing = [asyncio.create_task(self._store_groups()) for _ in range(threads)]
        try:
            bound = server.sockets[0].getsockname()
            ready(str(bound[0]), int(bound[1]))
            await _until(stop)
        finally:
            server.close()
            await self._finish()
            for task in storing:
                task.cancel()

    async def _finish(self) -> None:
        self._traffic.closing = True
        for session in list(self._traffic.sessions):
            if not session.in_mail:
                await session.say_goodbye()
        deadline = time.monotonic() + STOP_SECONDS
        while self._are_busy() and time.monotonic() < deadline:  # noqa: ASYNC110 - sessions end by themselves
            await asyncio.sleep(0.02)
        for session in list(self._traffic.sessions):
            session.hang_up()
        await asyncio.sleep(0.01)  # the lines are let go of by the loop, not at once

    def _are_busy(self) -> bool:
        return any(not session.is_leaving for session in self._traffic.sessions)

    async def _knows(self, address: str) -> bool:
        key = address.lower()
        if self._known.get(key, 0.0) > time.monotonic():
            return True
        known = await asyncio.get_running_loop().run_in_executor(self._pool, self._check, address)
        if known:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[key] = time.monotonic() + self._remember
        return known

    async def _store(self, envelope: RawEnvelope) -> Verdict:
        answer: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((envelope, answer))
        return await answer

    async def _store_groups(self) -> None:
        """Store whatever waits, together: while one group commits, the next one gathers."""
        while True:
            group = [await self._waiting.get()]
            size = len(group[0][0].raw)
            while not self._waiting.empty() and len(group) < GROUP_COUNT and size < GROUP_BYTES:
                group.append(self._waiting.get_nowait())
                size += len(group[-1][0].raw)
            envelopes = [envelope for envelope, _ in group]
            verdicts = await asyncio.get_running_loop().run_in_executor(self._pool, self._judge, envelopes)
            for (_, answer), verdict in zip(group, verdicts, strict=True):
                if not answer.done():
                    answer.set_result(verdict)

    def _judge(self, envelopes: list[RawEnvelope]) -> Sequence[Verdict]:
        """Have the group stored; when that fails as a whole, each alone, so that one bad mail harms no other."""
        try:
            verdicts = self._accept(envelopes)
            if len(verdicts) == len(envelopes):
                return verdicts
            _log.error("smtp_accept_miscounted", mails=len(envelopes), verdicts=len(verdicts))
        except Exception:  # noqa: BLE001 - whatever it is, the peers have to come back, and the log has it
            _log.exception("smtp_accept_failed", mails=len(envelopes))
        if len(envelopes) == 1:
            return [LATER]
        return [self._judge([envelope])[0] for envelope in envelopes]


async def _until(stop: threading.Event) -> None:
    while not stop.is_set():  # noqa: ASYNC110 - a threading.Event cannot be awaited, and a signal may set it
        await asyncio.sleep(0.05)
