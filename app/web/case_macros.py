"""Macros on a case: which there are, what one would do to it, and running it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from app.cases.models import Case
from app.errors import DeskError
from app.messaging import composing
from app.orchestration.macros import book, running
from app.orchestration.macros.models import Macro
from app.orchestration.macros.running import Foreseen
from app.web import access, frame, macro_choice, macro_words, once, shell
from app.web.case_sending import back
from app.web.rules import allow

blueprint = Blueprint("case_macros", __name__)
works = allow("agent", "manager")


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
    if shell.is_fragment("dialog") or shell.is_fragment("macro-foreseen"):
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
        return _shown("partials/_macro_preview.html", **_foreseen(case, row, macro_choice.answers(request.form)))
    if once.is_repeated():
        return back(case)
    seen = request.form.get("last_message", type=int)
    running.run(frame.viewer(), case.id, row.id, macro_choice.answers(request.form), seen_message_id=seen)
    return back(case)


def _foreseen(case: Case, row: Macro, answers: Mapping[str, str]) -> dict[str, Any]:
    found = running.foresee(frame.viewer(), case.id, row.id, answers)
    return {
        "case": case, "macro": row, "found": found, "answers": answers, "lines": _lines(row, found),
        "blanks": running.blanks(frame.viewer(), found.steps, case), "why": found.error.message if found.error else "",
        "is_gap": bool(found.error and found.error.code == "unfilled" and "{{" not in found.error.message),
        "last_message": composing.desk(case.id, frame.viewer().user_id).last_message,
        "details": _details(found.error),
    }  # fmt: skip


def _lines(row: Macro, found: Foreseen) -> list[str]:
    """Return the steps in words; texts that are shown below them are not said twice."""
    shown = [bool(each.shown) for each in found.done] + [False] * len(row.steps)
    return [
        macro_words.brief(step) if is_shown else macro_words.line(step)
        for step, is_shown in zip(row.steps, shown, strict=False)
    ]


def _details(error: DeskError | None) -> list[tuple[str, str]]:
    """Return what is wrong with the fields of a form; one thing alone is said by the sentence."""
    return sorted(error.fields.items()) if error and error.code in ("form_incomplete", "fields_wrong") else []
