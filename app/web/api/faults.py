"""API: what waits for an operator: stuck steps, and mails that could not be taken in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask import Blueprint
from pydantic import Field

from app.cases import queries as cases
from app.cases.models import Case
from app.errors import Conflict
from app.identity import policy
from app.messaging import intake
from app.messaging import queries as messaging
from app.messaging.models import Envelope, EnvelopeState
from app.orchestration import driving, operations
from app.web import access, frame, paging
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if
from app.workflow import queries as workflow

blueprint = Blueprint("api_faults", __name__)
resolves = allow_if(policy.may_resolve_faults)
REPLAYABLE = (EnvelopeState.FAILED, EnvelopeState.DROPPED)


class PageQuery(In):
    """Which page."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=400)


class EnvelopeQuery(PageQuery):
    """Which mails."""

    state: Literal["failed", "dropped"] | None = None


class Skip(In):
    """What the step would have come to."""

    values: dict[str, Any] = Field(
        default_factory=dict, description="Results of the step that the process goes on with."
    )


class FaultRow(Out):
    """A step that is stuck."""

    id: int
    case: str
    work_order: str | None
    process: str
    version: int
    element_id: str
    name: str
    code: str
    message: str
    created_at: datetime


class FaultPage(Out):
    """Stuck steps, newest first."""

    items: list[FaultRow]
    next_cursor: str | None


class Resolved(Out):
    """What came of it."""

    case: str
    faults: list[FaultRow] = Field(
        description="What is stuck in this case now; a retry that fails again stands here anew."
    )


class EnvelopeRow(Out):
    """A mail that was received and not taken in."""

    id: int
    account_id: int
    state: str
    reason: str
    error: str
    attempts: int
    received_at: datetime


class EnvelopePage(Out):
    """Mails that failed or were dropped, newest first."""

    items: list[EnvelopeRow]
    next_cursor: str | None


@blueprint.get("/faults")
@operation("List stuck steps", tag="faults", answers=FaultPage, query=PageQuery)
@resolves
def list_faults(query: PageQuery) -> FaultPage:
    """List the steps that are stuck in cases that you may see."""
    before = paging.unpack(query.cursor, "faults")[1] if query.cursor else None
    found = operations.stuck([access.visible_cases(frame.viewer())], before=before, limit=query.limit + 1)
    shown = found[: query.limit]
    cursor = paging.pack("faults", None, shown[-1].fault.id) if len(found) > query.limit else None
    return FaultPage(items=[_fault(each) for each in shown], next_cursor=cursor)


@blueprint.post("/faults/<int:fault_id>/retry")
@operation("Retry a stuck step", tag="faults", answers=Resolved, is_repeatable=True)
@resolves
def retry(fault_id: int) -> Resolved:
    """Try the step again. 409: somebody has dealt with it already."""
    return _resolve(fault_id, how="retry", values={})


@blueprint.post("/faults/<int:fault_id>/skip")
@operation("Skip a stuck step", tag="faults", answers=Resolved, body=Skip, is_repeatable=True)
@resolves
def skip(fault_id: int, body: Skip) -> Resolved:
    """Go on behind the step as if it had come to these values. 409: somebody has dealt with it already."""
    return _resolve(fault_id, how="skip", values=body.values)


def _resolve(fault_id: int, *, how: str, values: dict[str, Any]) -> Resolved:
    access.instance(frame.viewer(), workflow.get_fault(fault_id).instance_id)
    case_id = driving.resolve_fault(fault_id, how=how, values=values)
    left = operations.stuck([Case.id == case_id])
    return Resolved(case=cases.get(case_id).number, faults=[_fault(each) for each in left])


def _fault(stuck: operations.Stuck) -> FaultRow:
    copied = ("id", "element_id", "name", "code", "message", "created_at")
    return FaultRow(
        **{name: getattr(stuck.fault, name) for name in copied}, case=stuck.case_number, work_order=stuck.work_order,
        process=stuck.process, version=stuck.version,
    )  # fmt: skip


# ---------------------------------------------------------------- mails
@blueprint.get("/envelopes")
@operation("List mails that were not taken in", tag="envelopes", answers=EnvelopePage, query=EnvelopeQuery)
@resolves
def list_envelopes(query: EnvelopeQuery) -> EnvelopePage:
    """List what came in and failed or was dropped, with the reason. It is kept and can be replayed."""
    before = paging.unpack(query.cursor, "envelopes")[1] if query.cursor else None
    states = [EnvelopeState(query.state)] if query.state else REPLAYABLE
    found = messaging.troubled_envelopes(limit=query.limit + 1, before=before, states=states)
    shown = found[: query.limit]
    cursor = paging.pack("envelopes", None, shown[-1].id) if len(found) > query.limit else None
    return EnvelopePage(items=[_envelope(row) for row in shown], next_cursor=cursor)


@blueprint.post("/envelopes/<int:envelope_id>/replay")
@operation("Replay a mail", tag="envelopes", answers=EnvelopeRow)
@resolves
def replay(envelope_id: int) -> EnvelopeRow:
    """Have a worker take the mail in once more. 409: it is neither failed nor dropped."""
    if messaging.get_envelope(envelope_id).state not in REPLAYABLE:
        raise Conflict("not_replayable", "This mail was taken in already, or waits to be.")
    intake.replay(envelope_id)
    return _envelope(messaging.get_envelope(envelope_id, anew=True))


def _envelope(row: Envelope) -> EnvelopeRow:
    copied = ("id", "account_id", "reason", "error", "attempts", "received_at")
    return EnvelopeRow(**{name: getattr(row, name) for name in copied}, state=str(row.state))
