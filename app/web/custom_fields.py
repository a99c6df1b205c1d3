"""The settings of custom fields: which there are, for which cases, in which order."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from app.audit import service as audit
from app.cases.fields import keeping
from app.cases.fields.models import CustomField, FieldKind
from app.db import savepoint
from app.errors import Conflict, DeskError, Invalid
from app.identity import policy
from app.web import frame, shell
from app.web.errors import status_of
from app.web.rules import allow_if

blueprint = Blueprint("custom_fields", __name__)
sees = allow_if(policy.may_see_settings)
changes = allow_if(policy.may_manage_fields)
SHOWN_EVENTS = 12
PARTS_OF_A_CHOICE = ("value", "name", "name_zh")


@blueprint.get("/settings/fields")
@sees
def overview() -> str:
    """List the fields in their order, retired ones too."""
    return shell.page(
        "custom_fields.html", section="settings", fields=keeping.fields(retired=True),
        may_change=policy.may_manage_fields(frame.viewer()),
    )  # fmt: skip


@blueprint.get("/settings/fields/new")
@changes
def new() -> Response:
    """Show the form of a new field."""
    return _form(None)


@blueprint.get("/settings/fields/<field>")
@sees
def edit(field: str) -> Response:
    """Show a field."""
    return _form(keeping.get(field))


def _form(row: CustomField | None, *, error: DeskError | None = None) -> Response:
    shown = shell.page(
        "custom_field.html", section="settings", field=row, kinds=tuple(FieldKind), chosen=keeping.CHOSEN, error=error,
        wrong=error.fields if error else {}, values=request.form if error else {},
        choices="\n".join(map(_line, row.choices)) if row else "",
        events=audit.chain_events(f"custom-field:{row.id}")[-SHOWN_EVENTS:][::-1] if row else [],
        may_change=policy.may_manage_fields(frame.viewer()),
    )  # fmt: skip
    return make_response(shown, status_of(error) if error else 200)


@blueprint.post("/settings/fields")
@changes
def make() -> Any:
    """Make a field."""
    try:
        with savepoint():
            made = keeping.make(
                request.form.get("key", "").strip().lower(), kind=request.form.get("kind", ""), **_facts()
            )
    except (Invalid, Conflict) as error:
        return _form(None, error=error)
    return redirect(f"/settings/fields/{made.key}?saved=1", 303)


@blueprint.post("/settings/fields/<field>")
@changes
def change(field: str) -> Any:
    """Change a field, retire it, or take it back into use."""
    row = keeping.get(field)
    try:
        with savepoint():
            keeping.change(row, version=request.form.get("version", type=int), **_facts())
    except (Invalid, Conflict) as error:
        return _form(keeping.get(field), error=error)
    return redirect(f"/settings/fields/{field}?saved=1", 303)


def _facts() -> dict[str, Any]:
    form = request.form
    return {
        **{name: form.get(name, "") for name in ("name", "name_zh", "help", "case_type")},
        "position": form.get("position", 0, type=int), "is_retired": "is_retired" in form,
        "choices": [_choice(line) for line in form.get("choices", "").splitlines() if line.strip()],
    }  # fmt: skip


def _choice(line: str) -> dict[str, str]:
    """Read a line of choices: `value | name | Chinese name`."""
    parts = [part.strip() for part in line.replace("｜", "|").split("|")]
    return dict(zip(PARTS_OF_A_CHOICE, parts, strict=False))


def _line(choice: dict[str, Any]) -> str:
    names = [str(choice[part]) for part in PARTS_OF_A_CHOICE]
    return " | ".join(names[: 3 if names[2] else 2 if names[1] != names[0] else 1])
