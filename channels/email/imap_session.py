"""One connection to an IMAP folder: opened, searched, fetched from, marked, and cut when the server dawdles."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from imapclient import DELETED, FLAGGED, SEEN
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from channels.email.config import AfterFetch, EmailConfig, Security
from channels.email.imap_cursor import Cursor
from channels.email.imap_line import LineClient
from channels.email.oauth import Tokens
from channels.email.tls import client_context, connection_failure
from channels.outcomes import ChannelError, Reason, TemporaryFailure

COMMAND_SECONDS, LOGOUT_SECONDS = 120.0, 2.0
SLOWEST_BYTES_PER_SECOND = 20_000
IDLE_STEP_SECONDS = 1.0
LIST_MAILS = 500
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Listed:
    """A mail that waits on the server."""

    uid: int
    size: int
    received_at: datetime | None


class CommandRefused(TemporaryFailure):
    """The server said NO or something unreadable to one command; the connection is still good."""


class ImapSession:
    """An open, selected folder. Raises TemporaryFailure with a reason whenever the connection is of no more use."""

    def __init__(self, config: EmailConfig, *, tokens: Tokens | None = None, patience: float = float("inf")) -> None:
        self._tokens = tokens or Tokens(config)
        self._config, self._patience = config, patience
        self._line: socket.socket | None = None
        self._client: LineClient | None = None
        self._is_cut = False
        self.server = "{}:{}".format(*config.imap_endpoint())
        try:
            with self._limit(COMMAND_SECONDS), self._translated("to connect"):
                self._connect()
            self._log_in()
            self.uidvalidity, uidnext = self._select()
            self.uidnext = uidnext or max(self._search("ALL"), default=0) + 1
        except ChannelError:
            self.close()
            raise

    def _connect(self) -> None:
        host, port = self._config.imap_endpoint()
        security = self._config.imap_security
        context = client_context(self._config)
        self._client = LineClient(
            host, port, context=context if security is Security.TLS else None, opened=self._remember_line
        )
        if security is Security.STARTTLS:
            if not self._client.has_capability("STARTTLS"):
                sentence = f"{self.server} does not offer STARTTLS. Choose TLS in the account."
                raise TemporaryFailure(Reason.TLS_FAILED.value, sentence, server=self.server)
            self._client.starttls(context)

    def _remember_line(self, plain: socket.socket) -> None:
        self._line = plain.dup()  # survives the wrapping in TLS, so that it can be cut at any moment

    def _log_in(self) -> None:
        user = self._config.imap_user or self._config.address
        token = self._tokens.bearer(self._config.imap_oauth_token)
        with self._limit(COMMAND_SECONDS), self._translated("the login"):
            try:
                if token:
                    self._open_client.oauth2_login(user, token)
                else:
                    self._open_client.login(user, self._config.imap_password.get_secret_value())
            except LoginError as error:
                if isinstance(error.__context__, IMAPClientAbortError):
                    raise IMAPClientAbortError(str(error)) from None
                self._tokens.forget()
                raise _login_failure(self.server, str(error)) from None

    def _select(self) -> tuple[int, int]:
        folder = self._config.imap_folder
        try:
            with self._limit(COMMAND_SECONDS), self._translated(f"the folder {folder!r}"):
                state = self._open_client.select_folder(folder)
        except CommandRefused as error:
            sentence = (
                f"{self.server} has no folder {folder!r} to read. Choose another in the account. ({error.sentence})"
            )
            raise TemporaryFailure(Reason.FOLDER_MISSING.value, sentence, server=self.server) from None
        return int(state[b"UIDVALIDITY"]), int(state.get(b"UIDNEXT", 0))

    @property
    def _open_client(self) -> LineClient:
        if self._client is None:
            raise connection_failure(EOFError(), server=self.server)
        return self._client

    def waiting(self, cursor: Cursor) -> list[Listed]:
        """Return what is still to be fetched: new mails in order, then those that failed before."""
        self._open_client.take_news()
        new = [uid for uid in self._search(f"UID {cursor.last + 1}:* UNDELETED") if uid > cursor.last]
        if new and new[0] <= cursor.until:
            counted = set() if cursor.old == "none" else set(self._search(f"UNDELETED {cursor.old}"))
            new = [uid for uid in new if uid > cursor.until or uid in counted]
        failed = sorted((uid for uid in cursor.again if uid not in new), key=lambda uid: (cursor.again[uid], uid))
        return self._list([*new, *failed])

    def _list(self, uids: list[int]) -> list[Listed]:
        """Look up sizes and dates; a mail that spoils the answer is listed with what is known of it: nothing."""
        found: list[Listed] = []
        for start in range(0, len(uids), LIST_MAILS):
            found += self._list_some(uids[start : start + LIST_MAILS])
        return found

    def _list_some(self, uids: list[int]) -> list[Listed]:
        try:
            rows = self.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"], size=200 * len(uids))
        except CommandRefused:
            if len(uids) == 1:
                return [Listed(uids[0], 0, None)]
            return [mail for uid in uids for mail in self._list_some([uid])]
        return [_listed(uid, rows[uid]) for uid in uids if uid in rows]

    def _search(self, criteria: str) -> list[int]:
        with self._limit(COMMAND_SECONDS), self._translated("the search"):
            return sorted(int(uid) for uid in self._open_client.search(criteria))

    def fetch(self, uids: Sequence[int], parts: list[str], *, size: int) -> dict[int, dict[bytes, Any]]:
        """Fetch parts of mails, giving up when they come slower than any usable line. Deleted ones are left out."""
        with self._limit(COMMAND_SECONDS + size / SLOWEST_BYTES_PER_SECOND), self._translated("to give out a mail"):
            return dict(self._open_client.fetch(uids, parts))

    def mark(self, uids: Sequence[int]) -> None:
        """Mark or move mails that are stored. Raises CommandRefused when the server will not."""
        with self._limit(COMMAND_SECONDS), self._translated("to mark a mail"):
            if self._config.imap_after is AfterFetch.MOVE:
                self._move(uids)
            else:
                flags = [SEEN] if self._config.imap_after is AfterFetch.SEEN else [SEEN, FLAGGED]
                self._open_client.add_flags(uids, flags, silent=True)

    def _move(self, uids: Sequence[int]) -> None:
        folder = self._config.imap_done_folder
        if not self._open_client.folder_exists(folder):
            self._open_client.create_folder(folder)
        if self._open_client.has_capability("MOVE"):
            self._open_client.move(uids, folder)
            return
        self._open_client.copy(uids, folder)
        self._open_client.add_flags(uids, [DELETED], silent=True)
        if self._open_client.has_capability("UIDPLUS"):
            # Without UIDPLUS an EXPUNGE would also purge what somebody else has deleted; then they stay marked.
            self._open_client.uid_expunge(uids)

    def has_news(self) -> bool:
        """Whether a mail came since the folder was searched: told beside another answer, IDLE would not repeat it."""
        return self._open_client.take_news()

    def can_idle(self) -> bool:
        """Whether the server tells of new mail by itself."""
        return bool(self._open_client.has_capability("IDLE"))

    def idle(self, seconds: float, *, stop: threading.Event) -> None:
        """Wait until the server has news, the time is over or `stop` is set."""
        with self._translated("IDLE"):
            self._open_client.idle()
            end = time.monotonic() + seconds
            while time.monotonic() < end and not stop.is_set():
                began = time.monotonic()
                news = self._open_client.idle_check(timeout=IDLE_STEP_SECONDS)
                # A closed connection wakes the check at once and with nothing.
                if any(_is_news(each) for each in news) or (not news and time.monotonic() - began < 0.5):
                    break
            with self._limit(COMMAND_SECONDS):
                self._open_client.idle_done()

    def close(self) -> None:
        """Log out where that still works, and hang up."""
        if self._client is not None:
            self._log_out(self._client)
            self._client = None
        if self._line is not None:
            self._line.close()
            self._line = None

    def _log_out(self, client: LineClient) -> None:
        try:
            with self._limit(LOGOUT_SECONDS):
                client.logout()
        except (IMAPClientError, OSError, AttributeError, ValueError) as error:
            _log.debug("imap_logout_failed", server=self.server, error=str(error))
            try:
                client.shutdown()
            except OSError as again:
                _log.debug("imap_shutdown_failed", server=self.server, error=str(again))

    @contextmanager
    def _limit(self, seconds: float) -> Iterator[None]:
        """Cut the connection when the commands inside take longer, however lively the server looks."""
        timer = threading.Timer(min(seconds, self._patience), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        self._is_cut = True
        try:
            if self._line is not None:
                self._line.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            _log.debug("imap_cut_failed", server=self.server, error=str(error))

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except ChannelError:
            raise
        except IMAPClientAbortError as error:
            is_late = self._is_cut or "timed out" in str(error)
            raise connection_failure(TimeoutError() if is_late else EOFError(), server=self.server) from None
        except (OSError, EOFError) as error:
            raise connection_failure(TimeoutError() if self._is_cut else error, server=self.server) from None
        except (IMAPClientError, ValueError, AssertionError) as error:
            text = _short(str(error))
            reason = Reason.MAILBOX_FULL if "OVERQUOTA" in text.upper() else Reason.VENDOR_FAULT
            raise CommandRefused(reason.value, f"{self.server} refuses {doing}: {text}", server=self.server) from None


def _login_failure(server: str, text: str) -> TemporaryFailure:
    upper, shown = text.upper(), _short(_spoken(text))
    if "[UNAVAILABLE]" in upper or "[INUSE]" in upper or "[LIMIT]" in upper or "TOO MANY" in upper:
        return TemporaryFailure(Reason.RATE_LIMITED.value, f"{server} takes no login now: {shown}", server=server)
    sentence = f"{server} refuses the login: {shown}. Enter user and password again."
    return TemporaryFailure(Reason.BAD_CREDENTIALS.value, sentence, server=server)


def _listed(uid: int, row: dict[bytes, Any]) -> Listed:
    date = row.get(b"INTERNALDATE")
    return Listed(uid, int(row.get(b"RFC822.SIZE") or 0), date if isinstance(date, datetime) else None)


def _is_news(response: Iterable[Any]) -> bool:
    words = tuple(response)
    return b"EXISTS" in words or b"RECENT" in words or (bool(words) and words[0] == b"BYE")


def _spoken(text: str) -> str:
    """Return what the server said, without the signs that Python puts around bytes and without its code in brackets."""
    said = re.sub(r"""^b(['"])(.*)\1$""", r"\2", text.strip(), flags=re.DOTALL)
    return re.sub(r"^\[[A-Z-]+\] ", "", said).rstrip(".")


def _short(text: str) -> str:
    return "".join(char for char in text if char.isprintable())[:200]
