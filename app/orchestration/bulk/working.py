"""The job of bulk runs: takes a portion of a run's cases, each in a transaction of its own, and goes on in another turn.

A case is done exactly once: its row is locked, done and marked in the transaction that changes the case. Several workers share
one run by passing over rows that another one has locked. A killed worker leaves its rows waiting; the lane's timer rings again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from app import db, doorbell, schedule
from app.clock import utcnow
from app.db import json, later, session
from app.errors import NotFound
from app.faultpoints import crash_point
from app.logs import log
from app.orchestration.bulk import runs
from app.orchestration.bulk.models import BulkRun, Outcome, RunState
from app.orchestration.bulk.runs import JOB, LANES, alarm
from app.orchestration.bulk.turns import Order, Result, attempt
from app.settings import settings

PORTION = 40
LOOKED_AT = 60
SOON = timedelta(seconds=1)
_NEXT = """select id from bulk_items where run_id = %(run)s and outcome = ''
 order by id %% %(lanes)s <> %(lane)s, id limit %(size)s"""
_TAKE = """select i.id, i.case_id, i.before from bulk_items i join bulk_runs r on r.id = i.run_id
 where i.id = %(id)s and i.outcome = '' and r.state = 'running' for update of i skip locked"""
_DONE = """update bulk_items set outcome = %(outcome)s, why = %(why)s, shown = %(shown)s, before = %(before)s where id = %(id)s"""
FAILED = "Something went wrong on our side. Try this case again."


@dataclass(frozen=True, slots=True)
class Portion:
    """The next cases of a run for one lane."""

    order: Order
    items: tuple[int, ...]


def work(ref: int) -> None:
    """Do, or look at, the next portion of a run (`ref`: the run and one of its lanes) and ring for the rest."""
    run_id, lane = divmod(ref, LANES)
    portion = db.transact(lambda: _begin(run_id, lane))
    if portion is None:
        return
    for item_id in portion.items:
        crash_point("bulk.before_case")
        _turn(portion.order, item_id)
        crash_point("bulk.after_case")
    db.transact(lambda: _rest(run_id, lane))


def _begin(run_id: int, lane: int) -> Portion | None:
    """Return what is to be done next; looks at cases where the run is not started. The timer stands until `_rest` moves it."""
    ref = run_id * LANES + lane
    row = session().get(BulkRun, run_id)
    if row is not None and row.state is RunState.PREVIEW:
        more = runs.look(row, limit=LOOKED_AT)
        _go_on(ref) if more else schedule.cancel_timer(alarm(ref))
        return None
    if row is None or row.state is not RunState.RUNNING:
        schedule.cancel_timer(alarm(ref))
        return None
    try:
        order = runs.order_of(row)
    except NotFound:  # who began it was deactivated meanwhile
        runs.end(row, RunState.STOPPED)
        return None
    schedule.set_timer(alarm(ref), utcnow() + timedelta(seconds=settings().lease_seconds), job=JOB, ref=ref)
    found = db.run(_NEXT, {"run": run_id, "lanes": LANES, "lane": lane, "size": PORTION})
    return Portion(order, tuple(item.id for item in found))


def _turn(order: Order, item_id: int) -> None:
    try:
        db.transact(partial(_one, order, item_id), hopeful=True)
    except Exception:  # noqa: BLE001 -- logged here; one case that cannot be done does not hold up the others
        log().error("bulk_case_failed", run=order.run_id, item=item_id, exc_info=True)
        db.transact(partial(_fail, item_id))


def _one(order: Order, item_id: int) -> None:
    item = db.run(_TAKE, {"id": item_id}, settled=False).fetchone()
    if item is not None:
        _note(item, attempt(order, item.case_id, item.before))


def _fail(item_id: int) -> None:
    item = db.run(_TAKE, {"id": item_id}).fetchone()
    if item is not None:
        _note(item, Result(Outcome.REFUSED, FAILED))


def _note(item: Any, result: Result) -> None:
    later(_DONE, {
        "id": item.id, "outcome": str(result.outcome), "why": result.why[:1000], "shown": result.shown,
        "before": json(result.before if result.outcome is Outcome.CHANGED and result.before else item.before),
    })  # fmt: skip


def _rest(run_id: int, lane: int) -> None:
    """Ring for the next portion, or end the run with its last one."""
    ref = run_id * LANES + lane
    row = session().get_one(BulkRun, run_id, with_for_update=True, populate_existing=True)
    if row.state is not RunState.RUNNING:
        schedule.cancel_timer(alarm(ref))
        return
    left = db.run("select count(*) as n from (select from bulk_items where run_id = %(run)s and outcome = ''"
                  " limit %(size)s) waiting", {"run": run_id, "size": PORTION}).fetchone().n  # fmt: skip
    if not left:
        schedule.cancel_timer(alarm(ref))
        runs.end(row, RunState.DONE)
        return
    runs.tell(row)
    if left < PORTION:  # perhaps another lane has them in hand: look again when it is done
        schedule.set_timer(alarm(ref), utcnow() + SOON, job=JOB, ref=ref)
    else:
        _go_on(ref)


def _go_on(ref: int) -> None:
    """Ring now; the timer rings again should nobody hear it."""
    schedule.set_timer(alarm(ref), utcnow() + timedelta(seconds=settings().lease_seconds), job=JOB, ref=ref)
    doorbell.ring(JOB, ref)
