"""Keeps a set of processes alive: starts them, starts them again when they die, stops them all, in order.

Application processes are forked from this one, which has loaded the code before, so that they share its memory.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

from tools import leftovers
from tools.servers import Server, ServerError, die_with_parent

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STEADY_SECONDS = 10.0  # who lived this long starts again at once when it dies
SLOWEST_RESTART = 15.0
LOG_LIMIT = 10 * 1024 * 1024


class Process(Protocol):
    """A running process of ours."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Return how it ended (negative: by that signal), or None while it runs."""

    def signal(self, signum: int) -> None:
        """Send it a signal; nothing happens when it has ended."""


@dataclass
class Forked:
    """A process forked from this one."""

    pid: int
    ended: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, or None while it runs."""
        if self.ended is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.ended = os.waitstatus_to_exitcode(status) if pid else None
        return self.ended

    def signal(self, signum: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, signum)


@dataclass
class Served:
    """A process of an embedded server."""

    server: Server

    @property
    def pid(self) -> int:
        """Its number."""
        return self.server.process.pid

    def poll(self) -> int | None:
        """Return how it ended, or None while it runs."""
        return self.server.process.poll()

    def signal(self, signum: int) -> None:
        """Send a signal, if it still runs; what asks others to end is turned into what this server ends cleanly by."""
        self.server.process.send_signal(self.server.stop_signal if signum == signal.SIGTERM else signum)


@dataclass
class Child:
    """One place in the set: how to start it, and how it has fared."""

    name: str
    start: Callable[[], Process]
    process: Process | None = None
    started_at: float = 0.0
    deaths: int = 0
    next_try: float = field(default=0.0)


def fork(entry: Callable[[], object], log: Path) -> Forked:
    """Run `entry` in a forked process that writes to `log` and ends with us."""
    _rotate(log)
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return Forked(pid)
    code = 1
    try:
        _become_child(parent, log)
        entry()
        code = 0
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    except BaseException:  # noqa: BLE001 -- the last frame of the process: whatever it is goes to the log
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _become_child(parent: int, log: Path) -> None:
    """Leave the terminal's group, so that Ctrl-C reaches only the supervisor, which stops us in order."""
    die_with_parent()
    if os.getppid() != parent:
        os._exit(1)
    os.setsid()
    signal.set_wakeup_fd(-1)
    for signum in (*STOP_SIGNALS, signal.SIGCHLD):
        signal.signal(signum, signal.SIG_DFL)
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(handle, 1)
    os.dup2(handle, 2)


def _rotate(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".1"))


class Supervisor:
    """The set of processes; children are stopped in the reverse of the order in which they were added."""

    def __init__(self, say: Callable[[str], None], book: Path) -> None:
        """Report what happens through `say`, one sentence at a time; keep the process numbers in `book`."""
        self._say = say
        self._book = book
        self._children: list[Child] = []
        self._stopping = False
        self._wake, self._alarm = os.pipe()
        for end in (self._wake, self._alarm):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._alarm, warn_on_full_buffer=False)
        for signum in STOP_SIGNALS:
            signal.signal(signum, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    @property
    def is_stopping(self) -> bool:
        """Tell whether somebody asked us to stop."""
        return self._stopping

    def add(self, name: str, start: Callable[[], Process]) -> None:
        """Start a process and keep it alive from now on. Raises what `start` raises."""
        child = Child(name, start, started_at=time.monotonic(), process=start())
        self._children.append(child)
        leftovers.note(self._book, self.pids())

    def pids(self) -> dict[str, int]:
        """Return the process number of every child that runs."""
        return {child.name: child.process.pid for child in self._children if child.process}

    def watch(self, *, seconds: float = float("inf"), until: Callable[[], bool] = lambda: False) -> bool:
        """Keep the children alive until `until` holds (True), time is over or somebody asks to stop (False)."""
        deadline = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < deadline:
            self._tend()
            if until():
                return True
            self._sleep(0.05 if seconds < float("inf") else 0.5)
        return False

    def stop(self, *, seconds: float = 10) -> None:
        """Stop every child, the last added first: application processes together, then the servers one by one."""
        self._stopping = True
        forked = [child for child in self._children if isinstance(child.process, Forked)]
        self._stop_together(forked, seconds)
        for child in reversed([child for child in self._children if child not in forked]):
            self._stop_together([child], seconds)
        self._book.unlink(missing_ok=True)

    def _stop_together(self, children: Iterable[Child], seconds: float) -> None:
        running = [child.process for child in children if child.process and child.process.poll() is None]
        for signum in (signal.SIGTERM, signal.SIGKILL):
            for process in running:
                process.signal(signum)
            deadline = time.monotonic() + seconds
            while running and time.monotonic() < deadline:
                running = [process for process in running if process.poll() is None]
                time.sleep(0.01)

    def _on_stop(self, _signum: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _sleep(self, seconds: float) -> None:
        if select.select([self._wake], [], [], seconds)[0]:
            os.read(self._wake, 4096)

    def _tend(self) -> None:
        for child in self._children:
            if child.process is not None and (code := child.process.poll()) is not None:
                self._bury(child, code)
            if child.process is None and time.monotonic() >= child.next_try and not self._stopping:
                self._restart(child)

    def _bury(self, child: Child, code: int) -> None:
        """Note a death, and when to start again: at once after a steady life, later and later otherwise."""
        if child.process is not None:
            leftovers.kill_group(child.process.pid)
        child.process = None
        steady = time.monotonic() - child.started_at > STEADY_SECONDS
        child.deaths = 0 if steady else child.deaths + 1
        wait = min(SLOWEST_RESTART, 0.25 * 2**child.deaths) if child.deaths > 1 else 0.0
        child.next_try = time.monotonic() + wait
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        self._say(f"{child.name} {how}; starting it again{f' in {wait:.1f} s' if wait else ''}.")

    def _restart(self, child: Child) -> None:
        child.started_at = time.monotonic()
        try:
            child.process = child.start()
        except ServerError as error:
            self._say(str(error))
            child.deaths += 1
            child.next_try = time.monotonic() + SLOWEST_RESTART
        leftovers.note(self._book, self.pids())
