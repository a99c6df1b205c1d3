"""A valve in front of a server: what goes through it can be held back, or refused, as when that server hangs or is away."""

from __future__ import annotations

import asyncio
import threading
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"


class Valve:
    """Passes bytes from a port of its own to a Valkey. Use `url` instead of the server's own."""

    def __init__(self, url: str) -> None:
        """`url`: the server's, with a host and port or a socket file."""
        self._far = urlsplit(url)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._writers: set[asyncio.StreamWriter] = set()
        self._call(self._begin())
        self.port: int = self._server.sockets[0].getsockname()[1]
        number = parse_qs(self._far.query).get("db", [self._far.path.strip("/") or "0"])[0]
        self.url = f"redis://{HOST}:{self.port}/{number}"

    def hang(self) -> None:
        """Let nothing through, and close nothing."""
        self._call(self._set(is_open=False))

    def go_on(self) -> None:
        """Let everything through again, also what was held back."""
        self._call(self._set(is_open=True))

    def refuse(self) -> None:
        """Close every connection and take no new one."""
        self._call(self._close())

    def take_again(self) -> None:
        """Take connections again after `refuse`, at the same port."""
        self._call(self._begin(self.port))

    def stop(self) -> None:
        """End it."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _begin(self, port: int = 0) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._server = await asyncio.start_server(self._pass, HOST, port)

    async def _set(self, *, is_open: bool) -> None:
        (self._open.set if is_open else self._open.clear)()

    async def _close(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._far.scheme == "unix":
            far_reader, far_writer = await asyncio.open_unix_connection(self._far.path)
        else:
            far_reader, far_writer = await asyncio.open_connection(self._far.hostname, self._far.port)
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))
        except OSError:
            pass  # either end has gone: both are closed below
        finally:
            self._writers -= {writer, far_writer}
            writer.transport.abort()
            far_writer.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionAbortedError
