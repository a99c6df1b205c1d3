"""The pages of queues: which team serves each, by which calendar it counts, and its name in both languages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from app.audit import service as audit
from app.db import savepoint
from app.errors import Conflict, DeskError, Invalid
from app.identity import policy
from app.identity import queries as identity
from app.routing import service as routing
from app.routing.models import Queue
from app.sla import service as sla
from app.web import frame, shell
from app.web.errors import status_of
from app.web.rules import allow_if

blueprint = Blueprint("queues", __name__)
sees = allow_if(policy.may_see_settings)
changes = allow_if(policy.may_manage_queues)
SHOWN_EVENTS = 12


@blueprint.get("/settings/queues")
@sees
def overview() -> str:
    """List the queues with their teams and calendars."""
    teams = {team.id: team for team in (*identity.teams(), *identity.teams(archived=True))}
    return shell.page(
        "queues.html", section="settings", queues=routing.queues(), teams=teams,
        calendars={row.id: row for row in sla.calendars()}, may_change=policy.may_manage_queues(frame.viewer()),
    )  # fmt: skip


@blueprint.get("/settings/queues/new")
@changes
def new() -> Response:
    """Show the form of a new queue."""
    return _form(None)


@blueprint.get("/settings/queues/<int:queue_id>")
@sees
def edit(queue_id: int) -> Response:
    """Show a queue."""
    return _form(routing.get_queue(queue_id))


def _form(row: Queue | None, *, error: DeskError | None = None) -> Response:
    teams = identity.teams()
    if row is not None and row.team_id not in {team.id for team in teams}:
        teams = [identity.get_team(row.team_id), *teams]
    shown = shell.page(
        "queue.html", section="settings", queue=row, teams=teams, calendars=sla.calendars(), error=error,
        wrong=error.fields if error else {}, values=request.form if error else {},
        events=audit.chain_events(f"queue:{row.id}")[-SHOWN_EVENTS:][::-1] if row else [],
        may_change=policy.may_manage_queues(frame.viewer()),
    )  # fmt: skip
    return make_response(shown, status_of(error) if error else 200)


@blueprint.post("/settings/queues")
@changes
def make() -> Any:
    """Make a queue."""
    try:
        with savepoint():
            made = _saved(request.form.get("key", "").strip().lower(), is_new=True)
    except (Invalid, Conflict) as error:
        return _form(None, error=error)
    return redirect(f"/settings/queues/{made.id}?saved=1", 303)


@blueprint.post("/settings/queues/<int:queue_id>")
@changes
def change(queue_id: int) -> Any:
    """Change a queue; its key stays, for processes and mailboxes name it."""
    row = routing.get_queue(queue_id)
    try:
        with savepoint():
            _saved(row.key, row=row)
    except (Invalid, Conflict) as error:
        return _form(routing.get_queue(queue_id), error=error)
    return redirect(f"/settings/queues/{queue_id}?saved=1", 303)


def _saved(key: str, *, row: Queue | None = None, is_new: bool = False) -> Queue:
    form = request.form
    team = identity.get_team(form.get("team", 0, type=int))
    if team.archived_at is not None and (row is None or row.team_id != team.id):
        raise Invalid("team_archived", f"The team {team.key} is archived: choose another.", fields={"team": "archived"})
    calendar = sla.get_calendar(form.get("calendar", 0, type=int))
    version = form.get("version", type=int) if row else None
    return routing.save_queue(
        key, name=form.get("name", ""), name_zh=form.get("name_zh", "").strip(), team_id=team.id,
        calendar_id=calendar.id, version=version, is_new=is_new,
    )  # fmt: skip
