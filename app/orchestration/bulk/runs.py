"""Runs of bulk actions: prepared over frozen cases, started, stopped, tried again, undone. What is done to a case is in `turns`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, select
from sqlalchemy.dialects.postgresql import JSONB

from app import db, realtime, schedule
from app.cases.models import Case
from app.clock import utcnow
from app.db import session
from app.errors import Conflict, Invalid, NotFound
from app.identity import queries as people
from app.identity.policy import Viewer
from app.orchestration.bulk.catalogue import kind_of
from app.orchestration.bulk.models import BulkItem, BulkRun, Outcome, RunState
from app.orchestration.bulk.turns import Order, Result, trial

JOB = "bulk"
#: As many portions of one run may be at work at the same time.
LANES = 4
MOST = 20_000
#: So many cases are tried while the asker waits; a job looks at the rest.
AT_ONCE = 25
_LOOKED = """update bulk_items set foreseen = %(outcome)s, why = %(why)s, shown = %(shown)s where id = %(id)s"""


def alarm(ref: int) -> str:
    """Return the key of the timer by which one lane of a run goes on."""
    return f"bulk:{ref}"


def look_ref(run_id: int) -> int:
    """Return the reference of the lane that looks at a run's cases before it is started."""
    return run_id * LANES


def prepare(
    viewer: Viewer, kind: str, given: Mapping[str, Any], *, where: Sequence[ColumnElement[bool]], query: str = ""
) -> BulkRun:
    """Freeze the cases that these conditions hold for, and look at the first of them; a job looks at the rest.

    The conditions have to keep to what the viewer may see. Raises Invalid: nothing chosen, too many, wrong parameters.
    """
    params = kind_of(kind).read(viewer, given)
    row = _new_run(viewer, kind, params, query=query)
    chosen = (
        select(literal(row.id), Case.id, *_blank()).where(*where).order_by(Case.id).limit(MOST + 1).params(now=utcnow())
    )
    return _freeze(row, chosen)


def _blank() -> tuple[Any, ...]:
    empty = literal({}, type_=JSONB)
    return literal(""), literal(""), literal(""), literal(""), empty


def _new_run(
    viewer: Viewer, kind: str, params: Mapping[str, Any], *, query: str = "", undo_of: int | None = None
) -> BulkRun:
    row = BulkRun(
        user_id=viewer.user_id, kind=kind, params=dict(params), query=query, state=RunState.PREVIEW, total=0,
        undo_of=undo_of, created_at=utcnow(),
    )  # fmt: skip
    session().add(row)
    session().flush()
    return row


def _freeze(row: BulkRun, chosen: Any) -> BulkRun:
    columns = ["run_id", "case_id", "foreseen", "outcome", "why", "shown", "before"]
    session().execute(insert(BulkItem).from_select(columns, chosen))
    row.total = session().scalar(select(func.count()).where(BulkItem.run_id == row.id)) or 0
    session().flush()
    if not row.total:
        raise Invalid("nothing_chosen", "No case was chosen, or none of them is for you.", fields={"cases": "none"})
    if row.total > MOST:
        raise Invalid("too_many", f"At most {MOST} cases can be changed at once: narrow the query.")
    if look(row, limit=AT_ONCE):
        schedule.set_timer(alarm(look_ref(row.id)), utcnow(), job=JOB, ref=look_ref(row.id))
    return row


def order_of(row: BulkRun) -> Order:
    """Return what the turns of a run need; raises NotFound when its user is deactivated."""
    viewer = people.viewer(row.user_id)
    return Order(row.id, row.kind, row.params, viewer, is_undo=row.undo_of is not None)


def look(row: BulkRun, *, limit: int) -> bool:
    """Try the next cases of a run that were not looked at; tells whether there may be more."""
    order = order_of(row)
    items = session().execute(
        select(BulkItem.id, BulkItem.case_id, BulkItem.before)
        .where(BulkItem.run_id == row.id, BulkItem.outcome == Outcome.NONE, BulkItem.foreseen == Outcome.NONE)
        .order_by(BulkItem.id)
        .limit(limit)
    )
    found = [(item.id, trial(order, item.case_id, item.before)) for item in items.all()]
    for item_id, result in found:
        db.later(_LOOKED, _told(item_id, result))
    if found:
        tell(row)
    return len(found) == limit


def _told(item_id: int, result: Result) -> dict[str, Any]:
    return {"id": item_id, "outcome": str(result.outcome), "why": result.why[:1000], "shown": result.shown}


def get(viewer: Viewer, run_id: int) -> BulkRun:
    """Return a run of this viewer; raises NotFound: nobody else's is shown."""
    row = session().get(BulkRun, run_id)
    if row is None or row.user_id != viewer.user_id:
        raise NotFound("bulk_unknown", "There is no such bulk action of yours.")
    return row


def _locked(viewer: Viewer, run_id: int) -> BulkRun:
    get(viewer, run_id)
    return session().get_one(BulkRun, run_id, with_for_update=True, populate_existing=True)


def start(viewer: Viewer, run_id: int) -> BulkRun:
    """Have a run done that was looked at. Raises Conflict when it was started before."""
    row = _locked(viewer, run_id)
    if row.state is not RunState.PREVIEW:
        raise Conflict("already_started", "This was started already.")
    row.state, row.started_at = RunState.RUNNING, utcnow()
    session().flush()
    for lane in range(LANES):
        ref = row.id * LANES + lane
        schedule.set_timer(alarm(ref), utcnow(), job=JOB, ref=ref)
    tell(row)
    return row


def stop(viewer: Viewer, run_id: int) -> BulkRun:
    """Stop a run: cases that were not reached stay as they are. Raises Conflict when it is not at work."""
    row = _locked(viewer, run_id)
    if row.state is not RunState.RUNNING:
        raise Conflict("not_running", "This is not at work any more.")
    end(row, RunState.STOPPED)
    return row


def end(row: BulkRun, state: RunState) -> None:
    """End a locked run."""
    row.state, row.ended_at = state, utcnow()
    session().flush()
    tell(row)


def undo(viewer: Viewer, run_id: int) -> BulkRun:
    """Start a run that takes back what this one changed; where somebody changed a case since, it stays and is listed.

    Raises Conflict while it is at work, when it cannot be taken back, or was.
    """
    row = _locked(viewer, run_id)
    if row.state in (RunState.PREVIEW, RunState.RUNNING):
        raise Conflict("still_running", "Wait until this is done, or stop it first.")
    if kind_of(row.kind).undo is None or row.undo_of is not None:
        raise Conflict("no_undo", "This cannot be taken back.")
    if session().scalar(select(BulkRun.id).where(BulkRun.undo_of == row.id)) is not None:
        raise Conflict("already_undone", "This was taken back already.")
    back = _new_run(viewer, row.kind, row.params, query=row.query, undo_of=row.id)
    changed = select(
        literal(back.id), BulkItem.case_id, *_blank()[:4], BulkItem.before
    ).where(BulkItem.run_id == row.id, BulkItem.outcome == Outcome.CHANGED).order_by(BulkItem.id.desc())  # fmt: skip
    _freeze(back, changed)
    return start(viewer, back.id)


def again(viewer: Viewer, run_id: int) -> BulkRun:
    """Prepare the same once more for the cases that refused it. Raises Conflict when there are none, or it is at work."""
    row = _locked(viewer, run_id)
    if row.state in (RunState.PREVIEW, RunState.RUNNING):
        raise Conflict("still_running", "Wait until this is done, or stop it first.")
    fresh = _new_run(viewer, row.kind, row.params, query=row.query, undo_of=row.undo_of)
    left = select(literal(fresh.id), BulkItem.case_id, *_blank()[:4], BulkItem.before).where(
        BulkItem.run_id == row.id, BulkItem.outcome.in_((Outcome.REFUSED, Outcome.NONE))
    )
    return _freeze(fresh, left.order_by(BulkItem.id))


def tell(row: BulkRun) -> None:
    """Tell the open screens of whoever began it how far it has come, after commit."""
    realtime.publish("job", users=[row.user_id], run=row.id, state=str(row.state))
