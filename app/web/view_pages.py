"""Views that people make from filters, and the layout of their lists: pages that also open as sheets over the desk."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request

from app.cases import queries, views
from app.cases.filtering.words import CHANNELS
from app.cases.listed import SavedView, Shared
from app.cases.own_lists import View
from app.db import savepoint
from app.errors import Invalid
from app.identity import queries as identity
from app.identity.models import Team
from app.identity.queries import user_names
from app.identity.rights import Right
from app.web import asking, frame, i18n, listing, once, shell
from app.web.auth import safe_next
from app.web.errors import status_of
from app.web.rules import signed_in

blueprint = Blueprint("view_pages", __name__)
KEPT_CHANNELS = tuple(name for name in CHANNELS if name != "schedule")


@blueprint.app_template_global("may_change_view")
def may_change_view(view: SavedView | View) -> bool:
    """Whether who is signed in may change a view."""
    return views.may_change(frame.viewer(), view)


def sheet(template: str, *, title: str, status: int = 200, **context: Any) -> Any:
    """Answer with a sheet for the dialog, or with a page of its own."""
    if shell.is_fragment("dialog"):
        return make_response(render_template(template, in_dialog=True, title=title, **context), status)
    page = shell.page("views.html", section="inbox", sheet=template, in_dialog=False, title=title, **context)
    return make_response(page, status)


def _teams() -> list[Team]:
    viewer = frame.viewer()
    return [team for team in identity.teams() if viewer.may(Right.VIEWS_ALL) or team.id in viewer.team_ids]


@blueprint.get("/views")
@signed_in
def all_views() -> Any:
    """List the views by team and channel, and those made from filters, with counts."""
    viewer, teams = frame.viewer(), _teams()
    saved = views.of_viewer(viewer)
    keys = [*(f"team-{team.key}" for team in teams), *(f"channel-{name}" for name in KEPT_CHANNELS)]
    texts = {**{key: listing.said(key) for key in keys}, **{str(view.id): view.query for view in saved}}
    return sheet(
        "partials/_all_views.html", title=i18n.gettext("All views"), teams=teams, channels=KEPT_CHANNELS, saved_views=saved,
        owners=user_names({view.owner_id for view in saved}), counts=listing.counts_of(viewer, texts),
    )  # fmt: skip


@blueprint.get("/views/new")
@signed_in
def new() -> Any:
    """Show the form for a view, filled from a list."""
    asked = request.args
    return _form(views.Wish("", asked.get("q", "")[: asking.MAX_TEXT], asked.get("order", "")))


@blueprint.get("/views/<int:view_id>")
@signed_in
def edit(view_id: int) -> Any:
    """Show a view to be changed, with the filter that its list has now."""
    view = views.get(frame.viewer(), view_id)
    query, order = request.args.get("q", view.query), request.args.get("order", view.order)
    return _form(views.Wish(view.name, query, order, view.columns, view.shared, view.team_id), view_id=view_id)


def _form(wish: views.Wish, *, view_id: int | None = None, error: Invalid | None = None) -> Any:
    title = i18n.gettext("New view") if view_id is None else i18n.gettext("Edit view")
    return sheet(
        "partials/_view_form.html", title=title, status=status_of(error) if error else 200, wish=wish, view_id=view_id,
        error=error, wrong=error.fields if error else {}, teams=_teams(), orders=tuple(queries.ORDERS), columns=views.columns_there(),
        action="/views" if view_id is None else f"/views/{view_id}",
    )  # fmt: skip


@blueprint.post("/views")
@signed_in
def make() -> Any:
    """Make a view and open it."""
    if once.is_repeated():
        return redirect("/views", 303)
    return _save(None)


@blueprint.post("/views/<int:view_id>")
@signed_in
def change(view_id: int) -> Any:
    """Change a view and open it."""
    return _save(view_id)


def _save(view_id: int | None) -> Any:
    viewer, form = frame.viewer(), request.form
    shared, _, team = form.get("shared", "private").partition(":")
    wish = views.Wish(
        form.get("name", ""), form.get("q", ""), form.get("order", ""), form.getlist("columns"), shared,
        int(team) if team.isdecimal() and shared == Shared.TEAM else None,
    )  # fmt: skip
    try:
        with savepoint():
            asking.read(viewer, wish.query)
            view = views.save(viewer, wish, view_id=view_id)
    except Invalid as error:
        return _form(wish, view_id=view_id, error=error)
    return redirect(f"/inbox/{view.id}", 303)


@blueprint.post("/views/<int:view_id>/delete")
@signed_in
def delete(view_id: int) -> Any:
    """Delete a view."""
    views.delete(frame.viewer(), view_id)
    return redirect("/views", 303)


@blueprint.get("/views/layout")
@signed_in
def layout() -> Any:
    """Show how one's lists are laid out."""
    chosen = views.layout_of(frame.viewer())
    return sheet(
        "partials/_layout_form.html", title=i18n.gettext("Layout of your lists"), layout=chosen, columns=views.columns_there(),
        back=request.args.get("back", "/inbox/mine"),
    )  # fmt: skip


@blueprint.post("/views/layout")
@signed_in
def choose_layout() -> Any:
    """Remember a layout and go back to the list."""
    form = request.form
    views.choose_layout(frame.viewer(), layout=form.get("layout", ""), columns=form.getlist("columns"))
    return redirect(safe_next(form.get("back", "/inbox/mine")), 303)
