"""Closed-loop HTTP clients on kept-alive connections: each asks again as soon as it has its answer."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Timing:
    """Latencies of all requests in seconds, and how long all of it took."""

    latencies: Sequence[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Return requests per second."""
        return len(self.latencies) / self.seconds


class Client:
    """One connection. Parses only what it needs, so that it costs the measured machine little."""

    def __init__(self, address: tuple[str, int], headers: str = "") -> None:
        """Connect; `headers` go with each request, each line ended by CR LF."""
        self.address, self.headers = address, headers
        self._peer = socket.create_connection(address, timeout=60)
        self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._peer.close()

    def ask(self, method: str, path: str, *, body: bytes = b"", kind: str = "") -> tuple[int, bytes, bytes]:
        """Return status, head and body of the answer; connects anew when the server has closed."""
        host = f"{self.address[0]}:{self.address[1]}"
        extra = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n" if kind else ""
        request = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{extra}{self.headers}\r\n".encode() + body
        self._peer.sendall(request)
        answer = self._read(b"")
        if not answer:
            self._peer.close()
            self._peer = socket.create_connection(self.address, timeout=60)
            self._peer.sendall(request)
            answer = self._read(b"")
        while b"\r\n\r\n" not in answer:
            answer = self._read(answer)
        head, _, rest = answer.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)content-length: (\d+)", head)
        length = int(found[1]) if found else 0
        while len(rest) < length:
            rest = self._read(rest)
        return int(head[9:12]), head, rest

    def _read(self, before: bytes) -> bytes:
        try:
            return before + self._peer.recv(1 << 18)
        except ConnectionResetError:
            return before


def sign_in(address: tuple[str, int], login: str, password: str) -> str:
    """Sign in as a person would; returns the Cookie header line of the session."""
    with Client(address) as client:
        _, head, page = client.ask("GET", "/login")
        token = re.search(rb'name="csrf" value="([^"]+)"', page)
        form = _cookies(head)
        fields = {"login": login, "password": password, "next": "/", "csrf": token[1].decode() if token else ""}
        client.headers = f"Cookie: {form}\r\n"
        status, head, _ = client.ask(
            "POST", "/login", body=urlencode(fields).encode(), kind="application/x-www-form-urlencoded"
        )
        if status != 303:
            raise SystemExit(f"Signing in as {login} failed with status {status}.")
        return f"Cookie: {_cookies(head)}\r\n"


def _cookies(head: bytes) -> str:
    return "; ".join(match.decode() for match in re.findall(rb"(?i)set-cookie: ([^=]+=[^;]+)", head))


def run(
    address: tuple[str, int], headers: str, requests: Callable[[int], Iterator[tuple[str, str, bytes]]], *,
    clients: int, seconds: float | None = None, wanted: Sequence[int] = (200,),
) -> Timing:  # fmt: skip
    """Let each client send what `requests(number of the client)` yields: method, path, JSON body; until it ends or time is up."""
    latencies: list[float] = []
    failures: list[str] = []
    start = threading.Barrier(clients + 1)
    until = [0.0]

    def work(number: int) -> None:
        with Client(address, headers) as client:
            start.wait()
            for method, path, body in requests(number):
                begun = time.perf_counter()
                status, _, answer = client.ask(method, path, body=body, kind="application/json" if body else "")
                latencies.append(time.perf_counter() - begun)
                if status not in wanted:
                    failures.append(f"{method} {path}: {status} {answer[:200]!r}")
                if until[0] and time.perf_counter() > until[0]:
                    return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    until[0] = time.perf_counter() + seconds if seconds else 0.0
    start.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"{len(failures)} of {len(latencies)} requests failed, first: {failures[0]}")
    return Timing(latencies, time.perf_counter() - begun)


def repeat(path: str) -> Callable[[int], Iterator[tuple[str, str, bytes]]]:
    """Ask for one page again and again."""

    def requests(_number: int) -> Iterator[tuple[str, str, bytes]]:
        while True:
            yield "GET", path, b""

    return requests
