"""API: who is on a case now."""

from __future__ import annotations

from typing import Literal

from flask import Blueprint

from app.cases import presence
from app.web import access, frame
from app.web.api.contract import Out, operation
from app.web.rules import signed_in

blueprint = Blueprint("api_presence", __name__)
TAG = "cases"


class PersonRow(Out):
    """Somebody who is on a case, however many screens they have."""

    id: int
    name: str
    doing: Literal["", "note", "reply"]


class CompanyRow(Out):
    """Who is on a case now."""

    people: list[PersonRow]


@blueprint.get("/cases/<number>/presence")
@operation("See who is on a case", tag=TAG, answers=CompanyRow)
@signed_in
def company(number: str) -> CompanyRow:
    """Return who looks at a case now (`doing` is empty) or writes a reply or a note on it. Nobody is there for long without a screen."""
    case = access.case_row(frame.viewer(), number)
    return CompanyRow.model_validate(presence.of_case(case.id))
