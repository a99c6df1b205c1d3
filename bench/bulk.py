"""A bulk change of ten thousand cases, from the press of the button until the last case is done, each with its event in the chain."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from app import db
from app.cases.models import Case
from app.identity import queries as people
from app.orchestration.bulk import runs
from bench.report import Figure, Report

CASES = 10_000
PATIENCE = 600.0
_OPEN = """select c.id from cases c join teams t on t.id = c.team_id where t.key = 'service' and c.status = 'open'
 order by c.id limit %s"""
_STATE = "select state, (select count(*) from bulk_items where run_id = r.id and outcome = 'changed') from bulk_runs r where r.id = %s"


def measure(report: Report, *, url: str, cases: int = CASES) -> None:
    """Have one agent change the priority of many cases, and take it back."""
    report.begin(f"A bulk change of {cases:,} cases")
    with psycopg.connect(url, autocommit=True) as connection:
        chosen = [row[0] for row in connection.execute(_OPEN, [cases]).fetchall()]
        assert len(chosen) == cases, "too few open cases: load more"
        run_id = db.transact(lambda: _prepare(chosen))
        seconds, changed = _ended(connection, db.transact(lambda: runs.start(_alice(), run_id).id))
        note = f"{changed} changed, {changed / seconds:.0f} cases a second"
        report.add(Figure("changed, each with its event in the audit chain", seconds, "s", 60, note=note))
        seconds, changed = _ended(connection, db.transact(lambda: runs.undo(_alice(), run_id).id))
        report.add(Figure("taken back", seconds, "s", 60, note=f"{changed} changed back"))


def _alice() -> Any:
    found = people.user_by_login("alice")
    assert found is not None
    return people.viewer(found.id)


def _prepare(chosen: list[int]) -> int:
    return runs.prepare(_alice(), "fields", {"priority": "low"}, where=[Case.id.in_(chosen)]).id


def _ended(connection: psycopg.Connection[Any], run_id: int) -> tuple[float, int]:
    """Wait until a run that was just started has ended; returns seconds and how many cases it has changed."""
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        row = connection.execute(_STATE, [run_id]).fetchone()
        assert row
        if row[0] == "done":
            return time.monotonic() - begun, int(row[1])
        time.sleep(0.2)
    raise SystemExit(f"The bulk action {run_id} did not end within {PATIENCE:.0f} s.")
