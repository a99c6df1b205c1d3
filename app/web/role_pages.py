"""The settings of roles: what each may do, and the desk's own ones, made as a copy of another and changed right by right."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from app.audit import service as audit
from app.db import savepoint
from app.errors import Conflict, DeskError, Forbidden, Invalid
from app.identity import policy, roles
from app.identity.models import OwnRole, Role
from app.identity.rights import GROUPS, NEEDS
from app.web import frame, granting, shell
from app.web.errors import status_of
from app.web.rules import allow_if

blueprint = Blueprint("role_pages", __name__)
keeps = allow_if(policy.may_manage_roles)
SHOWN_EVENTS = 12


@blueprint.get("/settings/roles")
@keeps
def overview() -> Response:
    """List the roles with how many have them."""
    return _list()


def _list(error: DeskError | None = None) -> Response:
    page = shell.page(
        "roles.html", section="settings", built_in=list(Role), own=roles.every(), counts=roles.counts(), error=error
    )
    return make_response(page, status_of(error) if error else 200)


@blueprint.get("/settings/roles/new")
@keeps
def new() -> Response:
    """Show the form of a new role: a copy of `copy`."""
    return _form(granting.any_role(request.args.get("copy", "agent")), is_new=True)


@blueprint.get("/settings/roles/<role_key>")
@keeps
def edit(role_key: str) -> Response:
    """Show what a role may do."""
    return _form(granting.any_role(role_key))


def _form(role: Role | OwnRole, *, is_new: bool = False, error: DeskError | None = None) -> Response:
    own = None if is_new or isinstance(role, Role) else role
    given = set(request.form.getlist("rights")) if error else {str(right) for right in roles.rights_of(role)}
    may_change = is_new or (own is not None and granting.may_give(frame.viewer(), own))
    shown = shell.page(
        "role.html", section="settings", role=role, own=own, is_new=is_new, base=roles.base_of(role),
        role_key=roles.key_of(role), groups=GROUPS, needs=NEEDS, given=given, may_change=may_change, error=error,
        wrong=error.fields if error else {}, values=request.form if error else {},
        holders=roles.holders(own.id) if own else [],
        events=audit.chain_events(roles.chain_of(own.id))[-SHOWN_EVENTS:][::-1] if own else [],
    )  # fmt: skip
    return make_response(shown, status_of(error) if error else 200)


def _wish() -> roles.Wish:
    form = request.form
    return roles.Wish(form.get("name", ""), granting.rights(form.getlist("rights")), form.get("name_zh", ""))


@blueprint.post("/settings/roles")
@keeps
def make() -> Any:
    """Make a role as a copy of another."""
    model = granting.any_role(request.form.get("copy", "agent"))
    try:
        with savepoint():
            row = roles.make(request.form.get("key", ""), _wish(), copy_of=granting.countable(model))
    except (Invalid, Conflict, Forbidden) as error:
        return _form(model, is_new=True, error=error)
    return redirect(f"/settings/roles/{row.key}?saved=1", 303)


@blueprint.post("/settings/roles/<role_key>")
@keeps
def change(role_key: str) -> Any:
    """Change a role; it counts at once for all who have it."""
    row = granting.own_role(role_key)
    try:
        with savepoint():
            roles.change(row, _wish(), version=request.form.get("version", type=int))
    except (Invalid, Conflict, Forbidden) as error:
        return _form(roles.get(role_key), error=error)
    return redirect(f"/settings/roles/{row.key}?saved=1", 303)


@blueprint.post("/settings/roles/<role_key>/delete")
@keeps
def delete(role_key: str) -> Any:
    """Delete a role that nobody has."""
    row = granting.own_role(role_key)
    try:
        with savepoint():
            roles.delete(row)
    except Conflict as error:
        return _list(error)
    return redirect("/settings/roles", 303)
