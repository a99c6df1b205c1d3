"""The pages of macros in the settings: list and search, form, order, copy, on and off."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from app.audit import service as audit
from app.db import savepoint
from app.errors import Conflict, DeskError, Forbidden, Invalid, NotFound
from app.identity import queries as identity
from app.identity.rights import Right
from app.knowledge import filling
from app.orchestration.macros import book
from app.orchestration.macros.models import Macro
from app.web import access, frame, i18n, macro_form, macro_words, shell
from app.web.errors import status_of
from app.web.rules import allow

blueprint = Blueprint("macro_pages", __name__)
works = allow("agent", "manager")
SHOWN_EVENTS = 12


@blueprint.get("/settings/macros")
@works
def overview() -> str:
    """List the macros that the viewer may use in their order, found by words (`q`)."""
    viewer, words = frame.viewer(), request.args.get("q", "").strip()[:200]
    found = book.of_viewer(viewer, words, with_off=True)
    return shell.page(
        "macros.html", section="settings", found=found, words=words, owners=identity.user_names({row.owner_id for row in found}),
        teams={team.id: team for team in identity.teams()}, may={row.id: book.may_change(viewer, row) for row in found},
        lines={row.id: [macro_words.line(step) for step in row.steps] for row in found},
    )  # fmt: skip


@blueprint.get("/settings/macros/new")
@works
def new() -> Response:
    """Show the form of a new macro."""
    return _form(None, [])


@blueprint.get("/settings/macros/<int:macro_id>")
@works
def edit(macro_id: int) -> Response:
    """Show a macro."""
    row = book.get(frame.viewer(), macro_id)
    return _form(row, row.steps)


def _form(
    row: Macro | None, found: list[dict[str, Any]], *, error: DeskError | None = None, touched: int | None = None
) -> Response:  # fmt: skip
    viewer = frame.viewer()
    forms = [macro_form.process_form(step, at) for at, step in enumerate(found)]
    shown = shell.page(
        "macro.html", section="settings", row=row, steps=list(zip(found, forms, strict=True)), error=error, touched=touched,
        wrong=error.fields if error else {}, values=request.form, variables=filling.VARIABLES,
        teams=[team for team in identity.teams() if viewer.may(Right.MACROS_ALL) or team.id in viewer.team_ids],
        may_change=row is None or book.may_change(viewer, row), may_share_with_all=viewer.may(Right.MACROS_ALL),
        events=audit.chain_events(book.chain_of(row.id))[-SHOWN_EVENTS:][::-1] if row else [], **macro_form.context(),
    )  # fmt: skip
    return make_response(shown, status_of(error) if error else 200)


@blueprint.post("/settings/macros")
@works
def make() -> Any:
    """Make a macro, or draw its form anew with another step."""
    return _saved(None)


@blueprint.post("/settings/macros/<int:macro_id>")
@works
def change(macro_id: int) -> Any:
    """Change a macro, or draw its form anew with another step."""
    return _saved(book.get(frame.viewer(), macro_id))


def _saved(row: Macro | None) -> Any:
    found, do = macro_form.read(request.form), request.form.get("do", "")
    if do:
        arranged = macro_form.rearranged(found, do)
        return _form(row, arranged, touched=macro_form.touched(arranged, do))
    known = request.form.get("version", type=int)
    try:
        with savepoint():
            made = book.save(frame.viewer(), _wish(found), macro_id=row.id if row else None, version=known)
    except (Invalid, Conflict, Forbidden, NotFound) as error:
        return _form(book.get(frame.viewer(), row.id) if row else None, found, error=error)
    return redirect(f"/settings/macros/{made.id}?saved=1", 303)


def _wish(found: list[dict[str, Any]]) -> book.Wish:
    form = request.form
    shared, _, team = form.get("shared", "private").partition(":")
    return book.Wish(
        form.get("name", ""), found, form.get("about", ""), shared, int(team) if team.isdecimal() else None,
        is_on=bool(form.get("on")),
    )  # fmt: skip


@blueprint.get("/settings/macros/<int:macro_id>/try")
@works
def try_on(macro_id: int) -> Any:
    """Go to what a macro would do to a case (`case`)."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, request.args.get("case", ""))
    return redirect(f"/cases/{case.number}/macros/{book.usable(viewer, macro_id).id}", 303)


@blueprint.post("/settings/macros/<int:macro_id>/copy")
@works
def copy(macro_id: int) -> Any:
    """Make a copy of the viewer's own."""
    viewer = frame.viewer()
    name = i18n.gettext("Copy of %(name)s", name=book.get(viewer, macro_id).name)
    return redirect(f"/settings/macros/{book.duplicate(viewer, macro_id, name=name).id}", 303)


@blueprint.post("/settings/macros/<int:macro_id>/switch")
@works
def switch(macro_id: int) -> Any:
    """Offer a macro (`on`), or offer it no more."""
    book.switch(frame.viewer(), macro_id, is_on=bool(request.form.get("on")))
    return redirect("/settings/macros", 303)


@blueprint.post("/settings/macros/<int:macro_id>/move")
@works
def move(macro_id: int) -> Any:
    """Put a macro one place up (`up`) or down."""
    book.move(frame.viewer(), macro_id, up=bool(request.form.get("up")))
    return redirect("/settings/macros", 303)


@blueprint.post("/settings/macros/<int:macro_id>/delete")
@works
def delete(macro_id: int) -> Any:
    """Delete a macro."""
    book.delete(frame.viewer(), macro_id)
    return redirect("/settings/macros", 303)
