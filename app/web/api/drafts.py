"""API: drafts that colleagues share on a case."""

from __future__ import annotations

from typing import Any, Literal

from flask import Blueprint
from pydantic import Field

from app.cases import service as cases
from app.errors import NotFound
from app.identity import queries as people
from app.messaging import drafts
from app.orchestration import sharing
from app.web import access, frame
from app.web.api.contract import In, Out, operation
from app.web.rules import allow, signed_in

blueprint = Blueprint("api_drafts", __name__)
TAG = "drafts"


class DraftRow(Out):
    """A text that is not sent yet: one's own, or one that a colleague shares."""

    holder: int = Field(description="The user who writes it now.")
    kind: Literal["reply", "note"]
    text: str
    is_shared: bool
    writers: list[int] = Field(description="The users who wrote in it, in order.")
    version: str


class DraftPage(Out):
    """The drafts on a case that the caller may see."""

    drafts: list[DraftRow]


class NewDraft(In):
    """A text to keep as one's draft."""

    kind: Literal["reply", "note"] = "reply"
    text: str = Field(max_length=200_000, description="Empty: the draft is removed.")
    to: list[str] = Field(default_factory=list, max_length=50)
    cc: list[str] = Field(default_factory=list, max_length=50)
    version: str = Field("", description="The version that you last saw; 409 when it was changed since.")
    is_shared: bool | None = Field(None, description="Let colleagues on the case see it; null: as it is.")


class Taking(In):
    """Whose shared draft to take over."""

    holder: int


def _page(case_id: int) -> DraftPage:
    viewer = frame.viewer()
    own = drafts.get(case_id, viewer.user_id)
    found = [] if own is None else [_row(viewer.user_id, own, own.writers, is_shared=own.is_shared)]
    others = drafts.shared_with(case_id, viewer.user_id)
    return DraftPage(drafts=found + [_row(each.user_id, each, each.writer_ids, is_shared=True) for each in others])


def _row(holder: int, draft: Any, writers: list[int], *, is_shared: bool) -> DraftRow:
    version = drafts.version(draft.updated_at)
    return DraftRow(
        holder=holder, kind=draft.kind, text=draft.text, is_shared=is_shared, writers=writers, version=version
    )


@blueprint.get("/cases/<number>/drafts")
@operation("Read your draft and those shared with you", tag=TAG, answers=DraftPage)
@signed_in
def read(number: str) -> DraftPage:
    """Return the caller's own draft on a case, and those that colleagues share."""
    return _page(access.case_row(frame.viewer(), number).id)


@blueprint.put("/cases/<number>/drafts")
@operation("Keep your draft", tag=TAG, answers=DraftPage, body=NewDraft)
@allow("agent", "manager")
def keep(number: str, body: NewDraft) -> DraftPage:
    """Keep the caller's draft on a case, and share it or not. 409: it was changed elsewhere since, or a colleague took it over."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    if body.is_shared is not None:
        cases.lock(case.id)
    recipients = {"to": body.to, "cc": body.cc}
    sharing.keep(case, viewer.user_id, kind=body.kind, text=body.text, recipients=recipients, known=body.version)
    if body.is_shared is not None:
        sharing.share(case.id, user_id=viewer.user_id, shared=body.is_shared)
    return _page(case.id)


@blueprint.post("/cases/<number>/drafts/take")
@operation("Take a shared draft over", tag=TAG, answers=DraftPage, body=Taking)
@allow("agent", "manager")
def take(number: str, body: Taking) -> DraftPage:
    """Write on from where a colleague has come to; they are told. 409: it is not shared any more, or you have a draft of your own."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    if not people.user_names([body.holder]):
        raise NotFound("user_unknown", "There is no such user.")
    sharing.take(case.id, holder_id=body.holder, user_id=viewer.user_id)
    return _page(case.id)
