"""API: replies that wait before they go, and the right to reply."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask import Blueprint
from pydantic import AwareDatetime, Field

from app.cases import queries as cases
from app.errors import Invalid
from app.messaging import composing, drafts, held
from app.messaging.models import HeldReply
from app.orchestration import forms, holding, taking
from app.orchestration import queries as orchestration
from app.web import access, frame
from app.web.api import files
from app.web.api.contract import In, Out, operation
from app.web.rules import allow

blueprint = Blueprint("api_holding", __name__)
TAG = "replies that wait"


class Step(In):
    """What is done when the reply goes: a task of the case with the values of its form."""

    task: int
    values: dict[str, Any] = Field(default_factory=dict)


class NewHeld(In):
    """A reply that can be taken back until it goes."""

    text: str = Field(min_length=1, max_length=200_000)
    to: list[str] | None = Field(None, min_length=1, max_length=50, description="Addresses; without it the customer.")
    cc: list[str] = Field(default_factory=list, max_length=50)
    subject: str = Field("", max_length=300)
    files: list[str] = Field(default_factory=list, max_length=drafts.MAX_FILES)
    seen_message_id: int | None = Field(None, description="The newest message you have read.")
    seconds: int | None = Field(
        None, ge=0, le=composing.MAX_UNDO, description="Wait; null: as you have chosen on the desk."
    )
    send_at: AwareDatetime | None = Field(None, description="Send then; withdrawn when the customer writes first.")
    step: Step | None = None


class HeldRow(Out):
    """A reply that waits, or how its wait ended."""

    id: int
    case: str
    author: str
    text: str
    due_at: datetime
    is_later: bool
    ended_at: datetime | None
    outcome: Literal["", "sent", "undone", "customer", "refused"]
    problem: str
    message_id: int | None


class Turn(In):
    """What to do about a colleague's right to reply."""

    do: Literal["take", "ask"]


class TurnRow(Out):
    """A case after that."""

    case: str
    assignee: int | None


def _row(row: HeldReply) -> HeldRow:
    copied = ("id", "author", "text", "due_at", "is_later", "ended_at", "outcome", "problem", "message_id")
    return HeldRow(**{name: getattr(row, name) for name in copied}, case=cases.get(row.case_id).number)


@blueprint.post("/cases/<number>/held")
@operation("Write a reply that waits", tag=TAG, answers=HeldRow, body=NewHeld, status=201, is_repeatable=True)
@allow("agent", "manager")
def hold(number: str, body: NewHeld) -> HeldRow:
    """Let a reply wait for some seconds or until a time, perhaps with a step. 409: another waits, or it is a colleague's turn."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.replying(viewer)
    words = holding.Words(
        viewer.user_id, viewer.name, body.text, to=[(address, "") for address in body.to] if body.to else None,
        cc=[(address, "") for address in body.cc], subject=body.subject,
        files=files.uploaded(body.files, case_id=case.id, user_id=viewer.user_id),
    )  # fmt: skip
    seconds = composing.undo_seconds(viewer.user_id) if body.seconds is None else body.seconds
    row = holding.hold(
        case.id, words, seconds=seconds, send_at=body.send_at, seen_message_id=body.seen_message_id,
        step=_step(body.step) if body.step else None,
    )  # fmt: skip
    return _row(row)


def _step(step: Step) -> dict[str, Any]:
    task = access.own_task(frame.viewer(), step.task)
    return {"task": task.id, "values": forms.read(orchestration.form_of_task(task), step.values)}


def _known(held_id: int) -> HeldReply:
    row = held.get(held_id)
    access.case(frame.viewer(), row.case_id)
    return row


@blueprint.get("/held/<int:held_id>")
@operation("See what became of a waiting reply", tag=TAG, answers=HeldRow)
@allow("agent", "manager")
def get_held(held_id: int) -> HeldRow:
    """Return a reply that waits or has waited."""
    return _row(_known(held_id))


@blueprint.post("/held/<int:held_id>/<verdict>")
@operation("Take a waiting reply back, or send it now", tag=TAG, answers=HeldRow)
@allow("agent", "manager")
def decide(held_id: int, verdict: str) -> HeldRow:
    """`undo`: its words are its writer's draft again; `now`: it goes at once. 409: it does not wait any more."""
    row = _known(held_id)
    actions = {"undo": holding.take_back, "now": holding.send_now}
    if verdict not in actions:
        raise Invalid("bad_verdict", "A waiting reply is taken back (undo) or sent (now).")
    if verdict == "now":
        access.replying(frame.viewer())
    actions[verdict](held_id)
    return _row(row)


@blueprint.post("/cases/<number>/turn")
@operation("Take over the right to reply, or ask for it", tag=TAG, answers=TurnRow, body=Turn)
@allow("agent", "manager")
def turn(number: str, body: Turn) -> TurnRow:
    """`take`: the case and its open task are yours; `ask`: whoever has them is told that you wait."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    if body.do == "take":
        taking.take_over(case.id, user_id=viewer.user_id)
    else:
        taking.ask(case.id, by=viewer.name)
    return TurnRow(case=case.number, assignee=case.assignee_id)
