"""The supervisor with real processes: death, restart, orderly end, and what a killed supervisor leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from tools import leftovers

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, str(Path(__file__).with_name("desk_for_supervisor.py"))]


class Desk:
    """A supervisor running in `folder`."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [*PROGRAM, str(folder), *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def starts(self, name: str) -> list[int]:
        """Process numbers under which `name` was started, in order."""
        book = self.folder / "starts"
        lines = book.read_text().split("\n") if book.exists() else []
        return [int(line.split()[1]) for line in lines if line.startswith(f"{name} ")]

    def pids(self) -> list[int]:
        """All children's process numbers, as the supervisor notes them."""
        return [pid for pid, _ in json.loads((self.folder / "processes.json").read_text())]

    def end(self) -> str:
        """Ask for an orderly end and return what was printed."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=60)[0]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Starts desks in one folder, and ends those that still run."""
    desks = []

    def start(*arguments: str) -> Desk:
        desk = Desk(tmp_path, *arguments)
        desks.append(desk)
        assert desk.process.stdout
        line = desk.process.stdout.readline()
        assert line == "ready\n", line + desk.process.stdout.read()
        wait_for(lambda: bool(desk.starts("first") and desk.starts("second")))
        return desk

    yield start
    for desk in desks:
        if desk.process.poll() is None:
            desk.process.kill()
        desk.process.communicate()
    leftovers.end(tmp_path / "processes.json", seconds=2)


def wait_for(holds: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_killed_child_is_started_again(start: Callable[..., Desk]) -> None:
    desk = start()
    os.kill(desk.starts("first")[0], signal.SIGKILL)
    wait_for(lambda: len(desk.starts("first")) == 2)
    assert len(desk.starts("second")) == 1
    assert "first was killed by signal 9; starting it again." in desk.end()


def test_a_killed_server_is_started_again_at_the_same_address(start: Callable[..., Desk], tmp_path: Path) -> None:
    desk = start()
    with redis.Redis(unix_socket_path=str(tmp_path / "valkey" / "valkey.sock")) as connection:
        before = connection.info("server")["process_id"]
    os.kill(before, signal.SIGKILL)

    def is_back() -> bool:
        try:
            with redis.Redis(unix_socket_path=str(tmp_path / "valkey" / "valkey.sock")) as connection:
                return bool(connection.info("server")["process_id"] != before)
        except redis.ConnectionError:
            return False

    wait_for(is_back)
    assert "valkey was killed by signal 9" in desk.end()


def test_a_child_that_fails_at_once_is_started_less_and_less_often(start: Callable[..., Desk]) -> None:
    desk = start("broken")
    wait_for(lambda: len(desk.starts("broken")) >= 2)
    time.sleep(1.5)  # without the growing pause it would start dozens of times
    assert len(desk.starts("broken")) <= 6
    assert "broken ended with code 1; starting it again in" in desk.end()
    assert "broken on purpose" in (desk.folder / "broken.log").read_text()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_child_ends_with_the_supervisor(start: Callable[..., Desk], signum: signal.Signals) -> None:
    desk = start()
    pids = desk.pids()
    assert len(pids) == 3
    desk.process.send_signal(signum)
    assert desk.process.wait(10) == 0
    assert not [pid for pid in pids if is_alive(pid)]
    assert not (desk.folder / "processes.json").exists()


def test_a_second_run_on_the_same_data_is_refused(start: Callable[..., Desk], tmp_path: Path) -> None:
    desk = start()
    second = subprocess.run(
        [*PROGRAM, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert second.returncode
    assert f"Ringback already runs on {tmp_path} (process {desk.process.pid})" in second.stderr


def test_a_killed_supervisor_takes_its_children_along_and_the_next_run_starts(start: Callable[..., Desk]) -> None:
    desk = start()
    pids = desk.pids()
    desk.process.kill()
    desk.process.wait()
    wait_for(lambda: not [pid for pid in pids if is_alive(pid)])
    start()


def test_leftovers_that_do_not_listen_are_killed(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        process.stdout.readline()
        leftovers.note(tmp_path / "book", {"deaf": process.pid})
        assert leftovers.end(tmp_path / "book", seconds=0.3) == 1
        assert process.wait(5) == -signal.SIGKILL


def test_a_number_that_was_used_again_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "30"], start_new_session=True) as process:
        (tmp_path / "book").write_text(json.dumps([[process.pid, "12"]]))
        assert leftovers.end(tmp_path / "book") == 0
        assert process.poll() is None
        process.kill()
