"""`flask sweep` and `flask doctor`: the desk as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import blobs, db
from app.cli.frame import spoken
from app.identity import service as identity
from app.messaging import accounts
from app.reporting import readiness
from app.reporting.readiness import Finding
from app.routing import service as routing
from app.settings import settings
from app.workflow import queries as workflow

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "app" / "web" / "static" / "dist"
SHORT_KEY = 32


@dataclass(slots=True)
class Work:
    """What the jobs room does for the sweep; handed in by the entry point, since rooms of one layer don't import each other."""

    ring: Callable[[], int]
    inline: Callable[[], int]


work = Work(lambda: 0, lambda: 0)


@click.command()
@click.option("--inline", is_flag=True, help="Do the work in this process instead of ringing for a worker.")
def sweep(inline: bool) -> None:  # noqa: FBT001 -- click hands options over by name
    """Find work that a lost ring or a dead worker left behind, and forget ended sessions."""
    done = spoken(work.inline if inline else work.ring)
    gone = spoken(lambda: db.transact(identity.tidy))
    click.echo(f"{done} pieces of work {'done' if inline else 'rung for'}, {gone} old rows forgotten.")


@click.command()
def doctor() -> None:
    """Check settings, database, migrations, Redis, stored files, clock, front end, processes and channels."""
    ill = 0
    for finding in _findings():
        ill += not finding.is_well
        click.echo(f"{'ok  ' if finding.is_well else 'ILL '} {finding.part}: {finding.detail}")
    click.echo("All is well." if not ill else f"{ill} part(s) need a look.")
    if ill:
        raise SystemExit(1)


def _findings() -> Iterator[Finding]:
    yield _settings()
    yield _front_end()
    parts = readiness.findings()
    yield parts[0]
    if not parts[0].is_well:
        yield from parts[1:]
        return
    yield _migrations()
    if not db.transact(_has_tables):
        yield Finding("tables", False, "there are none yet: run `alembic upgrade head`")
        return
    yield from parts[1:]
    for check in (_blobs, _people, _queues, _processes, _channels):
        yield db.transact(check)


def _settings() -> Finding:
    """The settings could be read, or nothing would run; some are unwise all the same."""
    current = settings()
    unwise = []
    if len(current.secret_key) < SHORT_KEY:
        unwise.append(f"SECRET_KEY is shorter than {SHORT_KEY} characters")
    if not current.public_url.startswith("https://") and "127.0.0.1" not in current.public_url:
        unwise.append("PUBLIC_URL is not https, so sessions can be read on the way")
    if not current.dedupe:
        unwise.append("DEDUPE is off, so mails may become two cases")
    return Finding("settings", not unwise, "; ".join(unwise) or "can be read")


def _front_end() -> Finding:
    built = any(ASSETS.glob("*.js")) if ASSETS.is_dir() else False
    return Finding("front end", built, "is built" if built else "is not built: run `make setup`")


def _migrations() -> Finding:
    script = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
    wanted = set(script.get_heads())
    try:
        with db.unit_of_work() as session:
            there = set(session.scalars(text("select version_num from alembic_version")))
    except SQLAlchemyError:
        there = set()
    if there == wanted:
        return Finding("migrations", True, f"the database is at {', '.join(sorted(there))}, the newest revision")
    have, want = ", ".join(sorted(there)) or "nothing", ", ".join(sorted(wanted))
    return Finding(
        "migrations", False, f"the database is at {have}, this version needs {want}: run `alembic upgrade head`"
    )


def _has_tables() -> bool:
    return db.session().scalar(text("select to_regclass('cases')")) is not None


def _blobs() -> Finding:
    with db.savepoint():
        digest = blobs.put(b"doctor")
        same = blobs.get(digest) == b"doctor"
    return Finding("stored files", same, "can be written and read" if same else "do not come back as they were written")


def _people() -> Finding:
    admins = db.session().scalar(text("select count(*) from users where role = 'admin' and is_active"))
    if admins:
        return Finding("people", True, f"{admins} active administrator(s)")
    return Finding("people", False, "nobody can administrate: `flask user add LOGIN --role admin`")


def _queues() -> Finding:
    """Without a queue no mail can become a case; an account without one, or with one that is gone, uses the first."""
    known = {queue.key for queue in routing.queues()}
    if not known:
        return Finding("queues", False, "there is none, so mail can not become a case: `flask first-start`")
    lost = [row.address for row in accounts.accounts(enabled=True) if row.queue_key and row.queue_key not in known]
    if lost:
        return Finding("queues", False, f"the queue of {', '.join(lost)} does not exist: choose one on Channels")
    return Finding("queues", True, f"{len(known)} queue(s)")


def _processes() -> Finding:
    published = sorted(row.key for row in workflow.definitions() if row.is_published)
    missing = [key for key in ("service_case", "work_order") if key not in published]
    if missing:
        return Finding(
            "processes", False, f"{', '.join(missing)} not published: `flask deploy workflows/bpmn/{missing[0]}`"
        )
    faults = len(workflow.open_faults())
    return Finding("processes", True, f"{len(published)} published, {faults} step(s) stuck")


def _channels() -> Finding:
    listed = accounts.accounts(enabled=True)
    bad = [
        f"{account.address} {side}: {health.get('cause')} {health.get('detail', '')}".strip()
        for account in listed
        for side, health in (("in", account.inbound_health), ("out", account.outbound_health))
        if health.get("state") not in {"ok", "unknown", None}
    ]
    if bad:
        return Finding("channels", False, "; ".join(bad))
    if not listed:
        return Finding("channels", False, "no account is switched on: `flask account add ADDRESS`")
    return Finding("channels", True, f"{len(listed)} account(s) switched on")
