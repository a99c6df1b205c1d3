"""API: the checklist of a case, and the lists that a desk keeps."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from flask import Blueprint
from pydantic import Field

from app.cases import service as cases
from app.cases.checklists import items as points
from app.cases.checklists import templates
from app.cases.checklists.models import ChecklistItem, ChecklistTemplate
from app.cases.models import Case
from app.identity import policy
from app.identity import queries as identity
from app.web import access, frame
from app.web.api import rows
from app.web.api.contract import In, Out, operation
from app.web.rules import allow, allow_if, signed_in

blueprint = Blueprint("api_checklists", __name__)
TAG = "checklists"


class NewPoint(In):
    """A new point, or the points of a list of the settings."""

    text: str = Field("", max_length=points.MAX_TEXT)
    user: str | None = Field(None, max_length=60, description="Login of whoever does it.")
    due_on: date | None = None
    is_needed: bool = Field(False, description="It must be done before the case is closed.")
    template: int | None = Field(None, description="Id of a list whose points are taken over instead.")


class ChangedPoint(In):
    """What of a point changes; what is not named stays."""

    text: str | None = Field(None, max_length=points.MAX_TEXT)
    user: str | None = Field(None, max_length=60, description="Login of whoever does it; empty: nobody in particular.")
    due_on: date | None = None
    is_needed: bool | None = None
    is_done: bool | None = None
    move: Literal["up", "down"] | None = None


class PointRow(Out):
    """A point of a checklist."""

    id: int
    text: str
    user: str | None
    due_on: date | None
    is_needed: bool
    done_at: datetime | None
    done_by: str | None


class Checklist(Out):
    """The checklist of a case in its order."""

    case: str
    done: int
    total: int
    items: list[PointRow]


class TemplateFacts(In):
    """A list that cases can be given."""

    name: str = Field(min_length=1, max_length=templates.MAX_NAME)
    name_zh: str = Field("", max_length=templates.MAX_NAME)
    case_type: str = Field("", max_length=templates.MAX_NAME, description="Empty: for all cases.")
    items: list[str] = Field(min_length=1, max_length=templates.MOST_ITEMS)
    must_be_done: bool = False
    version: int | None = Field(None, description="What you have read; 409 when it was changed since.")


class TemplateRow(Out):
    """A list that cases can be given."""

    id: int
    name: str
    name_zh: str
    case_type: str
    items: list[str]
    must_be_done: bool
    version: int


class TemplatePage(Out):
    """The lists there are."""

    items: list[TemplateRow]


def _shown(case: Case) -> Checklist:
    found = points.of_case(case.id)
    known = rows.names(user for item in found for user in (item.user_id, item.done_by))
    shown = [
        PointRow(
            id=item.id, text=item.text, user=known.user(item.user_id), due_on=item.due_on, is_needed=item.is_needed,
            done_at=item.done_at, done_by=known.user(item.done_by),
        )
        for item in found
    ]  # fmt: skip
    return Checklist(
        case=case.number, done=sum(item.done_at is not None for item in found), total=len(found), items=shown
    )


def _held(number: str) -> Case:
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    return cases.lock(case.id)


def _user(login: str | None) -> int | None:
    return identity.user_by_login(login).id if login else None


@blueprint.get("/cases/<number>/checklist")
@operation("See a case's checklist", tag=TAG, answers=Checklist)
@signed_in
def get_checklist(number: str) -> Checklist:
    """Return the points of a case in their order."""
    return _shown(access.case_by_number(frame.viewer(), number))


@blueprint.post("/cases/<number>/checklist")
@operation("Add to a case's checklist", tag=TAG, answers=Checklist, body=NewPoint, status=201, is_repeatable=True)
@allow("agent", "manager")
def add_point(number: str, body: NewPoint) -> Checklist:
    """Add a point at the end, or the points of a list that are not there yet."""
    case = _held(number)
    if body.template is not None:
        points.add_template(case, templates.get(body.template))
    else:
        points.add(case, points.Wish(body.text, _user(body.user), body.due_on, body.is_needed))
    return _shown(case)


@blueprint.patch("/cases/<number>/checklist/<int:item_id>")
@operation("Change a point of a checklist", tag=TAG, answers=Checklist, body=ChangedPoint)
@allow("agent", "manager")
def change_point(number: str, item_id: int, body: ChangedPoint) -> Checklist:
    """Tick, move or change a point."""
    case, given = _held(number), body.model_fields_set
    if given & {"text", "user", "due_on", "is_needed"}:
        points.change(case, item_id, _wish(points.get(case, item_id), body))
    if body.move:
        points.move(case, item_id, points.UP if body.move == "up" else points.DOWN)
    if body.is_done is not None:
        points.tick(case, item_id, is_done=body.is_done, by=frame.viewer().user_id)
    return _shown(case)


def _wish(item: ChecklistItem, body: ChangedPoint) -> points.Wish:
    given = body.model_fields_set
    return points.Wish(
        item.text if body.text is None else body.text,
        _user(body.user) if "user" in given else item.user_id,
        body.due_on if "due_on" in given else item.due_on,
        item.is_needed if body.is_needed is None else body.is_needed,
    )


@blueprint.delete("/cases/<number>/checklist/<int:item_id>")
@operation("Remove a point of a checklist", tag=TAG, answers=Checklist)
@allow("agent", "manager")
def remove_point(number: str, item_id: int) -> Checklist:
    """Remove a point; what it said stays on the record."""
    case = _held(number)
    points.remove(case, item_id)
    return _shown(case)


def _row(row: ChecklistTemplate) -> TemplateRow:
    copied = ("id", "name", "name_zh", "case_type", "items", "must_be_done", "version")
    return TemplateRow(**{name: getattr(row, name) for name in copied})


def _facts(body: TemplateFacts) -> templates.Wish:
    return templates.Wish(body.name, body.items, body.name_zh, body.case_type, body.must_be_done)


@blueprint.get("/checklists")
@operation("List the checklists of the settings", tag=TAG, answers=TemplatePage)
@signed_in
def list_checklists() -> TemplatePage:
    """Return the lists that cases can be given."""
    return TemplatePage(items=[_row(row) for row in templates.every()])


@blueprint.post("/checklists")
@operation("Make a checklist", tag=TAG, answers=TemplateRow, body=TemplateFacts, status=201, is_repeatable=True)
@allow_if(policy.may_manage_checklists)
def make_checklist(body: TemplateFacts) -> TemplateRow:
    """Make a list that cases can be given."""
    return _row(templates.save(_facts(body)))


@blueprint.put("/checklists/<int:template_id>")
@operation("Change a checklist", tag=TAG, answers=TemplateRow, body=TemplateFacts)
@allow_if(policy.may_manage_checklists)
def change_checklist(template_id: int, body: TemplateFacts) -> TemplateRow:
    """Change a list; cases keep what they were given."""
    return _row(templates.save(_facts(body), templates.get(template_id), version=body.version))


@blueprint.delete("/checklists/<int:template_id>")
@operation("Delete a checklist", tag=TAG, answers=TemplateRow)
@allow_if(policy.may_manage_checklists)
def delete_checklist(template_id: int) -> TemplateRow:
    """Delete a list; cases keep what they were given."""
    row = templates.get(template_id)
    shown = _row(row)
    templates.delete(row)
    return shown
