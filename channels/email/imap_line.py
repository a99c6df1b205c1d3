"""IMAPClient over a socket that we open ourselves, so that it can be cut from the first byte on."""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Callable
from typing import Any

from imapclient import IMAPClient, SocketTimeout

CONNECT_SECONDS, READ_SECONDS = 15.0, 60.0
Opened = Callable[[socket.socket], None]


class _Protocol(imaplib.IMAP4):
    """imaplib that tells of its socket before it says or hears anything, and before TLS wraps it."""

    def __init__(self, host: str, port: int, *, context: ssl.SSLContext | None, opened: Opened) -> None:
        self._context, self._opened = context, opened
        super().__init__(host, port, timeout=CONNECT_SECONDS)

    def _create_socket(self, timeout: float | None) -> socket.socket:  # imaplib's hook
        plain = socket.create_connection((self.host, self.port), timeout)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._opened(plain)
        return plain if self._context is None else self._context.wrap_socket(plain, server_hostname=self.host)


class LineClient(IMAPClient):  # type: ignore[misc]  # IMAPClient publishes no types
    """IMAPClient whose plain socket is handed to `opened`; `context` means TLS from the start."""

    def __init__(self, host: str, port: int, *, context: ssl.SSLContext | None, opened: Opened) -> None:
        self._opened = opened
        timeout = SocketTimeout(CONNECT_SECONDS, READ_SECONDS)
        super().__init__(host, port, ssl=context is not None, ssl_context=context, timeout=timeout)
        self.normalise_times = False

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - IMAPClient's hook
        return _Protocol(self.host, self.port, context=self.ssl_context, opened=self._opened)

    def take_news(self) -> bool:
        """Whether the server told of a change in the number of mails since this was last asked."""
        return bool(self._imap.untagged_responses.pop("EXISTS", None))

    def _poll_socket(
        self, sock: socket.socket, timeout: float | None = None
    ) -> Any:  # IMAPClient's hook, socket not blocking
        """Look first at what was read along with the answer to IDLE: on the socket it would never show."""
        return True if self._has_read_ahead() else super()._poll_socket(sock, timeout)

    def _has_read_ahead(self) -> bool:
        try:
            return bool(self._imap.file.peek(1))
        except (ssl.SSLWantReadError, BlockingIOError):
            return False
