"""A desk of the robots' own: embedded servers, web processes, worker, clock, listener, and a mail server at the far end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
from aiosmtpd.controller import Controller
from psycopg.rows import dict_row

from tools import servers
from tools.prepare import migrate

ROOT = Path(__file__).resolve().parents[2]
SEED = "from app import bootstrap; from app.cli import seed; bootstrap.start(); seed.deploy_shipped(); seed.seed_demo()"
START_SECONDS = 90


def free_port() -> int:
    """Return a port of this host that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Far:
    """The far end: notes every mail it accepts."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 -- the library's name
        """Take a mail."""
        self.mails.append(envelope.content)
        return "250 taken"


class OwnDesk:
    """Everything that a desk needs, in a folder of its own."""

    def __init__(self, folder: Path, *, web_workers: int) -> None:
        """Start the servers and fill the database."""
        self._postgres = servers.start_postgres(folder / "postgres", durable=False)
        self._valkey = servers.start_valkey(folder / "valkey")
        self._far, self._processes = Far(), list[subprocess.Popen[bytes]]()
        far_port, self.port, self.smtp_port = free_port(), free_port(), free_port()
        self._sink = Controller(self._far, hostname="127.0.0.1", port=far_port)
        self._sink.start()
        self.env = {
            **os.environ, "DATABASE_URL": self._postgres.url, "REDIS_URL": self._valkey.url, "DATA_DIR": str(folder),
            "PORT": str(self.port), "STREAM_PORT": str(free_port()), "SMTP_PORT": str(self.smtp_port),
            "WEB_WORKERS": str(web_workers), "DEMO_SMTP": f"127.0.0.1:{far_port}", "LOG_LEVEL": "critical",
            "SECRET_KEY": "only for robots, 32 bytes or more",
        }  # fmt: skip
        migrate(self._postgres.url)
        subprocess.run([sys.executable, "-c", SEED], check=True, cwd=ROOT, env=self.env, timeout=2 * START_SECONDS)

    def open(self, *, guarded: bool = True) -> None:
        """Start the processes and wait until they listen."""
        web = ["worker.py", "web"] if guarded else ["tools/robots/unguarded.py"]
        for command in (web, ["worker.py", "work"], ["worker.py", "clock"], ["worker.py", "listen"]):
            self._processes.append(subprocess.Popen([sys.executable, *command], cwd=ROOT, env=self.env))
        end = time.monotonic() + START_SECONDS
        for port in (self.port, self.smtp_port):
            while not _answers(port):
                if time.monotonic() > end:
                    raise TimeoutError(f"nobody listens on port {port}")
                time.sleep(0.1)

    def close(self) -> None:
        """End everything."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            process.wait(15)
        self._sink.stop()
        self._valkey.stop()
        self._postgres.stop()

    def query(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Run a statement on the database and commit."""
        with psycopg.connect(self.env["DATABASE_URL"], row_factory=dict_row) as connection:
            return connection.execute(sql, values).fetchall()

    def mails(self) -> list[bytes]:
        """Return what has arrived at the far end."""
        return list(self._far.mails)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True
