"""The search language for people: its help sheet."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.cases.filtering import words
from app.web import shell
from app.web.rules import signed_in

blueprint = Blueprint("searching", __name__)


@blueprint.get("/search/help")
@signed_in
def sheet() -> str:
    """Explain the language: as a sheet over the desk, or as a page of its own."""
    chinese = {meant: name for name, meant in words.FIELD_NAMES.items() if not name.isascii()}
    context = {"fields": words.FIELDS, "chinese": chinese}
    if shell.is_fragment("dialog"):
        return render_template("partials/_search_help.html", in_dialog=True, **context)
    return shell.page("search_help.html", section="inbox", in_dialog=False, **context)
