"""The pages of canned replies: list and search, form with a preview on a real case, import and export."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, make_response, redirect, render_template, request

from app.audit import service as audit
from app.db import savepoint
from app.errors import Conflict, DeskError, Forbidden, Invalid
from app.identity import queries as identity
from app.identity.models import Team
from app.identity.rights import Right
from app.knowledge import canned, filling
from app.knowledge.models import CannedReply
from app.orchestration import slots
from app.web import access, frame, i18n, shell
from app.web.errors import status_of
from app.web.rules import allow

blueprint = Blueprint("canned_pages", __name__)
works = allow("agent", "manager")
SHOWN_EVENTS = 12
MAX_IMPORT = 500


@blueprint.get("/settings/canned")
@works
def overview() -> str:
    """List the canned replies that the viewer may use, found by words (`q`)."""
    return _list()


def _list(error: DeskError | None = None) -> str:
    viewer, words = frame.viewer(), request.args.get("q", "").strip()[:200]
    found = canned.of_viewer(viewer, words)
    return shell.page(
        "canned_replies.html", section="settings", found=found, words=words, error=error,
        teams={team.id: team for team in identity.teams()}, own=viewer.user_id,
    )  # fmt: skip


@blueprint.get("/settings/canned/new")
@works
def new() -> Response:
    """Show the form of a new canned reply."""
    return _form(None)


@blueprint.get("/settings/canned/<int:canned_id>")
@works
def edit(canned_id: int) -> Response:
    """Show a canned reply."""
    return _form(canned.get(frame.viewer(), canned_id))


def _form(row: CannedReply | None, *, error: DeskError | None = None) -> Response:
    viewer = frame.viewer()
    shown = shell.page(
        "canned_reply.html", section="settings", row=row, error=error, wrong=error.fields if error else {},
        values=request.form if error else {}, teams=_teams(), variables=filling.VARIABLES, languages=canned.LANGUAGES,
        may_change=row is None or canned.may_change(viewer, row), may_share_with_all=viewer.may(Right.CANNED_ALL),
        events=audit.chain_events(f"canned:{row.id}")[-SHOWN_EVENTS:][::-1] if row else [],
    )  # fmt: skip
    return make_response(shown, status_of(error) if error else 200)


def _teams() -> list[Team]:
    viewer = frame.viewer()
    return [team for team in identity.teams() if viewer.may(Right.CANNED_ALL) or team.id in viewer.team_ids]


def _wish() -> canned.Wish:
    form = request.form
    shared, _, team = form.get("shared", "private").partition(":")
    texts = {language: form.get(f"text_{language}", "") for language in canned.LANGUAGES}
    return canned.Wish(
        form.get("name", ""), texts, form.get("folder", ""), shared, int(team) if team.isdecimal() else None
    )


@blueprint.post("/settings/canned")
@works
def make() -> Any:
    """Make a canned reply."""
    return _saved(None)


@blueprint.post("/settings/canned/<int:canned_id>")
@works
def change(canned_id: int) -> Any:
    """Change a canned reply."""
    return _saved(canned.get(frame.viewer(), canned_id))


def _saved(row: CannedReply | None) -> Any:
    known = request.form.get("version", type=int)
    try:
        with savepoint():
            made = canned.save(frame.viewer(), _wish(), canned_id=row.id if row else None, version=known)
    except (Invalid, Conflict, Forbidden) as error:
        return _form(canned.get(frame.viewer(), row.id) if row else None, error=error)
    return redirect(f"/settings/canned/{made.id}?saved=1", 303)


@blueprint.post("/settings/canned/<int:canned_id>/delete")
@works
def delete(canned_id: int) -> Any:
    """Delete a canned reply."""
    canned.delete(frame.viewer(), canned_id)
    return redirect("/settings/canned", 303)


@blueprint.post("/settings/canned/preview")
@works
def preview() -> str:
    """Show the text of the form as it would be on a case (`case`), with what is left open marked."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, request.form.get("case", ""))
    shown = []
    for language in canned.LANGUAGES:
        text = request.form.get(f"text_{language}", "")[: canned.MAX_TEXT]
        if text.strip():
            names = slots.names_for(case, agent=viewer.name, language=language)
            shown.append((language, filling.pieces(filling.fill(text, names))))
    return render_template("partials/_canned_preview.html", shown=shown)


# ---------------------------------------------------------------- import and export
@blueprint.get("/settings/canned/export")
@works
def export() -> Response:
    """Give the canned replies that the viewer may use as JSON; no ids of people or teams of this desk are in it."""
    rows = canned.of_viewer(frame.viewer())
    kept = [{"name": row.name, "folder": row.folder, "texts": row.texts} for row in rows]
    told = orjson.dumps({"canned_replies": kept}, option=orjson.OPT_INDENT_2)
    headers = {"Content-Disposition": 'attachment; filename="canned-replies.json"'}
    return Response(told, content_type="application/json", headers=headers)


@blueprint.post("/settings/canned/import")
@works
def bring_in() -> Any:
    """Take canned replies from such a file as the viewer's own, all or none; whoever may share them does so afterwards."""
    try:
        with savepoint():
            for wish in _wishes():
                canned.save(frame.viewer(), wish)
    except Invalid as error:
        return make_response(_list(error), status_of(error))
    return redirect("/settings/canned", 303)


def _wishes() -> list[canned.Wish]:
    given = request.files.get("file")
    wrong = Invalid("bad_import", i18n.gettext("This is no file of canned replies."), fields={"file": "not readable"})
    try:
        rows = orjson.loads(given.read() if given else b"")["canned_replies"]
        wishes = [canned.Wish(str(row["name"]), _texts(row), str(row.get("folder", ""))) for row in rows[:MAX_IMPORT]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise wrong from None
    return wishes


def _texts(row: dict[str, Any]) -> dict[str, str]:
    return {str(language): str(text) for language, text in row["texts"].items()}
