"""`make run` as a whole: what it prints and leaves, who may read it, death of its processes, a second start, the end."""

from __future__ import annotations

import json
import os
import secrets
import signal
import smtplib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tools import ports

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
# One desk serves all tests of this file, so they run on one test process.
pytestmark = pytest.mark.slow


class Desk:
    """A desk started by `tools.run` in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder.with_suffix(".out")
        # Somewhere else each time: other test runs on this machine look for free ports too.
        first = ports.choose("UNSET_PORT", HOST, 20_000 + 10 * secrets.randbelow(1_000))
        self.environment = {key: value for key, value in os.environ.items() if not key.endswith("_URL")} | {
            "DATA_DIR": str(folder),
            "PORT": str(first),
            "SMTP_PORT": str(ports.choose("UNSET_PORT", HOST, first + 2)),
            "WORKERS": "1",
        }
        self.environment.pop("SECRET_KEY", None)

    def start(self) -> None:
        """Start and wait until it is ready."""
        begun = time.monotonic()
        (self.folder / "info.json").unlink(missing_ok=True)  # a killed run leaves it behind
        with self.output.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tools.run"],
                cwd=ROOT,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while not (self.folder / "info.json").exists():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() - begun < 120
            time.sleep(0.05)

    @property
    def info(self) -> dict[str, object]:
        """What the desk left for scripts."""
        found: dict[str, object] = json.loads((self.folder / "info.json").read_text())
        return found

    def pids(self) -> list[int]:
        """Process numbers of its children."""
        return [pid for pid, _ in json.loads((self.folder / "processes.json").read_text())]

    def get(self, path: str) -> int:
        """Status of a page."""
        with urllib.request.urlopen(f"{self.info['url']}{path}", timeout=10) as answer:
            return int(answer.status)

    def stop(self) -> str:
        """Ask for an orderly end; returns what was printed."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        return self.output.read_text()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A running desk."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    yield from _ended_after(desk)


@pytest.fixture
def own_desk(tmp_path: Path) -> Iterator[Desk]:
    """A running desk for one test alone."""
    yield from _ended_after(Desk(tmp_path))


def _ended_after(desk: Desk) -> Iterator[Desk]:
    try:
        desk.start()
        yield desk
    finally:
        if desk.process.poll() is None:
            desk.stop()


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_leaves_what_scripts_need_for_its_owner_only(desk: Desk) -> None:
    info = desk.info
    assert (desk.folder / "info.json").stat().st_mode & 0o777 == 0o600
    assert {"url", "smtp", "users", "database_url", "redis_url"} <= set(info)
    assert {"agent", "manager", "designer", "admin"} <= {user["role"] for user in info["users"]}  # type: ignore[attr-defined]
    for user in info["users"]:  # type: ignore[attr-defined]
        assert user["login"]
        assert user["password"]
        assert user["token"]
    with psycopg.connect(str(info["database_url"])) as connection:
        assert connection.execute("select count(*) > 0 from users").fetchone() == (True,)


def test_pages_and_mail_answer(desk: Desk) -> None:
    assert desk.get("/healthz") == 200
    assert desk.get("/readyz") == 200
    host, port = str(desk.info["smtp"]).split(":")
    with smtplib.SMTP(host, int(port), timeout=10) as client:
        assert client.noop()[0] == 250


def test_a_killed_process_is_back(desk: Desk) -> None:
    before = desk.pids()
    os.kill(before[-1], signal.SIGKILL)
    deadline = time.monotonic() + 60
    while before[-1] in desk.pids():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(desk.pids()) == len(before)


def test_its_processes_share_their_memory(desk: Desk) -> None:
    """Idle memory of all processes together: at most 450 MB."""
    families: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except FileNotFoundError:
            continue
        families.setdefault(parent, []).append(int(folder.name))
    todo, total = [desk.process.pid], 0
    while todo:
        pid = todo.pop()
        todo += families.get(pid, [])
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    assert 50 < total / 1024 < 450


def test_a_second_run_on_the_same_data_is_refused(desk: Desk) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "tools.run"], check=False, capture_output=True, text=True, cwd=ROOT, env=desk.environment
    )
    assert second.returncode == 1
    assert "already runs" in second.stderr
    reset = subprocess.run(
        [sys.executable, "-m", "tools.run", "reset"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=desk.environment,
    )
    assert reset.returncode == 1
    assert "already runs" in reset.stderr


def test_it_ends_whole_keeps_its_data_and_starts_quickly_again(own_desk: Desk) -> None:
    desk = own_desk
    tokens = desk.info["users"]
    with psycopg.connect(str(desk.info["database_url"])) as connection:
        connection.execute("create table kept_by_tests (word text)")
    pids = desk.pids()
    printed = desk.stop()
    assert desk.process.returncode == 0
    assert not [pid for pid in pids if _is_alive(pid)]
    assert not (desk.folder / "info.json").exists()
    assert "is ready after" in printed
    desk.start()
    assert desk.info["users"] == tokens
    with psycopg.connect(str(desk.info["database_url"])) as connection:
        assert connection.execute("select count(*) from kept_by_tests").fetchone() == (0,)
    pids = desk.pids()
    desk.process.kill()
    desk.process.wait()
    desk.start()  # what a killed run left behind is ended first
    assert not [pid for pid in pids if _is_alive(pid)]
    desk.stop()
    reset = subprocess.run(
        [sys.executable, "-m", "tools.run", "reset"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=desk.environment,
    )
    assert reset.returncode == 0
    assert [path.name for path in desk.folder.iterdir()] == ["run.lock"]
