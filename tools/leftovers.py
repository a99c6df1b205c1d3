"""Ends what a killed supervisor left running, so that ports and data are free for the next start."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def note(book: Path, pids: Mapping[str, int]) -> None:
    """Write down which process groups are ours, each with the time it began: numbers are used again."""
    draft = book.with_suffix(".new")
    draft.write_text(json.dumps([[pid, _began(pid)] for pid in pids.values()]))
    draft.replace(book)


def end(book: Path, *, seconds: float = 8) -> int:
    """End the process groups in `book` that still run, at first politely; returns how many there were."""
    try:
        noted: list[tuple[int, str | None]] = json.loads(book.read_text())
    except (FileNotFoundError, ValueError):
        return 0
    groups = [pid for pid, began in noted if _began(pid) in {began, None} and _signal_group(pid, 0)]
    for signum in (signal.SIGTERM, signal.SIGKILL):
        running = [pid for pid in groups if _signal_group(pid, signum)]
        deadline = time.monotonic() + seconds
        while running and time.monotonic() < deadline:
            time.sleep(0.05)
            running = [pid for pid in running if _signal_group(pid, 0)]
    book.unlink(missing_ok=True)
    return len(groups)


def kill_group(pid: int) -> None:
    """Kill what is left of the process group that `pid` led."""
    _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, signum: int) -> bool:
    """Signal a process group; tells whether it is there (and ours)."""
    try:
        os.killpg(pid, signum)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _began(pid: int) -> str | None:
    """Return when a process began, in the kernel's ticks; None where it is gone or there is no /proc."""
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return None
