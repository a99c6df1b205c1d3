"""API: custom fields, and what cases say in them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from pydantic import Field

from app.cases import service as cases
from app.cases.fields import keeping, values
from app.cases.fields.models import CustomField, FieldKind
from app.cases.models import Case
from app.identity import policy
from app.web import access, frame
from app.web.api.contract import In, Out, operation
from app.web.rules import allow, allow_if, signed_in

blueprint = Blueprint("api_fields", __name__)
TAG = "custom fields"


class Choice(In):
    """What can be chosen in a field."""

    value: str = Field(min_length=1, max_length=keeping.MAX_NAME)
    name: str = Field("", max_length=keeping.MAX_NAME)
    name_zh: str = Field("", max_length=keeping.MAX_NAME)


class FieldFacts(In):
    """What can be changed of a field."""

    name: str = Field(min_length=1, max_length=keeping.MAX_NAME)
    name_zh: str = Field("", max_length=keeping.MAX_NAME)
    help: str = Field("", max_length=keeping.MAX_HELP)
    choices: list[Choice] = Field(default_factory=list, max_length=keeping.MAX_CHOICES)
    case_type: str = Field("", max_length=keeping.MAX_NAME, description="Empty: all cases have it.")
    position: int = Field(0, ge=0, le=keeping.MAX_POSITION)
    is_retired: bool = Field(False, description="Cases keep what they say in it, and take nothing new.")


class NewField(FieldFacts):
    """A new field; key and kind stay."""

    key: str = Field(max_length=40, examples=["contract_no"])
    kind: FieldKind


class ChangedField(FieldFacts):
    """A field as it is to be, whole."""

    version: int | None = Field(None, description="What you have read; 409 when it was changed since.")


class FieldRow(Out):
    """A field."""

    key: str
    name: str
    name_zh: str
    help: str
    kind: FieldKind
    choices: list[dict[str, Any]]
    case_type: str
    position: int
    is_retired: bool
    version: int


class FieldPage(Out):
    """The fields there are."""

    items: list[FieldRow]


class Changes(In):
    """Values by key; what is not named stays, null or an empty value clears a field."""

    fields: dict[str, str | bool | int | float | list[str] | None] = Field(min_length=1, max_length=keeping.MOST)


class CaseFields(Out):
    """What a case says in its fields."""

    case: str
    fields: dict[str, Any] = Field(description="By key: text, number, boolean, ISO date, list of choices, or null.")


def _row(field: CustomField) -> FieldRow:
    return FieldRow(
        key=field.key, name=field.name, name_zh=field.name_zh, help=field.help, kind=field.kind, choices=field.choices,
        case_type=field.case_type, position=field.position, is_retired=field.retired_at is not None, version=field.version,
    )  # fmt: skip


def _shown(case: Case) -> CaseFields:
    return CaseFields(case=case.number, fields=values.plain(case))


@blueprint.get("/fields")
@operation("List custom fields", tag=TAG, answers=FieldPage)
@signed_in
def list_fields() -> FieldPage:
    """Return the custom fields in their order, retired ones too."""
    return FieldPage(items=[_row(field) for field in keeping.fields(retired=True)])


@blueprint.post("/fields")
@operation("Make a custom field", tag=TAG, answers=FieldRow, body=NewField, status=201)
@allow_if(policy.may_manage_fields)
def make_field(body: NewField) -> FieldRow:
    """Make a custom field."""
    facts = body.model_dump(exclude={"key", "kind"})
    return _row(keeping.make(body.key, kind=str(body.kind), **facts))


@blueprint.put("/fields/<field>")
@operation("Change a custom field", tag=TAG, answers=FieldRow, body=ChangedField)
@allow_if(policy.may_manage_fields)
def change_field(field: str, body: ChangedField) -> FieldRow:
    """Change a custom field, retire it, or take it back into use."""
    facts = body.model_dump(exclude={"version"})
    return _row(keeping.change(keeping.get(field), version=body.version, **facts))


@blueprint.get("/cases/<number>/fields")
@operation("See a case's custom fields", tag=TAG, answers=CaseFields)
@signed_in
def get_values(number: str) -> CaseFields:
    """Return what a case says in its custom fields."""
    return _shown(access.case_by_number(frame.viewer(), number))


@blueprint.patch("/cases/<number>/fields")
@operation("Fill in a case's custom fields", tag=TAG, answers=CaseFields, body=Changes)
@allow("agent", "manager")
def change_values(number: str, body: Changes) -> CaseFields:
    """Change what a case says in its custom fields; `errors` names what is wrong, field by field."""
    case = cases.lock(access.case_by_number(frame.viewer(), number).id)
    values.change(case, body.fields)
    return _shown(case)
