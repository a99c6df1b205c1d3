"""The order of the views above lists: each agent's own, and what an administrator sets for a team or a role."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request

from app.cases import arranging, views
from app.db import savepoint
from app.errors import Invalid
from app.identity import policy
from app.identity.models import Role
from app.web import frame, i18n
from app.web.errors import status_of
from app.web.rules import signed_in
from app.web.told import team_names
from app.web.view_pages import sheet

blueprint = Blueprint("view_arranging", __name__)


@blueprint.get("/views/arrange")
@signed_in
def show() -> Any:
    """Show the views in their order."""
    viewer = frame.viewer()
    scope = arranging.check_scope(viewer, request.args.get("scope", ""))
    is_own = scope == arranging.own_scope(viewer)
    arranged = arranging.of_viewer(viewer) if is_own else arranging.of_scope(scope)
    keys = arranged.sorted([*arranging.STANDARD, *(_saved() if is_own else {})])
    return _form(scope, keys, hidden=set(arranged.hidden), pinned=[key for key in arranged.order if key.isdecimal()],
                 inherited=is_own and arranged.scope not in {"", scope})  # fmt: skip


def _saved() -> dict[str, str]:
    return {str(view.id): view.name for view in views.of_viewer(frame.viewer())}


def _scopes() -> list[tuple[str, str]]:
    """Return what may be arranged beside one's own: every role and team, for those who keep the people."""
    if not policy.may_manage_people(frame.viewer()):
        return []
    roles = [(f"role:{role}", i18n.gettext(str(role))) for role in Role]
    teams = [(f"team:{key}", name) for key, name in team_names().items() if not key.startswith("#")]
    return [("", i18n.gettext("My own")), *roles, *teams]


def _form(
    scope: str, keys: list[str], *, hidden: set[str], pinned: list[str], inherited: bool = False, moved: str = "",
    error: Invalid | None = None,
) -> Any:  # fmt: skip
    is_own, scopes = scope == arranging.own_scope(frame.viewer()), _scopes()
    names = {**{key: i18n.gettext(f"view_{key}") for key in arranging.STANDARD}, **(_saved() if is_own else {})}
    return sheet(
        "partials/_arrange_views.html", title=i18n.gettext("Arrange your views"), status=status_of(error) if error else 200,
        scope="" if is_own else scope, who=dict(scopes).get(scope, scope), scopes=scopes, hidden=hidden, pinned=pinned,
        entries=[(key, names[key]) for key in keys if key in names], inherited=inherited, moved=moved, error=error,
    )  # fmt: skip


@blueprint.post("/views/arrange")
@signed_in
def arrange() -> Any:
    """Move a view by one place and show the form again, or keep the order, or forget it."""
    viewer, form = frame.viewer(), request.form
    scope = arranging.check_scope(viewer, form.get("scope", ""))
    if form.get("usual"):
        arranging.as_usual(viewer, scope)
        return redirect("/inbox/mine", 303)
    keys, pinned = list(dict.fromkeys(form.getlist("order"))), form.get("pinned", "").split()
    hidden = set(keys) - set(form.getlist("shown"))
    if form.get("move"):
        way, _, key = form["move"].partition(":")
        pinned = [*pinned, key] if key.isdecimal() and key not in pinned else pinned
        return _form(scope, _moved(keys, key, up=way == "up"), hidden=hidden, pinned=pinned, moved=form["move"])
    order = [key for key in keys if not key.isdecimal() or key in pinned]
    try:
        with savepoint():
            arranging.arrange(viewer, scope, order=order, hidden=hidden)
    except Invalid as error:
        return _form(scope, keys, hidden=hidden, pinned=pinned, error=error)
    return redirect("/inbox/mine" if scope == arranging.own_scope(viewer) else "/views", 303)


def _moved(keys: list[str], key: str, *, up: bool) -> list[str]:
    if key not in keys:
        return keys
    place = keys.index(key)
    other = min(max(place + (-1 if up else 1), 0), len(keys) - 1)
    keys[place], keys[other] = keys[other], keys[place]
    return keys
