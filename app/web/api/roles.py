"""API: roles and their single rights."""

from __future__ import annotations

from flask import Blueprint
from pydantic import Field

from app.identity import policy, roles
from app.identity.models import OwnRole, Role
from app.identity.rights import Right
from app.web import granting
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if

blueprint = Blueprint("api_roles", __name__)
keeps = allow_if(policy.may_manage_roles)
TAG = "people"


class NewRole(In):
    """A role as a copy of another."""

    key: str = Field(max_length=40, description="Names it from then on; it stays.", examples=["auditor"])
    name: str = Field(max_length=roles.MAX_NAME)
    name_zh: str = Field("", max_length=roles.MAX_NAME)
    copy_of: str = Field("agent", max_length=40, description="Key of a role: what it counts as in processes stays.")
    rights: list[Right] | None = Field(None, description="What it may do; as the role it is a copy of when not given.")


class RoleChange(In):
    """What is to change; what is not given stays. It counts at once for all who have the role."""

    name: str | None = Field(None, max_length=roles.MAX_NAME)
    name_zh: str | None = Field(None, max_length=roles.MAX_NAME)
    rights: list[Right] | None = Field(None, description="All that it may do; what a right needs comes with it.")
    version: int | None = Field(None, description="What you have read; 409 when it was changed since.")


class RoleRow(Out):
    """A role."""

    key: str
    name: str
    name_zh: str
    is_built_in: bool
    counts_as: str = Field(description="The built-in role that processes take it for.")
    rights: list[str]
    people: int = Field(description="How many have it.")
    version: int


class RolePage(Out):
    """All roles, the built-in ones first."""

    items: list[RoleRow]


def _row(role: Role | OwnRole, counts: dict[str, int]) -> RoleRow:
    key, own = roles.key_of(role), None if isinstance(role, Role) else role
    given = roles.rights_of(role)
    return RoleRow(
        key=key, name=own.name if own else key.capitalize(), name_zh=own.name_zh if own else "", is_built_in=own is None,
        counts_as=str(roles.base_of(role)), rights=[str(right) for right in Right if right in given],
        people=counts.get(key, 0), version=own.version if own else 0,
    )  # fmt: skip


@blueprint.get("/roles")
@operation("List roles", tag=TAG, answers=RolePage)
@keeps
def list_roles() -> RolePage:
    """Return the built-in roles and the desk's own ones with their rights."""
    counts = roles.counts()
    return RolePage(items=[_row(role, counts) for role in (*Role, *roles.every())])


@blueprint.post("/roles")
@operation("Add a role", tag=TAG, answers=RoleRow, body=NewRole, status=201, is_repeatable=True)
@keeps
def add_role(body: NewRole) -> RoleRow:
    """Make a role as a copy of another. 403: it would have a right that you do not have; 409: the key is taken."""
    model = granting.countable(roles.find(body.copy_of))
    wanted = roles.rights_of(model) if body.rights is None else body.rights
    wish = roles.Wish(body.name, granting.rights([str(right) for right in wanted]), body.name_zh)
    return _row(roles.make(body.key, wish, copy_of=model), {})


@blueprint.patch("/roles/<role_key>")
@operation("Change a role", tag=TAG, answers=RoleRow, body=RoleChange)
@keeps
def change_role(role_key: str, body: RoleChange) -> RoleRow:
    """Change one of the desk's own roles. 403: it has, or would have, a right that you do not have; 404 for built-in ones."""
    row = granting.own_role(role_key)
    given = row.rights if body.rights is None else granting.rights([str(right) for right in body.rights])
    wish = roles.Wish(
        row.name if body.name is None else body.name, given, row.name_zh if body.name_zh is None else body.name_zh
    )
    return _row(roles.change(row, wish, version=body.version), roles.counts())


@blueprint.delete("/roles/<role_key>")
@operation("Delete a role", tag=TAG, answers=RoleRow)
@keeps
def delete_role(role_key: str) -> RoleRow:
    """Delete one of the desk's own roles. 409: somebody still has it, and who."""
    row = granting.own_role(role_key)
    shown = _row(row, {})
    roles.delete(row)
    return shown
