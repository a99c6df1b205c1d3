"""`make run`: the whole desk on this machine, with embedded servers where none are given, until Ctrl-C."""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import pkgutil
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from tools import leftovers, ports
from tools.servers import Server, ServerError, remove, start_postgres, start_valkey
from tools.supervisor import Forked, Served, Supervisor, fork

ROOT = Path(__file__).resolve().parent.parent
LOCK = "run.lock"
INFO = "info.json"
BOOK = "processes.json"
READY_SECONDS = 60.0


class RunError(Exception):
    """The desk cannot be started; the message says why and what to do."""


@dataclass(frozen=True)
class Plan:
    """Where this run keeps its data and listens."""

    data_dir: Path
    host: str
    port: int
    stream_port: int
    smtp_host: str
    smtp_port: int
    workers: int

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 -- compared, not bound
        return f"http://{host}:{self.port}"


def main(arguments: list[str]) -> int:
    """Run the desk, or with `reset` empty its data; returns the exit code."""
    try:
        return reset() if arguments[:1] == ["reset"] else run()
    except (RunError, ServerError, ports.PortError) as error:
        print(error, file=sys.stderr)
        return 1


def run() -> int:
    """Start everything, print where it is, and keep it alive until somebody asks to stop."""
    begun = time.monotonic()
    data_dir = _data_dir()
    with _lock(data_dir):
        (data_dir / INFO).unlink(missing_ok=True)
        if ended := leftovers.end(data_dir / BOOK):
            print(f"Ended {ended} processes that an earlier run left behind.", flush=True)
        plan = _plan(data_dir)
        supervisor = Supervisor(lambda sentence: print(sentence, flush=True), data_dir / BOOK)
        try:
            return _run(plan, supervisor, begun)
        finally:
            if supervisor.pids():
                print("Stopping …", flush=True)
            supervisor.stop()
            (data_dir / INFO).unlink(missing_ok=True)


def reset() -> int:
    """Empty the data folder; refused while a desk runs on it, or when the data lives elsewhere."""
    if os.environ.get("DATABASE_URL"):
        raise RunError(
            "DATABASE_URL is set: `make reset` empties only the embedded servers. Drop that database yourself."
        )
    data_dir = _data_dir()
    with _lock(data_dir):
        remove(data_dir)
        for path in data_dir.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()
    print(f"{data_dir} is empty. `make run` starts afresh.")
    return 0


def _run(plan: Plan, supervisor: Supervisor, begun: float) -> int:
    os.environ.update(
        DATA_DIR=str(plan.data_dir),
        HOST=plan.host,
        PORT=str(plan.port),
        STREAM_PORT=str(plan.stream_port),
        SMTP_HOST=plan.smtp_host,
        SMTP_PORT=str(plan.smtp_port),
        WORKERS=str(plan.workers),
    )
    os.environ.setdefault("PUBLIC_URL", plan.url)
    os.environ.setdefault("STREAM_URL", plan.url.replace(f":{plan.port}", f":{plan.stream_port}") + "/stream")
    _start_servers(plan, supervisor)
    commands = preload()
    users = _prepare(plan, supervisor)
    if users is None:
        return 0 if supervisor.is_stopping else 1
    for name, entry in _children(plan, commands):
        supervisor.add(name, partial(fork, entry, plan.data_dir / "logs" / f"{name}.log"))
    if not supervisor.watch(seconds=READY_SECONDS, until=lambda: not _silent(plan, commands)):
        if supervisor.is_stopping:
            return 0
        print(f"Not answering yet: {', '.join(_silent(plan, commands))}. See {plan.data_dir / 'logs'}.", flush=True)
    _write_info(plan, users)
    _greet(plan, users, time.monotonic() - begun)
    _fill(plan, supervisor)
    supervisor.watch()
    return 0


def _fill(plan: Plan, supervisor: Supervisor) -> None:
    """Add the demo's stories in a process of its own while the desk is in use, and say how that went."""
    from app.settings import read_settings
    from tools.demo_data import fill

    if not read_settings().demo_data:
        return
    log = plan.data_dir / "logs" / "demo.log"
    child = fork(fill, log)
    if not supervisor.watch(until=lambda: child.poll() is not None):
        child.signal(signal.SIGTERM)  # the story that it is at leaves nothing behind; the next start goes on
        return
    said = log.read_text(errors="replace").splitlines()
    print(said[-1] if child.ended == 0 and said else f"The demo data is not complete: see {log}.", flush=True)


def _start_servers(plan: Plan, supervisor: Supervisor) -> None:
    """Start the embedded servers that no URL replaces; their URLs stay the same when they are started again."""
    if not os.environ.get("DATABASE_URL"):
        _serve(supervisor, "postgres", "DATABASE_URL", partial(start_postgres, plan.data_dir))
    if not os.environ.get("REDIS_URL"):
        _serve(supervisor, "valkey", "REDIS_URL", partial(start_valkey, plan.data_dir))


def _serve(supervisor: Supervisor, name: str, variable: str, start: Callable[[], Server]) -> None:
    def served() -> Served:
        server = start()
        os.environ[variable] = server.url
        return Served(server)

    supervisor.add(name, served)


def preload() -> Mapping[str, Callable[[], None]]:
    """Load all code of the desk, so that the processes forked from here share it; returns the entry points."""
    for package in ("app", "channels"):
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            importlib.import_module(module.name)
    commands: Mapping[str, Callable[[], None]] = importlib.import_module("worker").COMMANDS
    gc.collect()
    gc.freeze()
    return commands


def _children(plan: Plan, commands: Mapping[str, Callable[[], None]]) -> list[tuple[str, Callable[[], None]]]:
    """Name every process to run: one of each kind, and as many job workers as asked for."""
    children = []
    for kind, entry in commands.items():
        if kind == "work":
            children += [(f"work-{number}", entry) for number in range(1, plan.workers + 1)]
        else:
            children.append((kind, entry))
    return children


def _prepare(plan: Plan, supervisor: Supervisor) -> list[dict[str, Any]] | None:
    """Migrate, deploy and seed in a process of its own; returns the demo users, None when it failed or was stopped."""
    from tools.prepare import prepare

    log = plan.data_dir / "logs" / "prepare.log"
    log.unlink(missing_ok=True)
    answer = plan.data_dir / "prepared.json"
    child: Forked = fork(lambda: prepare(answer), log)
    supervisor.watch(seconds=600, until=lambda: child.poll() is not None)
    if child.poll() is None:
        child.signal(signal.SIGTERM)
        return None
    if child.ended != 0:
        print(log.read_text(errors="replace"), file=sys.stderr)
        print(f"The database could not be prepared: see above, or {log}.", file=sys.stderr)
        return None
    users: list[dict[str, Any]] = json.loads(answer.read_text())
    answer.unlink()
    return users


def _silent(plan: Plan, commands: Mapping[str, object]) -> list[str]:
    """Name the listeners that do not answer yet."""
    wanted = {
        "web": (plan.host, plan.port),
        "stream": (plan.host, plan.stream_port),
        "listen": (plan.smtp_host, plan.smtp_port),
    }
    return [kind for kind, place in wanted.items() if kind in commands and not ports.answers(*place)]


def _data_dir() -> Path:
    data_dir = Path(os.environ.get("DATA_DIR", "").strip() or ROOT / ".run").expanduser().resolve()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{data_dir} cannot be made ({error.strerror}): set DATA_DIR to a folder of your own.") from None
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise RunError(
            f"{data_dir} belongs to somebody else: set DATA_DIR to a folder of your own, or change its owner."
        )
    return data_dir


def _lock(data_dir: Path) -> IO[str]:
    """Make sure that this data folder is used by one run only; the kernel lets go when the run ends, however it ends."""
    try:
        handle = (data_dir / LOCK).open("a+")
    except PermissionError:
        raise RunError(f"{data_dir / LOCK} belongs to somebody else: set DATA_DIR to a folder of your own.") from None
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        who = handle.read().strip() or "unknown"
        handle.close()
        raise RunError(
            f"Ringback already runs on {data_dir} (process {who}). Stop it first (Ctrl-C there, or kill {who}), "
            "or set DATA_DIR, PORT and SMTP_PORT for a second one."
        ) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def _plan(data_dir: Path) -> Plan:
    host = os.environ.get("HOST", "").strip() or "127.0.0.1"
    port = ports.choose("PORT", host, 8080)
    # A port that is asked for by name is not free for whoever takes the next one.
    stream_port = ports.choose("STREAM_PORT", host, port + 1, taken={port, ports.asked_for("SMTP_PORT") or port})
    smtp_host = os.environ.get("SMTP_HOST", "").strip() or "127.0.0.1"
    smtp_port = ports.choose("SMTP_PORT", smtp_host, 2525, taken={port, stream_port})
    workers = os.environ.get("WORKERS", "").strip() or "2"
    if not workers.isdigit() or not 1 <= int(workers) <= 256:
        raise RunError(f"WORKERS must be a number from 1 to 256, not {workers!r}.")
    return Plan(data_dir, host, port, stream_port, smtp_host, smtp_port, int(workers))


def _write_info(plan: Plan, users: list[dict[str, Any]]) -> None:
    """Leave what scripts need to find this desk, for its owner only: it holds passwords and tokens."""
    info = {
        "url": plan.url,
        "smtp": f"{plan.smtp_host}:{plan.smtp_port}",
        "users": users,
        "database_url": os.environ["DATABASE_URL"],
        "redis_url": os.environ["REDIS_URL"],
        "pid": os.getpid(),
    }
    draft = plan.data_dir / (INFO + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(info, out, indent=2)
    draft.replace(plan.data_dir / INFO)


def _greet(plan: Plan, users: list[dict[str, Any]], seconds: float) -> None:
    print(f"\nRingback is ready after {seconds:.1f} s:  {plan.url}")
    print(
        f"Mail goes in over SMTP at port {plan.smtp_port} (`make demo-mail` sends some). Logs: {plan.data_dir / 'logs'}\n"
    )
    for user in users:
        print(f"  {user['role']:<10} {user['login']:<28} {user['password']}")
    print("\nCtrl-C stops it; the data stays for the next start.", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
