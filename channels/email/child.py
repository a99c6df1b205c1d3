"""A parser that strangers' mail may try to break: a child process with little memory, kept alive from mail to mail.

Each mail goes in as one frame and comes back as one document and one frame per attachment. The child gets 10 s of CPU
for each mail and 256 MiB in all; when it dies of it, the mail is told from its header alone, and the next mail gets a
fresh child.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO, Self

from channels.email.limits import MAX_MESSAGE
from channels.email.mime import parse_mail, scan_headers
from channels.email.parsed import ParsedMail, from_wire, to_wire

_ROOT = Path(__file__).resolve().parents[2]
_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from channels.email.child import serve; serve(int(sys.argv[2]))"
_MEMORY = 256 * 1024 * 1024
_CPU_SECONDS = 10
_WALL_SECONDS = 30.0
_MAILS_PER_CHILD = 2000
_LENGTH = struct.Struct(">Q")
_MAX_FRAMES = 2000
_MAX_ANSWER = 512 * 1024 * 1024
_log = logging.getLogger(__name__)


class _ChildFailed(Exception):
    """`again`: the child may have died of what came before this mail."""

    def __init__(self, words: str, *, again: bool = False) -> None:
        super().__init__(words)
        self.again = again


class ParserChild:
    """Reads mails in a child process. One mail at a time; threads take turns. Use it as a context manager, or close it."""

    def __init__(
        self, *, cpu_seconds: int = _CPU_SECONDS, wall_seconds: float = _WALL_SECONDS, memory: int = _MEMORY
    ) -> None:
        self._cpu_seconds = cpu_seconds
        self._wall_seconds = wall_seconds
        self._memory = memory
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._served = 0
        _LIVE.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def parse(self, raw: bytes, *, own_addresses: Collection[str] = ()) -> ParsedMail:
        """`raw` as a ParsedMail. Never raises for what a mail holds: what cannot be read has an `unparsed:` problem."""
        with self._lock:
            try:
                return self._ask_twice(raw, sorted(own_addresses))
            except _ChildFailed as failure:
                self._stop()
                _log.warning("mail parser child was stopped: %s", failure)
                return scan_headers(raw, problem=f"unparsed: {failure}")

    def close(self) -> None:
        """End the child. The next mail starts a new one."""
        with self._lock:
            self._stop()

    @property
    def pid(self) -> int | None:
        """The child's process id while one is running."""
        return self._process.pid if self._process else None

    def _ask_twice(self, raw: bytes, own_addresses: list[str]) -> ParsedMail:
        """A child that served others before it died may have died of them: a fresh one gets the mail once more."""
        served = self._served if self._process else 0
        try:
            return self._ask(raw, own_addresses)
        except _ChildFailed as failure:
            if not (failure.again and served):
                raise
        self._stop()
        return self._ask(raw, own_addresses)

    def _ask(self, raw: bytes, own_addresses: list[str]) -> ParsedMail:
        process = self._running()
        deadline = time.monotonic() + self._wall_seconds
        options = json.dumps({"own": own_addresses, "cpu": self._cpu_seconds}).encode()
        _send(process, [options, raw[: MAX_MESSAGE + 1]], deadline=deadline)
        reader = _Reader(process, deadline=deadline)
        try:
            count = reader.number()
            if not 1 <= count <= _MAX_FRAMES:
                raise ValueError("a wrong number of frames")
            document, *contents = [reader.frame() for _number in range(count)]
            mail = from_wire(document, tuple(contents))
        except (ValueError, TypeError, KeyError) as error:
            raise _ChildFailed("the reader's answer made no sense") from error
        self._served += 1
        if self._served >= _MAILS_PER_CHILD:
            self._stop()
        return mail

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process and (self._owner != os.getpid() or self._process.poll() is not None):
            self._stop()
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOT, str(_ROOT), str(self._memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env={"PYTHONMALLOC": "malloc", "MALLOC_ARENA_MAX": "1"},
                close_fds=True,
            )
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    os.set_blocking(pipe.fileno(), False)
            self._owner = os.getpid()
            self._served = 0
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        if self._owner == os.getpid():
            process.kill()
            process.wait()
        else:  # inherited over a fork: the child belongs to the parent, only our copies of the pipes are ours
            process.returncode = 0


_LIVE: weakref.WeakSet[ParserChild] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for parser in list(_LIVE):
        parser.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise _ChildFailed("reading the mail took too long")
    return left


def _died(process: subprocess.Popen[bytes]) -> _ChildFailed:
    try:
        code = process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return _ChildFailed("the reader stopped answering")
    if code == -signal.SIGXCPU:
        return _ChildFailed("reading the mail took too much computing time")
    return _ChildFailed(f"the reader died (exit {code}), most likely for want of memory", again=True)


def _send(process: subprocess.Popen[bytes], frames: list[bytes], *, deadline: float) -> None:
    assert process.stdin is not None  # noqa: S101 - opened as a pipe above
    descriptor = process.stdin.fileno()
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    for frame in frames:
        for data in (_LENGTH.pack(len(frame)), frame):
            view = memoryview(data)
            while view:
                if not poll.poll(_left(deadline) * 1000):
                    continue
                try:
                    view = view[os.write(descriptor, view[: 1 << 20]) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    raise _died(process) from None


class _Reader:
    """Reads the child's answer, no longer than the deadline."""

    def __init__(self, process: subprocess.Popen[bytes], *, deadline: float) -> None:
        assert process.stdout is not None  # noqa: S101 - opened as a pipe above
        self._process = process
        self._descriptor = process.stdout.fileno()
        self._deadline = deadline
        self._total = 0
        self._buffer = bytearray()
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def number(self) -> int:
        return int(_LENGTH.unpack(self.take(_LENGTH.size))[0])

    def frame(self) -> bytes:
        length = self.number()
        self._total += length
        if self._total > _MAX_ANSWER:
            raise ValueError("an answer too long")
        return self.take(length)

    def take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if not self._poll.poll(_left(self._deadline) * 1000):
                continue
            try:
                data = os.read(self._descriptor, max(65536, min(1 << 20, size - len(self._buffer))))
            except BlockingIOError:
                continue
            if not data:
                raise _died(self._process)
            self._buffer += data
        taken = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return taken


# ---------------------------------------------------------------- the child's side


def serve(memory: int) -> None:
    """The loop of the child: a mail in, its answer out, until the pipe closes."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inbox, outbox = sys.stdin.buffer, sys.stdout.buffer
    while True:
        options = _next(inbox)
        raw = _next(inbox) if options is not None else None
        if options is None or raw is None:
            return
        asked = json.loads(options)
        _allow_cpu(asked["cpu"])
        document, contents = to_wire(parse_mail(raw, own_addresses=asked["own"]))
        outbox.write(_LENGTH.pack(1 + len(contents)))
        for frame in (document, *contents):
            outbox.write(_LENGTH.pack(len(frame)))
            outbox.write(frame)
        outbox.flush()


def _next(inbox: BinaryIO) -> bytes | None:
    head = inbox.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length = _LENGTH.unpack(head)[0]
    body = inbox.read(length)
    return body if len(body) == length else None


def _allow_cpu(seconds: int) -> None:
    """From now on this much CPU more, then the kernel ends this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime) + 1
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, hard))
