"""API: macros."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask import Blueprint
from pydantic import Field

from app.cases.models import Case
from app.identity import queries as identity
from app.orchestration.macros import book, running, steps
from app.orchestration.macros.models import Macro
from app.web import access, frame, macro_words
from app.web.api import rows
from app.web.api.contract import In, Out, operation
from app.web.rules import allow

blueprint = Blueprint("api_macros", __name__)
TAG = "macros"
works = allow("agent", "manager")


class MacroQuery(In):
    """Which macros."""

    q: str = Field("", max_length=200, description="Words in name or description.")


class NewStep(In):
    """An action of a macro."""

    kind: Literal["reply", "note", "fields", "custom", "tags", "snooze", "watch", "verb", "task"]
    params: dict[str, Any] = Field(default_factory=dict, description="What the kind asks for; see docs/macros.md.")


class NewMacro(In):
    """A macro."""

    name: str = Field(min_length=1, max_length=book.MAX_NAME)
    steps: list[NewStep] = Field(min_length=1, max_length=steps.MOST, description="What it does, in this order.")
    about: str = Field("", max_length=book.MAX_ABOUT, description="What it is for.")
    shared: Literal["private", "team", "everybody"] = "private"
    team: str | None = Field(None, max_length=60, description="Key of one of your teams, when it is shared with it.")
    is_on: bool = Field(True, description="Whether it is offered on cases.")
    version: int | None = Field(None, description="The version that you have read; null changes any.")


class StepRow(Out):
    """An action of a macro, with what it does in words."""

    kind: str
    params: dict[str, Any]
    says: str


class MacroRow(Out):
    """A macro that you may use."""

    id: int
    name: str
    about: str
    steps: list[StepRow]
    shared: str
    team: str | None
    owner: str | None
    may_change: bool
    is_on: bool
    position: int
    uses: int
    version: int
    changed_at: datetime


class MacroPage(Out):
    """The macros you may use, in their order."""

    items: list[MacroRow]


class RemovedMacro(Out):
    """What was deleted."""

    id: int


class RunMacro(In):
    """A macro for one case."""

    answers: dict[str, str] = Field(
        default_factory=dict, description="What stands in the blanks of its texts: `when` for `[[when]]`."
    )
    seen_message_id: int | None = Field(
        None,
        description="The newest message you have read: a newer one stops a macro that speaks or moves the process.",
    )


class RanMacro(Out):
    """What was run."""

    id: int
    name: str
    case: str


class ForeseenStep(Out):
    """What a step would do."""

    kind: str
    says: str
    changes: bool | None = Field(description="Whether it changes anything; null behind the step that stops the macro.")
    shown: str = Field(description="The text that goes out or is kept, filled in.")


class ForeseenMacro(Out):
    """What a macro would do to a case."""

    steps: list[ForeseenStep]
    stopped_at: int | None = Field(
        description="The place of the step that cannot be done, from 0: then nothing is done."
    )
    why: str


def _rows(found: list[Macro]) -> list[MacroRow]:
    viewer = frame.viewer()
    known = rows.names(row.owner_id for row in found)
    copied = ("id", "name", "about", "is_on", "position", "uses", "version", "changed_at")
    return [
        MacroRow(
            **{name: getattr(row, name) for name in copied}, shared=str(row.shared), team=known.team(row.team_id),
            owner=known.user(row.owner_id), may_change=book.may_change(viewer, row),
            steps=[StepRow(**step, says=macro_words.line(step)) for step in row.steps],
        )
        for row in found
    ]  # fmt: skip


@blueprint.get("/macros")
@operation("List macros", tag=TAG, answers=MacroPage, query=MacroQuery)
@works
def list_macros(query: MacroQuery) -> MacroPage:
    """List your macros and those that are shared with you, also those that are switched off."""
    return MacroPage(items=_rows(book.of_viewer(frame.viewer(), query.q, with_off=True)))


@blueprint.post("/macros")
@operation("Make a macro", tag=TAG, answers=MacroRow, body=NewMacro, status=201, is_repeatable=True)
@works
def make_macro(body: NewMacro) -> MacroRow:
    """Make a macro. 422: a step cannot be (`steps.0` and so on); 403: only managers share with everybody."""
    return _saved(body, None)


@blueprint.put("/macros/<int:macro_id>")
@operation("Change a macro", tag=TAG, answers=MacroRow, body=NewMacro)
@works
def change_macro(macro_id: int, body: NewMacro) -> MacroRow:
    """Change one of yours; managers may change what is shared. 409: it is not at `version` any more."""
    return _saved(body, macro_id)


def _saved(body: NewMacro, macro_id: int | None) -> MacroRow:
    team_id = identity.team_by_key(body.team).id if body.team and body.shared == "team" else None
    wish = book.Wish(
        body.name, [step.model_dump() for step in body.steps], body.about, body.shared, team_id, is_on=body.is_on
    )
    return _rows([book.save(frame.viewer(), wish, macro_id=macro_id, version=body.version)])[0]


@blueprint.delete("/macros/<int:macro_id>")
@operation("Delete a macro", tag=TAG, answers=RemovedMacro)
@works
def delete_macro(macro_id: int) -> RemovedMacro:
    """Delete one of yours; managers may delete what is shared."""
    book.delete(frame.viewer(), macro_id)
    return RemovedMacro(id=macro_id)


def _case(number: str) -> Case:
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    return case


@blueprint.post("/cases/<number>/macros/<int:macro_id>")
@operation("Run a macro on a case", tag=TAG, answers=RanMacro, body=RunMacro, is_repeatable=True)
@works
def run_macro(number: str, macro_id: int, body: RunMacro) -> RanMacro:
    """Do all its steps, or none. 409: the process does not accept one of them now, or it is switched off; 422: a text has a gap."""
    case = _case(number)
    row = running.run(frame.viewer(), case.id, macro_id, body.answers, seen_message_id=body.seen_message_id)
    return RanMacro(id=row.id, name=row.name, case=case.number)


@blueprint.post("/cases/<number>/macros/<int:macro_id>/preview")
@operation("Look at what a macro would do", tag=TAG, answers=ForeseenMacro, body=RunMacro)
@works
def look_at_macro(number: str, macro_id: int, body: RunMacro) -> ForeseenMacro:
    """Try it on the case without keeping anything."""
    row = book.usable(frame.viewer(), macro_id)
    found = running.foresee(frame.viewer(), _case(number).id, macro_id, body.answers)
    done = [*found.done, *[None] * (len(row.steps) - len(found.done))]
    return ForeseenMacro(
        steps=[
            ForeseenStep(
                kind=step["kind"], says=macro_words.line(step), changes=each.changed if each else None,
                shown=each.shown if each else "",
            )
            for step, each in zip(row.steps, done, strict=True)
        ],
        stopped_at=found.stopped, why=found.error.message if found.error else "",
    )  # fmt: skip
