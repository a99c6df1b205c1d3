"""API: merge a case into another, take it out again, split one, and what each would do."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint
from pydantic import Field

from app.cases.models import Case
from app.errors import Invalid
from app.identity import policy
from app.orchestration import foreseeing, merging, moving
from app.web import access, frame
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if

blueprint = Blueprint("api_merging", __name__)
merges = allow_if(policy.may_merge_cases)
TAG = "merging"


class Into(In):
    """The case that stays."""

    into: str = Field(max_length=40, description="Number of the case to merge into.")


class Candidate(In):
    """The case that would stay."""

    into: str = Field("", max_length=40, description="Number of the case to merge into; needed.")


class MergeForeseen(Out):
    """What merging would do. Nothing is done yet."""

    case: str
    into: str
    refusal: str = Field(description="Why it cannot be done; empty when it can.")
    same_customer: bool
    received: int = Field(description="Messages from the customer that go along.")
    written: int
    notes: int
    work_orders: list[str] = Field(description="They go on under the case that stays.")
    tags: list[str] = Field(description="Those that the case that stays does not have yet.")
    watchers: list[str]
    drafts: int = Field(description="Unsent drafts; they stay with the merged case.")
    process: str | None = Field(description="Key and version of the process that is held.")
    told: list[str] = Field(description="Who gets a notice.")


class Merged(Out):
    """A merge, standing or undone."""

    case: str
    into: str
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None


class UnmergeForeseen(Out):
    """What taking a case out again would do. Nothing is done yet."""

    case: str
    into: str
    refusal: str
    merged_at: datetime
    merged_by: str
    messages: int = Field(description="How many go back.")
    meanwhile: int = Field(description="How many of them came in since the merge.")
    work_orders: int


class NewSplit(In):
    """The messages that become a case of their own."""

    messages: list[int] = Field(
        min_length=1, max_length=moving.MAX_SPLIT, description="Ids; one from the customer at least."
    )
    subject: str = Field("", max_length=300, description="Empty: that of the first message from the customer.")
    preview: bool = Field(False, description="Only tell what would happen.")


class Split(Out):
    """A case that was split, or would be."""

    case: str | None = Field(description="Number of the new case; null: nothing is done yet.")
    origin: str
    subject: str
    messages: list[int]


def _case(number: str) -> Case:
    return access.case_by_number(frame.viewer(), number)


@blueprint.get("/cases/<number>/merge")
@operation("Foresee a merge", tag=TAG, answers=MergeForeseen, query=Candidate)
@merges
def foresee(number: str, query: Candidate) -> MergeForeseen:
    """Tell what merging this case into another would do."""
    case = _case(number)
    if not query.into:
        raise Invalid("target_missing", "Name the other case in `into`.", fields={"into": "required"})
    found = foreseeing.merge(case, _case(query.into))
    process = found.process
    return MergeForeseen(
        case=found.case.number, into=found.into.number, refusal=found.refusal, same_customer=found.same_customer,
        received=found.received, written=found.written, notes=found.notes,
        work_orders=[order.number for order in found.orders], tags=list(found.tags), watchers=list(found.watchers),
        drafts=found.drafts, process=f"{process.definition_key} v{process.version}" if process else None,
        told=list(found.told),
    )  # fmt: skip


@blueprint.post("/cases/<number>/merge")
@operation("Merge a case into another", tag=TAG, answers=Merged, body=Into, is_repeatable=True)
@merges
def merge(number: str, body: Into) -> Merged:
    """Let this case live on in another one. 409: it cannot be done now."""
    case, into = _case(number), _case(body.into)
    row = merging.merge(case.id, into.id)
    return Merged(
        case=case.number, into=into.number, merged_at=row.merged_at, merged_by=row.merged_by, undone_at=row.undone_at
    )


@blueprint.get("/cases/<number>/unmerge")
@operation("Foresee taking a case out again", tag=TAG, answers=UnmergeForeseen)
@merges
def foresee_apart(number: str) -> UnmergeForeseen:
    """Tell what taking this merged case out again would do."""
    found = foreseeing.unmerge(_case(number))
    return UnmergeForeseen(
        case=found.case.number, into=found.into.number, refusal=found.refusal, merged_at=found.since,
        merged_by=found.by, messages=found.messages, meanwhile=found.meanwhile, work_orders=found.orders,
    )  # fmt: skip


@blueprint.post("/cases/<number>/unmerge")
@operation("Take a merged case out again", tag=TAG, answers=Merged, is_repeatable=True)
@merges
def unmerge(number: str) -> Merged:
    """Take this case out of the one it is merged into, at any time. 404: it is not merged."""
    case = _case(number)
    into = foreseeing.unmerge(case).into
    row = merging.unmerge(case.id)
    return Merged(
        case=case.number, into=into.number, merged_at=row.merged_at, merged_by=row.merged_by, undone_at=row.undone_at
    )


@blueprint.post("/cases/<number>/split")
@operation("Split a case", tag=TAG, answers=Split, body=NewSplit, is_repeatable=True)
@merges
def split(number: str, body: NewSplit) -> Split:
    """Make messages of this case a new one. Undone by merging that one back into this."""
    origin = _case(number)
    plan = moving.plan_split(origin, body.messages, subject=body.subject)
    ids = [message.id for message in plan.messages]
    made = None if body.preview else moving.split(origin.id, ids, subject=body.subject).number
    return Split(case=made, origin=origin.number, subject=plan.subject, messages=ids)
