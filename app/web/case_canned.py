"""Canned replies in the composer: which there are, beside the macros, and one of them with the names of the case filled in."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.knowledge import canned, filling
from app.orchestration import slots
from app.orchestration.macros import book
from app.web import access, frame, i18n
from app.web.rules import allow

blueprint = Blueprint("case_canned", __name__)
works = allow("agent", "manager")
SHOWN = 12
MACROS_SHOWN = 8
BEGINNING = 90


@blueprint.get("/cases/<number>/canned")
@works
def choices(number: str) -> Response:
    """Return the canned replies and macros that have these words (`q`), those that are used most first, as JSON."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    words = request.args.get("q", "")[:100]
    found = sorted(canned.of_viewer(viewer, words), key=lambda row: (-row.uses, row.name))
    shown = []
    for row in found[:SHOWN]:
        _, text = canned.text_in(row, case.language, else_in=i18n.locale())
        shown.append(
            {"id": row.id, "name": row.name, "folder": row.folder, "begins": " ".join(text.split())[:BEGINNING]}
        )
    macros = sorted(book.of_viewer(viewer, words), key=lambda row: -row.uses)[:MACROS_SHOWN]
    return jsonify(
        {"choices": shown, "macros": [{"id": row.id, "name": row.name, "begins": row.about} for row in macros]}
    )


@blueprint.post("/cases/<number>/canned/<int:canned_id>")
@works
def filled(number: str, canned_id: int) -> Response:
    """Return a canned reply in the customer's language with what is known filled in, as JSON; its use is counted."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    row = canned.get(viewer, canned_id)
    language, text = canned.text_in(row, case.language, else_in=i18n.locale())
    canned.count_use(row)
    text = filling.fill(text, slots.names_for(case, agent=viewer.name, language=language))
    return jsonify({"text": text, "language": language, "unfilled": filling.unfilled(text)})
