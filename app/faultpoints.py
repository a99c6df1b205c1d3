"""Named crash points: `CRASH_AT=outbox.after_send` kills the process there, as a power cut would. For tests of recovery."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from app.settings import settings

STOP = "stop:"


def crash_point(name: str) -> None:
    """Kill this process without any clean-up when CRASH_AT names this point (`name` or `name@file`: once, while the file exists).

    With `stop:` before the name the process is only put to sleep (SIGSTOP), as on a host that was paused.
    """
    wanted = settings().crash_at
    if not wanted:
        return
    point, _, flag = wanted.removeprefix(STOP).partition("@")
    if point != name:
        return
    if flag:
        try:
            Path(flag).unlink()
        except FileNotFoundError:
            return
    os.kill(os.getpid(), signal.SIGSTOP if wanted.startswith(STOP) else signal.SIGKILL)
