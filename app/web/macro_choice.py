"""Choosing a macro and filling in the blanks of its texts, for one case or for many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.errors import DeskError
from app.identity.policy import Viewer
from app.orchestration.macros import book, running, steps
from app.orchestration.macros.models import Macro
from app.web import frame, macro_words

ANSWER: Final = "blank."
MAX_ANSWER: Final = 2000
NONE: Final[Mapping[str, Any]] = {"macros": (), "macro": None, "lines": (), "blanks": ()}


def answers(form: Mapping[str, str]) -> dict[str, str]:
    """Return what a form says for blanks."""
    return {name.removeprefix(ANSWER): text[:MAX_ANSWER] for name, text in form.items() if name.startswith(ANSWER)}


def context(chosen: str) -> dict[str, Any]:
    """Return what choosing one for many cases shows: which there are, and the chosen one (else the first) in words."""
    viewer = frame.viewer()
    found = book.of_viewer(viewer)
    row = next((each for each in found if str(each.id) == chosen), found[0] if found else None)
    if row is None:
        return dict(NONE)
    lines = [macro_words.line(step) for step in row.steps]
    return {"macros": found, "macro": row, "lines": lines, "blanks": _blanks(viewer, row)}


def _blanks(viewer: Viewer, row: Macro) -> list[str]:
    try:
        return running.blanks(viewer, steps.read(viewer, row.steps, held_seconds=0))
    except DeskError:  # what it names is gone: the preview says so, and another macro can be chosen
        return []
