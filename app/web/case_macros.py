"""Macros on a case: which there are, what one would do to it, and running it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from app.cases.models import Case
from app.knowledge import filling
from app.orchestration.macros import book, running
from app.orchestration.macros.models import Macro
from app.orchestration.macros.running import Foreseen
from app.web import access, frame, macro_words, once, shell
from app.web.case_sending import back
from app.web.rules import allow

blueprint = Blueprint("case_macros", __name__)
works = allow("agent", "manager")
ANSWER = "blank."


def _case(number: str) -> Case:
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    return case


@blueprint.get("/cases/<number>/macros")
@works
def choices(number: str) -> Response:
    """Offer the macros that have these words (`q`), in their order."""
    case = _case(number)
    found = book.of_viewer(frame.viewer(), request.args.get("q", "")[:100])
    lines = {row.id: row.about or " · ".join(map(macro_words.line, row.steps)) for row in found}
    return _shown("partials/_macro_choices.html", case=case, found=found, lines=lines)


def _shown(part: str, **context: Any) -> Response:
    """Show a part of the page in the dialog, or as a page of its own."""
    if shell.is_fragment("dialog"):
        return make_response(render_template(part, **context))
    return make_response(shell.page("case_macro.html", section="inbox", part=part, **context))


@blueprint.get("/cases/<number>/macros/<int:macro_id>")
@works
def preview(number: str, macro_id: int) -> Response:
    """Show what a macro would do to the case; nothing is done yet."""
    case = _case(number)
    row = book.usable(frame.viewer(), macro_id)
    return _shown("partials/_macro_preview.html", **_foreseen(case, row, {}))


@blueprint.post("/cases/<number>/macros/<int:macro_id>")
@works
def run(number: str, macro_id: int) -> Any:
    """Run a macro on the case, or (`look`) show anew what it would do with the blanks filled in."""
    case = _case(number)
    row = book.usable(frame.viewer(), macro_id)
    if request.form.get("look"):
        return _shown("partials/_macro_preview.html", **_foreseen(case, row, _answers()))
    if once.is_repeated():
        return back(case)
    running.run(frame.viewer(), case.id, row.id, _answers())
    return back(case)


def _answers() -> Mapping[str, str]:
    return {name.removeprefix(ANSWER): value[:2000] for name, value in request.form.items() if name.startswith(ANSWER)}


def _foreseen(case: Case, row: Macro, answers: Mapping[str, str]) -> dict[str, Any]:
    found = running.foresee(frame.viewer(), case.id, row.id, answers)
    return {
        "case": case, "macro": row, "found": found, "answers": answers, "lines": [macro_words.line(each) for each in row.steps],
        "blanks": _blanks(found), "why": found.error.message if found.error else "",
        "details": sorted(found.error.fields.items()) if found.error else [],
    }  # fmt: skip


def _blanks(found: Foreseen) -> list[str]:
    """Return the blanks of all texts that are to go out, each once."""
    texts = "\n".join(text for step in found.steps for text in running.texts_of(step))
    return filling.blanks(texts)
