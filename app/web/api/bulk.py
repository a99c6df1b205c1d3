"""API: one action on many cases: looked at, started, stopped, taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask import Blueprint
from pydantic import Field

from app.identity import policy
from app.orchestration.bulk import progress, runs
from app.orchestration.bulk.models import BulkRun
from app.web import asking, bulk_choice, frame
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if

blueprint = Blueprint("api_bulk", __name__)
TAG = "bulk actions"
works = allow_if(policy.may_change_many)


class NewBulk(In):
    """One action for many cases: some by number, or all that a query finds."""

    kind: str = Field(
        max_length=40, description="fields, custom, tags, watch, snooze, reply, note, verb, task, merge or macro."
    )
    params: dict[str, Any] = Field(default_factory=dict, description="What the kind asks for; see docs/bulk.md.")
    cases: list[str] = Field(default_factory=list, max_length=bulk_choice.MOST_NUMBERS, description="Numbers.")
    query: str = Field("", max_length=asking.MAX_TEXT, description="In the search language, in place of numbers.")


class CountsRow(Out):
    """Cases by what was foreseen (`looked` of them were looked at) and by what became of them."""

    total: int
    looked: int
    will_change: int
    will_stay: int
    will_refuse: int
    done: int
    changed: int
    same: int
    refused: int


class BulkRow(Out):
    """A bulk action and how far it has come."""

    id: int
    kind: str
    query: str
    state: str = Field(description="preview, running, done or stopped.")
    undo_of: int | None = Field(description="The one that this takes back.")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    counts: CountsRow


class ItemQuery(In):
    """Which cases of it."""

    outcome: Literal["changed", "same", "refused"] = "refused"
    after: int = Field(0, ge=0, description="The `id` of the last one you have.")
    limit: int = Field(50, ge=1, le=500)


class ItemRow(Out):
    """A case in it: while it is a preview, what is foreseen."""

    id: int
    number: str
    subject: str
    why: str = Field(description="Why it refuses.")
    shown: str = Field(description="The text that goes out for this case, for replies and notes.")


class ItemPage(Out):
    """Cases with one outcome."""

    items: list[ItemRow]


class BulkPage(Out):
    """Your latest bulk actions, newest first."""

    items: list[BulkRow]


def _row(row: BulkRun) -> BulkRow:
    return BulkRow(
        id=row.id, kind=row.kind, query=row.query, state=str(row.state), undo_of=row.undo_of, created_at=row.created_at,
        started_at=row.started_at, ended_at=row.ended_at, counts=CountsRow.model_validate(progress.counts(row)),
    )  # fmt: skip


@blueprint.post("/bulk")
@operation("Look at a bulk action", tag=TAG, answers=BulkRow, body=NewBulk, status=201, is_repeatable=True)
@works
def prepare(body: NewBulk) -> BulkRow:
    """Freeze the cases and try the action on them without keeping anything: nothing is changed before it is started."""
    viewer = frame.viewer()
    chosen = bulk_choice.by_query(viewer, body.query) if body.query else bulk_choice.by_number(viewer, body.cases)
    return _row(runs.prepare(viewer, body.kind, body.params, where=chosen.where, query=chosen.query))


@blueprint.get("/bulk")
@operation("List bulk actions", tag=TAG, answers=BulkPage)
@works
def list_runs() -> BulkPage:
    """List those of yours that were started of late."""
    return BulkPage(items=[_row(row) for row in progress.of_viewer(frame.viewer())])


@blueprint.get("/bulk/<int:run_id>")
@operation("Get a bulk action", tag=TAG, answers=BulkRow)
@works
def get_run(run_id: int) -> BulkRow:
    """Return how far it has come."""
    return _row(runs.get(frame.viewer(), run_id))


@blueprint.get("/bulk/<int:run_id>/cases")
@operation("List the cases of a bulk action", tag=TAG, answers=ItemPage, query=ItemQuery)
@works
def list_items(run_id: int, query: ItemQuery) -> ItemPage:
    """Return its cases with one outcome, in the order in which they were frozen."""
    row = runs.get(frame.viewer(), run_id)
    found = progress.items(row, query.outcome, after=query.after, limit=query.limit)
    return ItemPage(items=[ItemRow.model_validate(item) for item in found])


@blueprint.post("/bulk/<int:run_id>/start")
@operation("Start a bulk action", tag=TAG, answers=BulkRow, is_repeatable=True)
@works
def start(run_id: int) -> BulkRow:
    """Have it done. 409: it was started already."""
    return _row(runs.start(frame.viewer(), run_id))


@blueprint.post("/bulk/<int:run_id>/stop")
@operation("Stop a bulk action", tag=TAG, answers=BulkRow)
@works
def stop(run_id: int) -> BulkRow:
    """Leave the cases that it has not reached as they are. 409: it is not at work."""
    return _row(runs.stop(frame.viewer(), run_id))


@blueprint.post("/bulk/<int:run_id>/undo")
@operation("Take a bulk action back", tag=TAG, answers=BulkRow, status=201, is_repeatable=True)
@works
def undo(run_id: int) -> BulkRow:
    """Start one that takes this back; cases that somebody changed since are left and listed. 409: it cannot be taken back."""
    return _row(runs.undo(frame.viewer(), run_id))


@blueprint.post("/bulk/<int:run_id>/again")
@operation("Try the refused cases again", tag=TAG, answers=BulkRow, status=201, is_repeatable=True)
@works
def again(run_id: int) -> BulkRow:
    """Look at the same once more for the cases that refused it or were not reached."""
    return _row(runs.again(frame.viewer(), run_id))
