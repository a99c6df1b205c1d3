"""A real desk for the measurements: `make run` with its own folder and ports, and what its processes cost."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Desk:
    """A running desk: its main process, its information file, the seconds until it was ready, and where it tells news."""

    process: subprocess.Popen[bytes]
    info: dict[str, Any]
    seconds: float
    stream: tuple[str, int]

    @property
    def address(self) -> tuple[str, int]:
        """Return where the web process listens."""
        host, _, port = self.info["url"].rpartition("/")[2].partition(":")
        return host, int(port)

    @property
    def smtp(self) -> tuple[str, int]:
        """Return where mail goes in."""
        host, _, port = self.info["smtp"].partition(":")
        return host, int(port)

    def token(self, login: str) -> str:
        """Return the bearer token of a demo user."""
        return next(str(user["token"]) for user in self.info["users"] if user["login"] == login)

    def password(self, login: str) -> str:
        """Return the password of a demo user."""
        return next(str(user["password"]) for user in self.info["users"] if user["login"] == login)

    def stop(self) -> None:
        """Stop everything that belongs to it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(folder: Path, *, sink: str) -> Desk:
    """Start a desk on `folder`, whose mail goes out to the SMTP server at `sink` (host:port); returns when it is ready."""
    taken: set[int] = set()
    web, stream, smtp = (_free_port(taken) for _ in range(3))
    kept = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
    environment = {
        **kept, "DATA_DIR": str(folder), "PORT": str(web), "STREAM_PORT": str(stream), "SMTP_PORT": str(smtp),
        "DEMO_SMTP": sink, "DEMO_DATA": "off", "WORKERS": "2", "LOG_LEVEL": "warning",
    }  # fmt: skip
    begun = time.monotonic()
    with (folder / "make-run.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.run"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    while not (folder / "info.json").exists():
        if process.poll() is not None or time.monotonic() - begun > 300:
            raise SystemExit(f"The desk did not start; see {folder / 'make-run.log'}.")
        time.sleep(0.02)
    return Desk(
        process, json.loads((folder / "info.json").read_text()), time.monotonic() - begun, ("127.0.0.1", stream)
    )


def _free_port(taken: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            taken.add(port)
            return port


def family(root: int) -> list[int]:
    """Return this process and all below it."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        found = _fields(int(entry.name))
        if found:
            below.setdefault(int(found[1]), []).append(int(entry.name))
    members, waiting = [], [root]
    while waiting:
        members.append(waiting.pop())
        waiting += below.get(members[-1], [])
    return members


def cpu_seconds(root: int) -> float:
    """Return the processor time that this process and all below it have used so far."""
    return sum((int(f[11]) + int(f[12])) / TICK for f in map(_fields, family(root)) if f)


def pss_megabytes(root: int) -> float:
    """Return the memory of this process and all below it, shared pages counted once (proportional set size)."""
    total = 0
    for pid in family(root):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
        total += int(found[1]) if found else 0
    return total / 1024


def _fields(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()
