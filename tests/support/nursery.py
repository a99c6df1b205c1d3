"""Processes of the desk for tests, forked from one that has loaded the code, as `make run` forks its own.

Loading the code takes 1.6 s of processor time, and the tests start and kill far more than a hundred processes.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOADED = ("worker", "app.web.server", "app.streaming", "app.listening", "app.cli.seed", "app.orchestration.bulk.runs")


class Failed(Exception):
    """A process that should have ended well did not; with what it wrote."""


class Nursery:
    """The loaded process and what it has forked; made when first needed."""

    def __init__(self) -> None:
        """Start it and talk with it over a socket."""
        self._line, far = socket.socketpair()
        with far:
            command = [sys.executable, "-m", "tests.support.nursery", str(far.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[far.fileno()])
        self._ended: dict[int, int] = {}
        self._heard = b""
        atexit.register(self.close)

    def fork(self, *, env: dict[str, str], log: Path, worker: str = "", code: str = "", arguments: list[str]) -> Child:
        """Have a process forked that is `python worker.py WORKER`, or runs `code`, with this environment alone."""
        order = {"env": env, "log": str(log), "worker": worker, "code": code, "arguments": arguments}
        self._line.sendall(json.dumps(order).encode() + b"\n")
        return Child(self, self._hear("pid"))

    def code_of(self, pid: int) -> int | None:
        """How that process ended (negative: by a signal), or None while it runs."""
        while self._is_something_said(0):
            self._listen()
        return self._ended.get(pid)

    def _hear(self, key: str) -> int:
        while (found := self._listen(key)) is None:
            pass
        return found

    def _listen(self, key: str = "") -> int | None:
        """Take the next thing it says; what it says of `key` is returned, the ends of processes are kept."""
        while b"\n" not in self._heard:
            piece = self._line.recv(65536)
            if not piece:
                raise Failed("The process from which others are forked has ended.")
            self._heard += piece
        line, _, self._heard = self._heard.partition(b"\n")
        said = json.loads(line)
        if "ended" in said:
            self._ended[said["ended"]] = said["code"]
        return said.get(key)

    def _is_something_said(self, seconds: float) -> bool:
        return b"\n" in self._heard or bool(select.select([self._line], [], [], seconds)[0])

    def close(self) -> None:
        """End it; what it has forked is killed."""
        self._line.close()
        self._process.wait(20)


@dataclass
class Child:
    """A forked process; behaves as one that was started by `subprocess`."""

    nursery: Nursery
    pid: int
    returncode: int | None = field(default=None)

    def poll(self) -> int | None:
        """How it ended, or None while it runs."""
        if self.returncode is None:
            self.returncode = self.nursery.code_of(self.pid)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait until it has ended; subprocess.TimeoutExpired when it does not."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.01)
        return code

    def send_signal(self, signum: int) -> None:
        """Send it a signal; nothing happens when it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signum)


_ONE: list[Nursery] = []


def nursery() -> Nursery:
    """The one of this test process."""
    if not _ONE:
        _ONE.append(Nursery())
    return _ONE[0]


def run_code(code: str, *arguments: object, env: dict[str, str], folder: Path, seconds: float = 120) -> str:
    """Run a piece of code in a process of its own and return what it wrote; Failed when it does not end well."""
    log = folder / f"code-{time.monotonic_ns()}.log"
    child = nursery().fork(env=env, log=log, code=code, arguments=list(map(str, arguments)))
    if child.wait(seconds) != 0:
        raise Failed(log.read_text(errors="replace"))
    return log.read_text(errors="replace")


# ---------------------------------------------------------------- what runs in the loaded process
def main(line: socket.socket) -> None:
    """Fork what is asked for and tell how it ended, until the other side is gone."""
    wake, alarm = os.pipe()
    for end in (wake, alarm):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(alarm)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    ears = selectors.DefaultSelector()
    for ear in (line, wake):
        ears.register(ear, selectors.EVENT_READ)
    running: set[int] = set()
    heard = b""
    while True:
        ready = {key.fd for key, _ in ears.select()}
        if wake in ready:
            os.read(wake, 4096)
            for pid, code in _ended(running):
                line.sendall(json.dumps({"ended": pid, "code": code}).encode() + b"\n")
        if line.fileno() in ready:
            piece = line.recv(1_000_000)
            if not piece:
                break
            *orders, heard = (heard + piece).split(b"\n")
            for order in orders:
                pid = _fork(json.loads(order), line)
                running.add(pid)
                line.sendall(json.dumps({"pid": pid}).encode() + b"\n")
    for pid in running:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _ended(running: set[int]) -> list[tuple[int, int]]:
    found = []
    for pid in list(running):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            running.discard(pid)
            found.append((pid, os.waitstatus_to_exitcode(status)))
    return found


def _fork(order: dict[str, Any], line: socket.socket) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        _become(order, line)
        code = 0
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    except BaseException:  # the last frame of the process: whatever it is goes to the log
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _become(order: dict[str, Any], line: socket.socket) -> None:
    from app.settings import settings
    from tools.servers import die_with_parent

    line.close()
    die_with_parent(signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    for signum in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_DFL)
    handle = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.environ.clear()
    os.environ.update(order["env"])
    settings.cache_clear()
    sys.argv = [order["worker"] or "-c", *order["arguments"]]
    if order["worker"]:
        import worker

        worker.COMMANDS[order["worker"]]()
    else:
        exec(compile(order["code"], "<test>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    import importlib

    for name in LOADED:
        importlib.import_module(name)
    main(socket.socket(fileno=int(sys.argv[1])))
