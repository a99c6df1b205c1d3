"""API: canned replies."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flask import Blueprint
from pydantic import Field

from app.identity import queries as identity
from app.knowledge import canned as replies
from app.knowledge import filling
from app.knowledge.models import CannedReply
from app.orchestration import slots
from app.web import access, frame, i18n
from app.web.api import rows
from app.web.api.contract import In, Out, operation
from app.web.rules import allow

blueprint = Blueprint("api_canned", __name__)
TAG = "canned replies"


class CannedQuery(In):
    """Which canned replies."""

    q: str = Field("", max_length=200, description="Words in name, folder or text.")


class NewCanned(In):
    """A canned reply."""

    name: str = Field(min_length=1, max_length=replies.MAX_NAME)
    texts: dict[Literal["en", "zh"], str] = Field(
        description="Its words by language, with `{{ customer.name }}` and `[[what the writer must fill in]]`."
    )
    folder: str = Field("", max_length=replies.MAX_FOLDER)
    shared: Literal["private", "team", "everybody"] = "private"
    team: str | None = Field(None, max_length=60, description="Key of one of your teams, when it is shared with it.")
    version: int | None = Field(None, description="The version that you have read; null changes any.")


class CannedRow(Out):
    """A canned reply that you may use."""

    id: int
    name: str
    folder: str
    texts: dict[str, str]
    shared: str
    team: str | None
    owner: str | None
    may_change: bool
    uses: int
    version: int
    changed_at: datetime


class CannedPage(Out):
    """The canned replies you may use, by folder and name."""

    items: list[CannedRow]


class RemovedCanned(Out):
    """What was deleted."""

    id: int


class Filled(Out):
    """A canned reply on a case."""

    text: str
    language: str
    unfilled: list[str] = Field(description="What stands in the text and must be filled in: until then no reply goes.")


def _rows(found: list[CannedReply]) -> list[CannedRow]:
    viewer = frame.viewer()
    known = rows.names(row.owner_id for row in found)
    copied = ("id", "name", "folder", "texts", "uses", "version", "changed_at")
    return [
        CannedRow(
            **{name: getattr(row, name) for name in copied}, shared=str(row.shared), team=known.team(row.team_id),
            owner=known.user(row.owner_id), may_change=replies.may_change(viewer, row),
        )
        for row in found
    ]  # fmt: skip


@blueprint.get("/canned-replies")
@operation("List canned replies", tag=TAG, answers=CannedPage, query=CannedQuery)
@allow("agent", "manager")
def list_canned(query: CannedQuery) -> CannedPage:
    """List your canned replies and those that are shared with you."""
    return CannedPage(items=_rows(replies.of_viewer(frame.viewer(), query.q)))


@blueprint.post("/canned-replies")
@operation("Make a canned reply", tag=TAG, answers=CannedRow, body=NewCanned, status=201, is_repeatable=True)
@allow("agent", "manager")
def make_canned(body: NewCanned) -> CannedRow:
    """Make a canned reply. 422: it names a variable that there is not; 403: only managers share with everybody."""
    return _saved(body, None)


@blueprint.put("/canned-replies/<int:canned_id>")
@operation("Change a canned reply", tag=TAG, answers=CannedRow, body=NewCanned)
@allow("agent", "manager")
def change_canned(canned_id: int, body: NewCanned) -> CannedRow:
    """Change one of yours; managers may change what is shared. 409: it is not at `version` any more."""
    return _saved(body, canned_id)


def _saved(body: NewCanned, canned_id: int | None) -> CannedRow:
    team_id = identity.team_by_key(body.team).id if body.team and body.shared == "team" else None
    texts = {str(language): text for language, text in body.texts.items()}
    wish = replies.Wish(body.name, texts, body.folder, body.shared, team_id)
    return _rows([replies.save(frame.viewer(), wish, canned_id=canned_id, version=body.version)])[0]


@blueprint.delete("/canned-replies/<int:canned_id>")
@operation("Delete a canned reply", tag=TAG, answers=RemovedCanned)
@allow("agent", "manager")
def delete_canned(canned_id: int) -> RemovedCanned:
    """Delete one of yours; managers may delete what is shared."""
    replies.delete(frame.viewer(), canned_id)
    return RemovedCanned(id=canned_id)


@blueprint.post("/cases/<number>/canned-replies/<int:canned_id>")
@operation("Fill a canned reply in for a case", tag=TAG, answers=Filled)
@allow("agent", "manager")
def fill_canned(number: str, canned_id: int) -> Filled:
    """Return its text in the customer's language with what is known filled in. Nothing is sent; its use is counted."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    row = replies.get(viewer, canned_id)
    language, text = replies.text_in(row, case.language, else_in=i18n.locale())
    replies.count_use(row)
    text = filling.fill(text, slots.names_for(case, agent=viewer.name, language=language))
    return Filled(text=text, language=language, unfilled=filling.unfilled(text))
