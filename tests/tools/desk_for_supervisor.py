"""A small set of processes under the real supervisor; the tests of the supervisor start this file as a program."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path

from tools.run import _lock
from tools.servers import start_valkey
from tools.supervisor import Served, Supervisor, fork

folder = Path(sys.argv[1])


def steady(name: str) -> None:
    """Sign the book, then work until stopped."""
    with (folder / "starts").open("a") as book:
        book.write(f"{name} {os.getpid()}\n")
    time.sleep(300)


def broken() -> None:
    """Fail at once, every time."""
    with (folder / "starts").open("a") as book:
        book.write(f"broken {os.getpid()}\n")
    raise RuntimeError("broken on purpose")


with _lock(folder):
    supervisor = Supervisor(lambda sentence: print(sentence, flush=True), folder / "processes.json")
    supervisor.add("valkey", lambda: Served(start_valkey(folder)))
    for name in ("first", "second"):
        supervisor.add(name, partial(fork, partial(steady, name), folder / f"{name}.log"))
    if "broken" in sys.argv:
        supervisor.add("broken", partial(fork, broken, folder / "broken.log"))
    print("ready", flush=True)
    supervisor.watch()
    supervisor.stop(seconds=5)
