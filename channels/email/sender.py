"""Sends mail by SMTP: one try per call, connections kept for the next mail, and honest about what is not known."""

from __future__ import annotations

import threading
import time

from channels.clock import utcnow
from channels.email.config import EmailConfig
from channels.email.message_builder import build_mail, wire_address
from channels.email.oauth import Tokens
from channels.email.smtp_client import SmtpConnection
from channels.email.smtp_replies import reply_failure, reply_reason, reply_text
from channels.outcomes import (
    ChannelError,
    DeliveryState,
    Health,
    HealthState,
    Misconfigured,
    PermanentFailure,
    Reason,
    Receipt,
    Refusal,
    TemporaryFailure,
    reason_of,
)
from channels.port import Address, OutboundMessage

IDLE_SECONDS = 30.0  # a kept connection is used again within this time; servers hang up after one to five minutes
MAILS_PER_CONNECTION = 100
KEPT = 4
CHECK_SECONDS = 20.0  # somebody is waiting for the answer


class SmtpSender:
    """Sender and HealthCheck of one account. Safe to share between threads."""

    def __init__(self, config: EmailConfig, *, tokens: Tokens | None = None) -> None:
        self._config, self._lock, self._tokens = config, threading.Lock(), tokens or Tokens(config)
        self._idle: list[tuple[float, SmtpConnection]] = []

    def send(self, message: OutboundMessage) -> Receipt:
        """Send once. The Message-ID is the provider id; a repeat after `in_doubt` carries the same one.

        Raises PermanentFailure when no recipient can ever get it, TemporaryFailure when it is worth another try,
        Misconfigured when the account has no outgoing server.
        """
        if not self._config.smtp_host:
            raise Misconfigured(
                Reason.MISCONFIGURED.value, "This mailbox has no outgoing SMTP server; enter one in its account."
            )
        own = Address(self._config.address, self._config.name)
        raw = build_mail(message, sender=own, date=utcnow(), plus_addressing=self._config.plus_addressing)
        author = (message.sender or own).value
        path = (
            wire_address(author if message.return_path is None else message.return_path)
            if message.return_path != ""
            else ""
        )
        everybody = dict.fromkeys(wire_address(each.value) for each in (*message.to, *message.cc))
        recipients = [address for address in everybody if address not in message.except_for]
        if not recipients:
            return Receipt(message.message_id, (), state=DeliveryState.SENT)
        return self._hand_over(raw, path=path, recipients=recipients, message_id=message.message_id)

    def check(self) -> Health:
        """Log in and hang up."""
        if not self._config.smtp_host:
            return Health(HealthState.OK, detail="This mailbox does not send.")
        seconds = min(CHECK_SECONDS, self._config.smtp_seconds)
        connection = SmtpConnection(self._config.model_copy(update={"smtp_seconds": seconds}), self._tokens)
        try:
            connection.open()
        except ChannelError as error:
            return Health(HealthState.FAILING, reason_of(error), error.sentence)
        finally:
            connection.close()
        return Health(HealthState.OK)

    def close(self) -> None:
        """Hang up all kept connections."""
        with self._lock:
            kept, self._idle = self._idle, []
        for _, connection in kept:
            connection.close()

    def _hand_over(self, raw: bytes, *, path: str, recipients: list[str], message_id: str) -> Receipt:
        connection, is_kept = self._take()
        try:
            begun = self._begin(connection, path, recipients=recipients, size=len(raw))
        except TemporaryFailure as error:
            connection.close()
            if not (is_kept and _is_stale(error)):
                raise
            # The server hung up while the connection was kept; nothing of this mail was sent on it.
            connection = self._open()
            begun = self._begin(connection, path, recipients=recipients, size=len(raw))
        accepted, refused = begun
        try:
            _transfer(connection, raw)
        except ChannelError as error:
            connection.close()
            error.facts["refused"] = tuple(refused)
            raise
        self._keep(connection)
        return Receipt(message_id, tuple(accepted), tuple(refused), state=DeliveryState.SENT)

    def _begin(
        self, connection: SmtpConnection, path: str, *, recipients: list[str], size: int
    ) -> tuple[list[str], list[Refusal]]:
        """Say who writes to whom, up to the server's go-ahead for the mail itself."""
        try:
            return _begin(connection, path, recipients=recipients, size=size)
        except PermanentFailure:
            self._keep(connection)
            raise

    def _take(self) -> tuple[SmtpConnection, bool]:
        with self._lock:
            while self._idle:
                since, connection = self._idle.pop()
                if time.monotonic() - since < IDLE_SECONDS and connection.mails < MAILS_PER_CONNECTION:
                    connection.renew()
                    return connection, True
                connection.close()
        return self._open(), False

    def _open(self) -> SmtpConnection:
        connection = SmtpConnection(self._config, self._tokens)
        try:
            connection.open()
        except ChannelError:
            connection.close()
            raise
        return connection

    def _keep(self, connection: SmtpConnection) -> None:
        connection.mails += 1
        with self._lock:
            if len(self._idle) < KEPT:
                self._idle.append((time.monotonic(), connection))
                return
        connection.close()


def _begin(
    connection: SmtpConnection, path: str, *, recipients: list[str], size: int
) -> tuple[list[str], list[Refusal]]:
    with connection.deadline():
        if connection.mails:
            connection.rset()
        announced = connection.esmtp_features.get("size", "")
        if announced.isdigit() and 0 < int(announced) < size:
            sentence = (
                f"The mail has {size} bytes; {connection.server} takes {announced} at most. Send the files another way."
            )
            raise PermanentFailure(Reason.TOO_LARGE.value, sentence)
        code, text = connection.mail(path, [f"size={size}"] if connection.has_extn("size") else [])
        if code != 250:
            raise reply_failure(code, text, doing="the sender")
        accepted, refused = _recipients(connection, recipients)
        if not accepted:
            raise _nobody(refused)
        connection.putcmd("data")
        code, text = connection.getreply()
        if code != 354:
            raise reply_failure(code, text, doing="the mail")
        return accepted, refused


def _recipients(connection: SmtpConnection, recipients: list[str]) -> tuple[list[str], list[Refusal]]:
    accepted, refused = [], []
    for recipient in recipients:
        code, raw = connection.rcpt(recipient)
        if code in {250, 251}:
            accepted.append(recipient)
            continue
        if code == 421:
            raise reply_failure(code, raw, doing="to go on")
        text = reply_text(raw)
        refused.append(Refusal(recipient, reply_reason(code, text), permanent=code >= 500, detail=f"{code} {text}"))
    return accepted, refused


def _nobody(refused: list[Refusal]) -> ChannelError:
    """Every recipient was refused: permanent only when each of them was for good."""
    worst = next((each for each in refused if not each.permanent), refused[0])
    sentence = f"The mail server refuses {worst.recipient}: {worst.detail}"
    kind = PermanentFailure if worst.permanent else TemporaryFailure
    return kind(worst.reason.value, sentence, refused=tuple(refused))


def _is_stale(error: TemporaryFailure) -> bool:
    return error.code == Reason.CONNECTION_LOST.value or error.facts.get("reply") == 421


def _transfer(connection: SmtpConnection, raw: bytes) -> None:
    """Send the mail itself. Once its last byte is out and no answer came, nobody knows whether it was taken."""
    body = raw.replace(b"\r\n.", b"\r\n..")
    body = b"." + body if body.startswith(b".") else body
    is_out = False
    try:
        with connection.deadline():
            connection.send(body + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n"))
            is_out = True
            code, text = connection.getreply()
    except TemporaryFailure as error:
        if not is_out:
            raise
        sentence = f"{error.sentence} The mail was handed over, but its receipt was never confirmed."
        raise TemporaryFailure(error.code, sentence, in_doubt=True, server=connection.server) from None
    if code != 250:
        raise reply_failure(code, text, doing="the mail")
