"""API: which views stand above lists, and in what order."""

from __future__ import annotations

from flask import Blueprint
from pydantic import Field

from app.cases import arranging
from app.web import frame
from app.web.api.contract import In, Out, operation
from app.web.rules import signed_in

blueprint = Blueprint("api_arranging", __name__)
TAG = "views"


class NewArrangement(In):
    """An order of views."""

    scope: str = Field(
        "", max_length=100, description="Empty: your own; an administrator also says team:KEY or role:KEY."
    )
    order: list[str] = Field(
        default_factory=list,
        max_length=arranging.MAX_VIEWS,
        description="Keys of standard views, ids of saved ones (which pins them).",
    )
    hidden: list[str] = Field(
        default_factory=list, max_length=arranging.MAX_VIEWS, description="Views that are not shown."
    )


class ArrangementRow(Out):
    """What counts for you."""

    scope: str = Field(description="Whose it is: user:ID, team:KEY or role:KEY; empty: the usual order.")
    order: list[str]
    hidden: list[str]
    shown: list[str] = Field(description="The standard and pinned views that stand above your lists.")


def _row() -> ArrangementRow:
    found = arranging.of_viewer(frame.viewer())
    shown = found.shown([*arranging.STANDARD, *(key for key in found.order if key.isdecimal())])
    return ArrangementRow(scope=found.scope, order=list(found.order), hidden=sorted(found.hidden), shown=shown)


@blueprint.get("/views/arrangement")
@operation("Read the order of views", tag=TAG, answers=ArrangementRow)
@signed_in
def read_arrangement() -> ArrangementRow:
    """Tell which views stand above your lists, and whether that is your own order or that of your team or role."""
    return _row()


@blueprint.put("/views/arrangement")
@operation("Put views in order", tag=TAG, answers=ArrangementRow, body=NewArrangement)
@signed_in
def put_arrangement(body: NewArrangement) -> ArrangementRow:
    """Hide, order and pin views. An empty body is the usual order again. 403: only administrators do it for teams and roles."""
    viewer = frame.viewer()
    if not body.order and not body.hidden:
        arranging.as_usual(viewer, body.scope)
    else:
        arranging.arrange(viewer, body.scope, order=body.order, hidden=body.hidden)
    return _row()
