"""API: views made from filters. What a view finds is asked for with `GET /cases?q=` and its query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from flask import Blueprint
from pydantic import Field

from app.cases import views
from app.cases.listed import SavedView
from app.cases.own_lists import View
from app.identity import queries as identity
from app.web import asking, frame, listing
from app.web.api import rows
from app.web.api.contract import In, Out, operation
from app.web.rules import signed_in

blueprint = Blueprint("api_views", __name__)
TAG = "views"
SharedName = Literal["private", "team", "everybody"]
OrderName = Literal["", "touched", "due", "quiet", "opened", "oldest"]


class NewView(In):
    """A view: a query under a name."""

    name: str = Field(min_length=1, max_length=views.MAX_NAME)
    query: str = Field("", max_length=asking.MAX_TEXT, description="In the search language.")
    order: OrderName = Field("", description="Empty: as lists of its kind are.")
    columns: list[str] = Field(
        default_factory=list,
        max_length=len(views.COLUMNS) + views.MOST_OWN_COLUMNS,
        description=", ".join(views.COLUMNS) + ", and `field.KEY` for custom fields",
    )
    shared: SharedName = "private"
    team: str | None = Field(None, max_length=60, description="Key of one of your teams, when it is shared with it.")


class ViewRow(Out):
    """A view that you find among yours."""

    id: int
    name: str
    query: str
    order: str
    columns: list[str]
    shared: str
    team: str | None = Field(description="Key of the team it is shared with.")
    owner: str | None = Field(description="Login of its maker.")
    may_change: bool
    changed_at: datetime
    count: int | None = Field(
        description="How many cases you see in it, up to 100; null: its query names what is gone."
    )


class ViewPage(Out):
    """The views you find among yours: own ones first."""

    items: list[ViewRow]


class Removed(Out):
    """What was deleted."""

    id: int


def _rows(found: Sequence[SavedView | View]) -> list[ViewRow]:
    viewer = frame.viewer()
    counts = listing.saved_counts(viewer, found)
    known = rows.names(view.owner_id for view in found)
    return [
        ViewRow(
            id=view.id, name=view.name, query=view.query, order=view.order, columns=list(view.columns), shared=str(view.shared),
            team=known.team(view.team_id), owner=known.user(view.owner_id), may_change=views.may_change(viewer, view),
            changed_at=view.changed_at, count=counts.get(str(view.id)),
        )
        for view in found
    ]  # fmt: skip


@blueprint.get("/views")
@operation("List views", tag=TAG, answers=ViewPage)
@signed_in
def list_views() -> ViewPage:
    """List your views and those that are shared with you, each with its count."""
    return ViewPage(items=_rows(views.of_viewer(frame.viewer())))


@blueprint.post("/views")
@operation("Make a view", tag=TAG, answers=ViewRow, body=NewView, status=201, is_repeatable=True)
@signed_in
def make_view(body: NewView) -> ViewRow:
    """Make a view of a query. 422: the query cannot be read (`start` and `end` say where)."""
    return _saved(body, None)


@blueprint.put("/views/<int:view_id>")
@operation("Change a view", tag=TAG, answers=ViewRow, body=NewView)
@signed_in
def change_view(view_id: int, body: NewView) -> ViewRow:
    """Change a view of yours; managers may change what is shared."""
    return _saved(body, view_id)


def _saved(body: NewView, view_id: int | None) -> ViewRow:
    viewer = frame.viewer()
    asking.read(viewer, body.query)
    team_id = identity.team_by_key(body.team).id if body.team and body.shared == "team" else None
    wish = views.Wish(body.name, body.query, body.order, body.columns, body.shared, team_id)
    return _rows([views.save(viewer, wish, view_id=view_id)])[0]


@blueprint.delete("/views/<int:view_id>")
@operation("Delete a view", tag=TAG, answers=Removed)
@signed_in
def delete_view(view_id: int) -> Removed:
    """Delete a view of yours; managers may delete what is shared."""
    views.delete(frame.viewer(), view_id)
    return Removed(id=view_id)
