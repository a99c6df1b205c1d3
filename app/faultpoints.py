"""Named crash points: `CRASH_AT=outbox.after_send` kills the process there, as a power cut would. For tests of recovery."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from app.settings import settings

POINTS: set[str] = set()


def crash_point(name: str) -> None:
    """Kill this process without any clean-up when CRASH_AT names this point (`name` or `name@file`: once, while the file exists)."""
    wanted = settings().crash_at
    if not wanted:
        return
    point, _, flag = wanted.partition("@")
    if point != name:
        return
    if flag:
        try:
            Path(flag).unlink()
        except FileNotFoundError:
            return
    os.kill(os.getpid(), signal.SIGKILL)
