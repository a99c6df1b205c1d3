"""One connection to an outgoing mail server: opened, secured, logged in, and cut when the whole of it takes too long."""

from __future__ import annotations

import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from channels.email.config import EmailConfig, Security
from channels.email.oauth import Tokens
from channels.email.smtp_replies import reply_failure, reply_text
from channels.email.tls import client_context, connection_failure
from channels.outcomes import ChannelError, Reason, TemporaryFailure

STEP_SECONDS = 30.0  # for one answer; the account sets the time for the whole


class SmtpConnection(smtplib.SMTP):
    """smtplib's client plus a deadline that also stops a server which sends a byte every now and then."""

    def __init__(self, config: EmailConfig, tokens: Tokens | None = None) -> None:
        self._config, self._line, self._expired = config, None, False
        self._tokens = tokens or Tokens(config)
        self.mails, self._until = 0, 0.0
        self.renew()
        self.server = "{}:{}".format(*config.smtp_endpoint())
        # The name is given, so that smtplib looks none up.
        super().__init__(
            local_hostname=config.address.rpartition("@")[2], timeout=min(STEP_SECONDS, config.smtp_seconds)
        )

    _line: socket.socket | None

    def renew(self) -> None:
        """Start the time of the next mail."""
        self._until = time.monotonic() + self._config.smtp_seconds

    def open(self) -> None:
        """Connect, secure and log in. Raises TemporaryFailure with the reason."""
        host, port = self._config.smtp_endpoint()
        with self.deadline():
            code, text = self.connect(host, port)
            if code != 220:
                raise reply_failure(code, text, doing="the connection")
            self.ehlo_or_helo_if_needed()
            if self._config.smtp_security is Security.STARTTLS:
                self._start_tls()
            if self._config.smtp_user:
                self._log_in()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # smtplib's hook
        plain = socket.create_connection((host, port), timeout)
        self._line = plain.dup()  # survives the wrapping in TLS, so that the deadline can cut it at any moment
        if self._config.smtp_security is not Security.TLS:
            return plain
        self._host = host
        return client_context(self._config).wrap_socket(plain, server_hostname=host)

    def _start_tls(self) -> None:
        if not self.has_extn("starttls"):
            sentence = f"{self.server} does not offer STARTTLS. Choose TLS, or no security for a server you trust."
            raise TemporaryFailure(Reason.TLS_FAILED.value, sentence, server=self.server)
        self._host = self._config.smtp_host
        code, text = self.starttls(context=client_context(self._config))
        if code != 220:
            raise reply_failure(code, text, doing="STARTTLS")
        self.ehlo()

    def _log_in(self) -> None:
        user, token = self._config.smtp_user, self._tokens.bearer(self._config.smtp_oauth_token)
        self.user, self.password = user, self._config.smtp_password.get_secret_value()
        offered = self.esmtp_features.get("auth", "").upper().split()
        try:
            if token:
                answer = f"user={user}\x01auth=Bearer {token}\x01\x01"
                # After a refusal the server sends its reason and waits for an empty line.
                self.auth("XOAUTH2", lambda challenge=None: answer if challenge is None else "")
            elif "PLAIN" in offered or "LOGIN" not in offered:
                self.auth("PLAIN", self.auth_plain)
            else:
                self.auth("LOGIN", self.auth_login)
        except smtplib.SMTPAuthenticationError as error:
            raise self._login_failure(error) from None

    def _login_failure(self, error: smtplib.SMTPAuthenticationError) -> TemporaryFailure:
        text = reply_text(error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode())
        if error.smtp_code in {421, 451, 454}:
            sentence = f"{self.server} cannot check the login now: {error.smtp_code} {text}"
            return TemporaryFailure(Reason.VENDOR_FAULT.value, sentence, server=self.server)
        self._tokens.forget()
        sentence = f"{self.server} refuses the login: {error.smtp_code} {text}. Enter user and password again."
        return TemporaryFailure(Reason.BAD_CREDENTIALS.value, sentence, server=self.server)

    @contextmanager
    def deadline(self) -> Iterator[None]:
        """Turn every failure inside into a port error, and cut the connection when the mail's time is over."""
        timer = threading.Timer(max(0.0, self._until - time.monotonic()), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except ChannelError:
            if self._expired:  # half an answer, cut off by the deadline
                raise self._gone(TimeoutError()) from None
            raise
        except smtplib.SMTPServerDisconnected:
            raise self._gone(EOFError()) from None
        except smtplib.SMTPResponseException as error:
            raw = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
            raise reply_failure(error.smtp_code, raw, doing="the mail") from None
        except smtplib.SMTPException as error:
            sentence = f"{self.server} does not speak SMTP as expected ({type(error).__name__}: {error})."
            raise TemporaryFailure(Reason.VENDOR_FAULT.value, sentence, server=self.server) from None
        except OSError as error:
            raise self._gone(error) from None
        finally:
            timer.cancel()

    def _gone(self, error: OSError | EOFError) -> TemporaryFailure:
        return connection_failure(TimeoutError() if self._expired else error, server=self.server)

    def _cut(self) -> None:
        self._expired = True
        if self._line is not None:
            try:
                self._line.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # closed already

    def close(self) -> None:
        """Hang up without a word."""
        if self._line is not None:
            self._line.close()
            self._line = None
        super().close()
