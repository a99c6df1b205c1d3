"""One SMTP conversation with a sending server: the dialogue, its limits, and the raw bytes of each mail.

Built on aiosmtpd's protocol. What a mail means is not known here, and nothing here looks a name up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from channels.clock import utcnow
from channels.email.smtp_certificate import Tls
from channels.port import RawEnvelope

MEGABYTE = 1024 * 1024
_END = b"\r\n.\r\n"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one mail, as an SMTP reply."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


STORED = Verdict(250, "2.0.0 Stored")
LATER = Verdict(451, "4.3.0 Cannot store this mail now, please try again later")
BUSY = Verdict(452, "4.3.1 Too much mail at once, please try again later")
TOO_LARGE = Verdict(552, "5.3.4 This mail is larger than the announced SIZE")
TOO_MANY_HOPS = Verdict(554, "5.4.6 This mail has gone round in a loop (too many Received lines)")
TLS_NEEDED = Verdict(530, "5.7.0 Say STARTTLS first, mail is taken encrypted only")
TLS_MISSING = Verdict(451, "4.7.0 Mail is taken encrypted only, and that is not possible now; please try again later")
NO_SUCH_RECIPIENT = Verdict(550, "5.1.1 No such mailbox here")


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """What one listener bears. Sizes in bytes, times in seconds."""

    message: int = 25 * MEGABYTE
    buffered: int = 256 * MEGABYTE  # of all mails being received or stored at a time
    connections: int = 200
    per_peer: int = 100
    recipients: int = 100
    hops: int = 50
    idle: float = 60  # between two commands
    transfer: float = 300  # for one whole mail, however slowly it trickles


@dataclass(frozen=True, slots=True)
class SessionSecurity:
    """What the listener offers and asks for: `tls` gives the context to shake hands with, or None for now."""

    tls: Tls
    require_tls: bool = False


@dataclass(slots=True)
class Traffic:
    """What all sessions of a listener share: counts for the limits, and the open sessions for a graceful stop."""

    buffered: int = 0
    by_peer: Counter[str] = field(default_factory=Counter)
    sessions: set[MailSession] = field(default_factory=set)
    closing: bool = False


class MailSession(SMTP):
    """aiosmtpd's session with a DATA phase that bears long lines and counts bytes, and without AUTH."""

    line_length_limit = 64 * 1024  # how far one read goes; no limit on a mail's lines, which the parser judges

    def __init__(
        self,
        dialogue: Dialogue,
        *,
        hostname: str,
        limits: ListenerLimits,
        traffic: Traffic,
        security: SessionSecurity,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._limits, self._traffic, self._peer, self.in_mail = limits, traffic, "", False
        self._requires_tls = security.require_tls
        super().__init__(
            dialogue,
            data_size_limit=limits.message,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="ESMTP",
            tls_context=security.tls(),
            timeout=limits.idle,
            command_call_limit={"NOOP": 50, "VRFY": 10, "HELP": 10, "STARTTLS": 2, "*": 1_000_000},
            loop=loop,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        starting = self not in self._traffic.sessions
        if starting:
            self._peer = str((transport.get_extra_info("peername") or ("",))[0])
            if self._is_full():
                transport.write(b"421 4.3.2 Too many connections, please try again later\r\n")  # type: ignore[attr-defined]
                self._refused = True
                transport.close()
                return
            self._traffic.sessions.add(self)
            self._traffic.by_peer[self._peer] += 1
        super().connection_made(transport)

    _refused = False

    def _is_full(self) -> bool:
        traffic = self._traffic
        too_many = len(traffic.sessions) >= self._limits.connections
        return traffic.closing or too_many or traffic.by_peer[self._peer] >= self._limits.per_peer

    def connection_lost(self, error: Exception | None) -> None:
        if self._refused:
            return
        self._traffic.sessions.discard(self)
        self._traffic.by_peer[self._peer] -= 1
        if self._traffic.by_peer[self._peer] <= 0:
            del self._traffic.by_peer[self._peer]
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if not self._refused:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._refused else super().eof_received()

    @property
    def is_leaving(self) -> bool:
        """Whether the line is closed on our side; the peer may take half a minute to agree."""
        return self.transport is None or self.transport.is_closing()

    async def say_goodbye(self) -> None:
        """Tell an idle peer that the listener stops, and hang up."""
        transport = self.transport
        if self.is_leaving or transport is None:  # a line under TLS cannot be written to any more then
            return
        with contextlib.suppress(ConnectionError):  # it was faster and is gone already
            await self.push("421 4.3.2 Closing down, please come back later")
        transport.close()  # not the session's: the peer may have gone meanwhile, and taken that with it

    def hang_up(self) -> None:
        """End the line at once, without waiting for the peer to agree as TLS would."""
        for line in (self._original_transport, self.transport):
            if isinstance(line, asyncio.WriteTransport):
                line.abort()

    @syntax("STARTTLS")
    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by this name
        """Go over to TLS. Whatever was said before counts no more, and nothing may be said in between."""
        if self._is_encrypted:
            await self.push("503 5.5.1 TLS is in use already")
        elif self._said_more():
            # Somebody on the line could have put it there in the open, to be obeyed as if it came encrypted.
            await self.push("554 5.5.1 Nothing may follow STARTTLS before its answer")
            if self.transport is not None:
                self.transport.close()
        elif self.tls_context is None:
            await self.push("454 4.7.0 TLS is not available")
        else:
            await super().smtp_STARTTLS(arg)

    @property
    def _is_encrypted(self) -> bool:
        return self.session is not None and self.session.ssl is not None

    def _said_more(self) -> bool:
        return bool(self._reader._buffer)  # type: ignore[attr-defined]  # noqa: SLF001 - nothing public tells

    @syntax("MAIL FROM: <address>")
    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by this name
        """Begin a mail, encrypted where that is asked for."""
        if self._requires_tls and not self._is_encrypted:
            await self.push(str(TLS_NEEDED if self.tls_context is not None else TLS_MISSING))
        else:
            await super().smtp_MAIL(arg)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read an address. Some Pythons (3.11.2 of Debian 12) stumble over one that ends too early: it is malformed, no failure."""
        try:
            found: tuple[str | None, str | None] = super()._getaddr(arg)
        except IndexError:
            return None, None
        return found

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by this name
        """Receive one mail, hand it to the dialogue, answer with its verdict."""
        if await self.check_helo_needed():
            return
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Say RCPT TO first")
        elif arg:
            await self.push("501 5.5.4 DATA takes no argument")
        elif self._traffic.buffered >= self._limits.buffered:
            await self.push(str(BUSY))
        else:
            await self._receive()

    async def _receive(self) -> None:
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        self._reset_timeout(self._limits.transfer)
        self.in_mail = True
        chunks = _Chunks(self._limits, self._traffic)
        try:
            await self._collect(chunks)
            self._reset_timeout(self._limits.transfer)
            verdict = chunks.refusal or await self.event_handler.take(self.session, self.envelope, chunks.mail())
        finally:
            chunks.release()
            self.in_mail = False
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd left it bare
        self._reset_timeout()
        await self.push(str(verdict))
        if self._traffic.closing:
            await self.say_goodbye()

    async def _collect(self, chunks: _Chunks) -> None:
        # The line break before DATA's content counts for finding a lone dot on the very first line.
        buffer: bytearray = self._reader._buffer  # type: ignore[attr-defined]  # noqa: SLF001 - nothing public puts bytes back
        buffer[:0] = b"\r\n"
        while True:
            try:
                chunks.add(await self._reader.readuntil(_END))
                return
            except asyncio.LimitOverrunError as error:
                chunks.add(await self._reader.readexactly(error.consumed))

    async def smtp_AUTH(self, _arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by this name
        """Refuse: this listener takes mail for its own mailboxes only, so nobody logs in."""
        await self.push("502 5.5.1 AUTH is not offered here")


class _Chunks:
    """The bytes of the mail being received, given up (but still read to the end) once a limit is passed."""

    def __init__(self, limits: ListenerLimits, traffic: Traffic) -> None:
        self._limits, self._traffic, self._parts, self._size = limits, traffic, list[bytes](), 0
        self.refusal: Verdict | None = None

    def add(self, chunk: bytes) -> None:
        if self.refusal is not None:
            return
        self._parts.append(chunk)
        self._size += len(chunk)
        self._traffic.buffered += len(chunk)
        if self._size > self._limits.message + len(_END):
            self._give_up(TOO_LARGE)
        elif self._traffic.buffered > 2 * self._limits.buffered:
            self._give_up(BUSY)

    def _give_up(self, verdict: Verdict) -> None:
        self.refusal = verdict
        self.release()

    def release(self) -> None:
        self._traffic.buffered -= self._size
        self._parts, self._size = [], 0

    def mail(self) -> bytes:
        """Return the mail as it was before SMTP's dot-stuffing."""
        return b"".join(self._parts)[: -len(b".\r\n")].replace(b"\r\n.", b"\r\n")[2:]


Take = Callable[[RawEnvelope], Awaitable[Verdict]]


class Dialogue:
    """The answers to the commands of all sessions of one listener."""

    def __init__(self, *, take: Take, knows: Callable[[str], Awaitable[bool]], limits: ListenerLimits) -> None:
        self._take, self._knows, self._limits = take, knows, limits

    async def handle_EHLO(  # noqa: N802 - aiosmtpd finds hooks by this name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Announce PIPELINING, which reading line by line gives, and no AUTH."""
        session.host_name = hostname
        kept = [line for line in responses if not line.startswith("250-AUTH")]
        return [*kept[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", kept[-1]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds hooks by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient when a mailbox of ours has that address."""
        if len(envelope.rcpt_tos) >= self._limits.recipients:
            return "452 4.5.3 Too many recipients, send the rest in another mail"
        try:
            known = await self._knows(address)
        except Exception:  # noqa: BLE001 - whatever it is, the peer has to come back, and the log has it
            _log.exception("smtp_recipient_check_failed")
            return str(LATER)
        if not known:
            return str(NO_SUCH_RECIPIENT)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Log what broke and tell the peer to come back, without any inner detail."""
        _log.error("smtp_session_failed", exc_info=error)
        return str(LATER)

    async def take(self, session: Session, envelope: Envelope, raw: bytes) -> Verdict:
        """Judge one whole mail and have it stored."""
        if _hops(raw) > self._limits.hops:
            return TOO_MANY_HOPS
        return await self._take(RawEnvelope(raw, external_id="", received_at=utcnow(), meta=_meta(session, envelope)))


def _hops(raw: bytes) -> int:
    head = raw[: raw.find(b"\r\n\r\n") + 1] if b"\r\n\r\n" in raw else raw
    return (b"\n" + head).lower().count(b"\nreceived:")


def _meta(session: Session, envelope: Envelope) -> dict[str, Any]:
    sender = envelope.mail_from or ""
    return {
        "via": "smtp",
        "mail_from": "" if sender == "<>" else sender,
        "rcpt_to": list(envelope.rcpt_tos),
        "peer": str((session.peer or ("",))[0]),
        "helo": str(session.host_name or ""),
        "tls": session.ssl is not None,
    }
