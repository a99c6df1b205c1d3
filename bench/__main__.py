"""`make bench`: starts a desk of its own, measures everything, prints each figure beside its target. About ten minutes.

ARGS="mail pages" measures some parts; ARGS="--write docs/benchmarks.md" also puts the tables into that file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import desk as desks
from bench.report import Figure, Report, load, machine

PARTS = ("start", "engine", "waking", "hooks", "chats", "mail", "pages")
ON_REQUEST = ("million",)  # half an hour and 20 GB
FEW, SOME, MANY = 1_000, 10_000, 100_000
IDLE_SECONDS = 5.0


def main(arguments: list[str]) -> int:
    """Measure the parts asked for (all without a name); returns 0 when every target is met."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join((*PARTS, *ON_REQUEST)))
    parser.add_argument("--write", type=Path, help="put the tables between the marks of this file")
    given = parser.parse_args(arguments)
    if unknown := set(given.parts) - {*PARTS, *ON_REQUEST}:
        parser.error(f"there is no part {min(unknown)}: choose from {', '.join(PARTS)}")
    report = Report()
    print(f"{machine()}; load {load()}")
    folder = Path(tempfile.mkdtemp(prefix="ringback-bench-"))
    folder.chmod(0o711)  # PostgreSQL runs as another user when we are root
    try:
        _measure(report, folder, given.parts or PARTS)
    finally:
        from tools.servers import remove

        remove(folder)
        shutil.rmtree(folder, ignore_errors=True)
    if given.write:
        _write(given.write, report.markdown())
    missed = report.missed()
    print(
        f"\n{len(missed)} of {len(report.figures)} figures miss their target." if missed else "\nEvery target is met."
    )
    return 1 if missed else 0


def _measure(report: Report, folder: Path, parts: list[str] | tuple[str, ...]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sink = subprocess.Popen([sys.executable, "-m", "bench.smtp_load", str(port)], cwd=desks.ROOT)
    desk = desks.start(folder, sink=f"127.0.0.1:{port}")
    try:
        if "start" in parts:
            desk.stop()
            desk = desks.start(folder, sink=f"127.0.0.1:{port}")
            _starting(report, desk)
        _connect(folder, desk)
        _inside(report, desk, parts)
    finally:
        desk.stop()
        sink.terminate()
        sink.wait()


def _starting(report: Report, desk: desks.Desk) -> None:
    report.begin("Starting")
    report.add(Figure("second start of make run, until ready", desk.seconds, "s", 8))
    time.sleep(IDLE_SECONDS)
    count = len(desks.family(desk.process.pid))
    memory = desks.pss_megabytes(desk.process.pid)
    report.add(Figure("idle memory of all processes (PSS)", memory, "MB", 450, note=f"{count} processes"))


def _connect(folder: Path, desk: desks.Desk) -> None:
    """Make this process one of the desk's, with its database, Valkey and key, but without a doorbell of its own use."""
    os.environ.update(
        DATABASE_URL=desk.info["database_url"],
        REDIS_URL=desk.info["redis_url"],
        DATA_DIR=str(folder),
        LOG_LEVEL="error",
    )
    from app import bootstrap

    bootstrap.start()


def _inside(report: Report, desk: desks.Desk, parts: list[str] | tuple[str, ...]) -> None:
    from bench import bulk, chats, crowd, engine, hooks, intake, loader, million, pages, waking

    url = str(desk.info["database_url"])
    alone: dict[str, Callable[[], None]] = {
        "engine": lambda: engine.measure(report), "waking": lambda: waking.measure(report),
        "hooks": lambda: hooks.measure(report, desk, url=url), "chats": lambda: chats.measure(report, desk, url=url),
    }  # fmt: skip
    for part, measure in alone.items():
        if part in parts:
            measure()
    if "million" in parts:
        number = loader.load(url, upto=million.BASE)
        million.multiply(url, copies=10)
        million.measure(report, desk, number=number)
        bulk.measure(report, url=url)
        intake.run(desk, url, seed=11)
        crowd.measure(report, desk, url=url)
        return
    few = None
    if "mail" in parts:
        loader.load(url, upto=FEW)
        intake.run(desk, url, seed=7)
        few = intake.measure(report, desk, url=url, cases=FEW)
    some = None
    if "pages" in parts:
        some = pages.measure(report, desk, number=loader.load(url, upto=SOME), cases=SOME)
    if few is None and some is None:
        return
    number = loader.load(url, upto=MANY)
    if some is not None:
        pages.measure(report, desk, number=number, cases=MANY, before=some)
    if few is not None:
        intake.measure(report, desk, url=url, cases=MANY, before=few)
        pages.complete_tasks(report, desk, url=url)


def _write(path: Path, tables: str) -> None:
    """Replace what stands between the marks of the file by the fresh tables."""
    begin, end = "<!-- figures -->", "<!-- end of figures -->"
    text = path.read_text() if path.exists() else f"{begin}\n{end}\n"
    before, _, rest = text.partition(begin)
    path.write_text(f"{before}{begin}\n\n{tables}\n{end}{rest.partition(end)[2]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
