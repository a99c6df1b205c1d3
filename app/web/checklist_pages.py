"""The settings of checklists: the lists that a desk keeps for its kinds of cases."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from app.audit import service as audit
from app.cases.checklists import templates
from app.cases.checklists.models import ChecklistTemplate
from app.db import savepoint
from app.errors import Conflict, DeskError, Invalid
from app.identity import policy
from app.web import frame, shell
from app.web.errors import status_of
from app.web.rules import allow_if

blueprint = Blueprint("checklist_pages", __name__)
sees = allow_if(policy.may_see_settings)
changes = allow_if(policy.may_manage_checklists)
SHOWN_EVENTS = 12


@blueprint.get("/settings/checklists")
@sees
def overview() -> str:
    """List the checklists by type of case."""
    may_change = policy.may_manage_checklists(frame.viewer())
    return shell.page("checklists.html", section="settings", templates=templates.every(), may_change=may_change)


@blueprint.get("/settings/checklists/new")
@changes
def new() -> Response:
    """Show the form of a new checklist."""
    return _form(None)


@blueprint.get("/settings/checklists/<int:template_id>")
@sees
def edit(template_id: int) -> Response:
    """Show a checklist."""
    return _form(templates.get(template_id))


def _form(row: ChecklistTemplate | None, *, error: DeskError | None = None) -> Response:
    shown = shell.page(
        "checklist.html", section="settings", row=row, error=error, wrong=error.fields if error else {},
        values=request.form if error else {}, may_change=policy.may_manage_checklists(frame.viewer()),
        events=audit.chain_events(f"checklist:{row.id}")[-SHOWN_EVENTS:][::-1] if row else [],
    )  # fmt: skip
    return make_response(shown, status_of(error) if error else 200)


@blueprint.post("/settings/checklists")
@changes
def make() -> Any:
    """Make a checklist."""
    return _saved(None)


@blueprint.post("/settings/checklists/<int:template_id>")
@changes
def change(template_id: int) -> Any:
    """Change a checklist; cases keep what they were given."""
    return _saved(templates.get(template_id))


def _saved(row: ChecklistTemplate | None) -> Any:
    form = request.form
    wish = templates.Wish(
        form.get("name", ""), form.get("items", "").splitlines(), form.get("name_zh", ""), form.get("case_type", ""),
        "must_be_done" in form,
    )  # fmt: skip
    try:
        with savepoint():
            made = templates.save(wish, row, version=form.get("version", type=int))
    except (Invalid, Conflict) as error:
        return _form(templates.get(row.id) if row else None, error=error)
    return redirect(f"/settings/checklists/{made.id}?saved=1", 303)


@blueprint.post("/settings/checklists/<int:template_id>/delete")
@changes
def delete(template_id: int) -> Any:
    """Delete a checklist."""
    templates.delete(templates.get(template_id))
    return redirect("/settings/checklists", 303)
