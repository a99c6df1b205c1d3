"""The child processes of scripts: starting, asking, killing and forgetting them.

At most two per process, started when first needed; they leave by themselves after a minute without work or when the
process that started them is gone, because their standard input then ends.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

SIZE = 2
MAX_USES = 1_000
MAX_ANSWER = 4_000_000

_PROGRAM = Path(__file__).with_name("script_child.py")
_HEADER = struct.Struct(">I")
# Left after a minute without work, or killed by somebody else: our own limits end a child in other ways.
_NO_FAULT = (0, -signal.SIGKILL, -signal.SIGTERM)


class ChildError(Exception):
    """The child ended before it answered."""


class _LostError(ChildError):
    """It ended for no fault of the script: after a minute without work, or killed from outside."""


class Child:
    """One process in which scripts run, one at a time."""

    def __init__(self) -> None:
        """Start it: isolated from this process's environment, folder, terminal and open files."""
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            cwd="/",
            bufsize=0,
            start_new_session=True,
        )
        if self.process.stdin is None or self.process.stdout is None:
            raise ChildError
        self._to = self.process.stdin.fileno()
        self._from = self.process.stdout.fileno()
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        self.uses = 0

    def ask(self, body: bytes, *, wall: float) -> bytes:
        """The child's answer. TimeoutError after `wall` seconds, ChildError when it ended instead."""
        self.uses += 1
        deadline = time.monotonic() + wall
        self._send(_HEADER.pack(len(body)) + body, deadline)
        size = _HEADER.unpack(self._receive(_HEADER.size, deadline))[0]
        if size > MAX_ANSWER:
            raise ChildError
        return self._receive(size, deadline)

    def _send(self, message: bytes, deadline: float) -> None:
        view = memoryview(message)
        while view:
            try:
                view = view[os.write(self._to, view) :]
            except BlockingIOError:
                _wait(self._to, select.POLLOUT, deadline)
            except BrokenPipeError:
                raise ChildError from None

    def _receive(self, count: int, deadline: float) -> bytes:
        found = bytearray()
        while len(found) < count:
            try:
                piece = os.read(self._from, min(count - len(found), 1_000_000))
            except BlockingIOError:
                _wait(self._from, select.POLLIN, deadline)
                continue
            if not piece:
                raise ChildError
            found += piece
        return bytes(found)

    def alive(self) -> bool:
        """Whether the process is there to be asked."""
        return self.process.poll() is None

    def exit_code(self) -> int | None:
        """How a process whose pipe has ended went; None when it is still going."""
        try:
            return self.process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """Kill it and collect what the system keeps of it."""
        self._close()
        self.process.kill()
        self.process.wait()

    def forget(self) -> None:
        """Let go of a child that belongs to the process this one was forked from."""
        self._close()
        self.process.returncode = 0

    def _close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def _wait(descriptor: int, event: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    poll = select.poll()
    poll.register(descriptor, event)
    if left <= 0 or not poll.poll(left * 1_000):
        raise TimeoutError


class Pool:
    """The idle children of this process, and how many may be busy at once."""

    def __init__(self) -> None:
        """Nothing is started before the first script."""
        self._renew()

    def _renew(self) -> None:
        self._idle: list[Child] = []
        self._busy: set[Child] = set()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(SIZE)

    def ask(self, body: bytes, *, wall: float) -> bytes:
        """One request and its answer. TimeoutError or ChildError when the script broke its limits; the child is gone then."""
        with self._places:
            try:
                return self._ask_one(body, wall=wall)
            except _LostError:
                return self._ask_one(body, wall=wall)

    def _ask_one(self, body: bytes, *, wall: float) -> bytes:
        child = self._take()
        kept = False
        try:
            answer = child.ask(body, wall=wall)
            kept = child.uses < MAX_USES
            return answer
        except ChildError:
            code = child.exit_code()
            if code in _NO_FAULT:
                raise _LostError from None
            if code == -signal.SIGXCPU:
                raise TimeoutError from None
            raise
        finally:
            self._give(child, kept=kept)

    def _take(self) -> Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.alive():
                    self._busy.add(child)
                    return child
                child.stop()
            child = Child()
            self._busy.add(child)
            return child

    def _give(self, child: Child, *, kept: bool) -> None:
        with self._lock:
            self._busy.discard(child)
            if kept:
                self._idle.append(child)
                return
        child.stop()

    def close(self) -> None:
        """Stop every child; the next script starts a new one."""
        with self._lock:
            children = [*self._idle, *self._busy]
            self._idle.clear()
        for child in children:
            child.stop()

    def forget(self) -> None:
        """After a fork: the children belong to the other process."""
        for child in (*self._idle, *self._busy):
            child.forget()
        self._renew()


POOL = Pool()
atexit.register(POOL.close)
os.register_at_fork(after_in_child=POOL.forget)
