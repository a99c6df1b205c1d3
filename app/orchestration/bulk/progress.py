"""Reads of bulk runs: how far they have come, and what became of their cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select

from app.cases.models import Case
from app.clock import utcnow
from app.db import run, session
from app.identity.policy import Viewer
from app.orchestration.bulk.models import BulkItem, BulkRun, Outcome, RunState
from app.orchestration.models import ProcessMigration
from app.workflow.models import ProcessDefinition

SHOWN = 50
KEPT = timedelta(days=2)
MAX_LISTED = 20
_COUNTS = """select foreseen, outcome, count(*) as n from bulk_items where run_id = any(%(runs)s) group by foreseen, outcome"""
_DONE = """select run_id, count(*) filter (where outcome <> '') as done, count(*) filter (where outcome = 'refused') as refused
 from bulk_items where run_id = any(%(runs)s) group by run_id"""

_RUNNING = """select (select count(*) from bulk_runs where user_id = %(user)s and state = 'running')
 + (select count(*) from process_migrations where user_id = %(user)s and ended_at is null) as n"""


@dataclass(frozen=True, slots=True)
class Counts:
    """Cases of a run: foreseen (`looked` of them were looked at) and done."""

    total: int
    looked: int
    will_change: int
    will_stay: int
    will_refuse: int
    done: int
    changed: int
    same: int
    refused: int

    @property
    def percent(self) -> int:
        """How much of it is done."""
        return self.done * 100 // self.total if self.total else 100


@dataclass(frozen=True, slots=True)
class Job:
    """A long piece of work in the tray. `total` 0: how much it is, is not known."""

    kind: str
    href: str
    state: str
    done: int
    total: int
    refused: int
    at: Any


def counts(row: BulkRun) -> Counts:
    """Count the cases of a run by what was foreseen and by what became of them."""
    found = [(each.foreseen, each.outcome, each.n) for each in run(_COUNTS, {"runs": [row.id]})]

    def foreseen(state: str) -> int:
        return sum(n for was, _is, n in found if was == state)

    def became(state: str) -> int:
        return sum(n for _was, now, n in found if now == state)

    return Counts(
        row.total, row.total - foreseen(""), foreseen("changed"), foreseen("same"), foreseen("refused"),
        row.total - became(""), became("changed"), became("same"), became("refused"),
    )  # fmt: skip


def items(row: BulkRun, outcome: str, *, after: int = 0, limit: int = SHOWN) -> Sequence[Any]:
    """Return cases of a run with this outcome, what was foreseen while it is a preview: id, number, subject, why, shown."""
    column = BulkItem.foreseen if row.state is RunState.PREVIEW else BulkItem.outcome
    query = (
        select(BulkItem.id, Case.number, Case.subject, BulkItem.why, BulkItem.shown)
        .join(Case, Case.id == BulkItem.case_id)
        .where(BulkItem.run_id == row.id, column == Outcome(outcome), BulkItem.id > after)
        .order_by(BulkItem.id)
        .limit(limit)
    )
    return session().execute(query).all()


def reasons(row: BulkRun) -> Sequence[Any]:
    """Return why cases refuse, the most frequent reason first: why, how many."""
    column = BulkItem.foreseen if row.state is RunState.PREVIEW else BulkItem.outcome
    query = (
        select(BulkItem.why, func.count().label("times"))
        .where(BulkItem.run_id == row.id, column == Outcome.REFUSED)
        .group_by(BulkItem.why)
        .order_by(func.count().desc(), BulkItem.why)
        .limit(MAX_LISTED)
    )
    return session().execute(query).all()


def undone_by(row: BulkRun) -> int | None:
    """Return the run that took this one back."""
    return session().scalar(select(BulkRun.id).where(BulkRun.undo_of == row.id).limit(1))


def of_viewer(viewer: Viewer) -> Sequence[BulkRun]:
    """Return the viewer's latest runs that were started, newest first."""
    query = (
        select(BulkRun)
        .where(
            BulkRun.user_id == viewer.user_id,
            BulkRun.started_at.is_not(None),
            or_(BulkRun.ended_at.is_(None), BulkRun.ended_at > utcnow() - KEPT),
        )
        .order_by(BulkRun.id.desc())
        .limit(MAX_LISTED)
    )
    return session().scalars(query).all()


def jobs(viewer: Viewer) -> list[Job]:
    """Return the viewer's long work of late, what is at work first: bulk actions and migrations of running cases."""
    runs = of_viewer(viewer)
    done = {each.run_id: each for each in run(_DONE, {"runs": [row.id for row in runs]})} if runs else {}
    found = [
        Job(
            f"undo_{row.kind}" if row.undo_of else row.kind, f"/bulk/{row.id}", str(row.state), done[row.id].done,
            row.total, done[row.id].refused, row.created_at,
        )
        for row in runs
        if row.id in done
    ]  # fmt: skip
    found += [_migration(row, key) for row, key in _migrations(viewer)]
    return sorted(found, key=lambda job: (job.state != "running", -job.at.timestamp()))


def _migrations(viewer: Viewer) -> Sequence[Any]:
    query = (
        select(ProcessMigration, ProcessDefinition.key)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessMigration.target_id)
        .where(
            ProcessMigration.user_id == viewer.user_id,
            or_(ProcessMigration.ended_at.is_(None), ProcessMigration.ended_at > utcnow() - KEPT),
        )
        .order_by(ProcessMigration.id.desc())
        .limit(MAX_LISTED)
    )
    return session().execute(query).all()


def _migration(row: ProcessMigration, key: str) -> Job:
    state = "done" if row.ended_at else "running"
    refused = len(row.refused)
    return Job("migration", f"/processes/{key}#migrations", state, row.moved + refused, 0, refused, row.created_at)


def running(viewer: Viewer) -> int:
    """Count the viewer's work that is under way."""
    [row] = run(_RUNNING, {"user": viewer.user_id}).fetchall()
    return int(row.n)
