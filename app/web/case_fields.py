"""The custom fields of a case: one page on which they are filled in, with what is wrong beside each field."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from app.cases import service as cases
from app.cases.fields import values
from app.cases.fields.models import FieldKind
from app.db import savepoint
from app.errors import DeskError, Invalid
from app.web import access, frame, shell
from app.web.errors import status_of
from app.web.rules import allow

blueprint = Blueprint("case_fields", __name__)
works = allow("agent", "manager")
BEGIN = "field."


@blueprint.get("/cases/<number>/fields")
@works
def edit(number: str) -> Response:
    """Show the fields of a case as a form."""
    return _form(number)


def _form(number: str, *, error: DeskError | None = None) -> Response:
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    shown = shell.page(
        "case_fields.html", section="inbox", case=case, fields=values.of_case(case.id, case.type), error=error,
        wrong=error.fields if error else {}, typed=_typed() if error else {},
    )  # fmt: skip
    return make_response(shown, status_of(error) if error else 200)


@blueprint.post("/cases/<number>/fields")
@works
def save(number: str) -> Any:
    """Change the fields that the form sends; what is not in it stays."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    try:
        with savepoint():
            values.change(cases.lock(case.id), _given(case.id, case.type))
    except Invalid as error:
        return _form(number, error=error)
    return redirect(f"/cases/{case.number}", 303)


def _typed() -> dict[str, list[str]]:
    return {name.removeprefix(BEGIN): request.form.getlist(name) for name in request.form if name.startswith(BEGIN)}


def _given(case_id: int, case_type: str) -> dict[str, Any]:
    """A field for several choices sends an empty value first, so that taking all of them off is told from leaving it out."""
    several = {shown.field.key for shown in values.of_case(case_id, case_type) if shown.field.kind is FieldKind.CHOICES}
    return {key: [each for each in sent if each] if key in several else sent[-1] for key, sent in _typed().items()}
