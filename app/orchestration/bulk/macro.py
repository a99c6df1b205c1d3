"""Bulk action that runs a macro: all its steps on each case, or none of them."""

from __future__ import annotations

from typing import Any

from app.errors import Conflict, Invalid
from app.identity.policy import Viewer
from app.orchestration.bulk.acts import HELD_SECONDS
from app.orchestration.bulk.kinds import Done, Kind, Params, Turn
from app.orchestration.macros import book, running, steps
from app.orchestration.macros.steps import Step


def _read(viewer: Viewer, given: Params) -> dict[str, Any]:
    """Take the id of a `macro`, whose steps are frozen as they stand now, and `answers` for the blanks of its texts."""
    number = str(given.get("macro") or "")
    if not number.isdecimal() or len(number) > 17:
        raise Invalid("macro_missing", "Choose a macro.", fields={"macro": "required"})
    row = book.usable(viewer, int(number))
    found = steps.read(viewer, row.steps, held_seconds=HELD_SECONDS)
    answers = {str(blank): str(text) for blank, text in dict(given.get("answers") or {}).items()}
    return {
        "macro": row.id, "name": row.name,
        "steps": [{"kind": step.kind.key, "params": {**step.params, "answers": answers}} for step in found],
    }  # fmt: skip


def _frozen(turn: Turn) -> list[Step]:
    return [Step(steps.KINDS[step["kind"]], step["params"]) for step in turn.params["steps"]]


def _run(turn: Turn) -> Done:
    done: list[Done] = []
    changed = running.perform(turn.case, turn.viewer, _frozen(turn), name=turn.params["name"], into=done)
    before = [dict(each.before) if each.changed else None for each in done]
    return Done(changed, {"steps": before}, "\n\n".join(each.shown for each in done if each.shown))


def _take_back(turn: Turn) -> bool:
    """Take back what can be, the last step first; notes and what the process did stay."""
    found = list(zip(_frozen(turn), turn.before["steps"], strict=True))
    ways = [(step, before) for step, before in found if before is not None and step.kind.undo is not None]
    if not ways:
        raise Conflict("no_undo", "This cannot be taken back.")
    undone = [
        step.kind.undo(Turn(turn.case, turn.viewer, step.params, before))
        for step, before in reversed(ways)
        if step.kind.undo is not None
    ]
    return any(undone)


KINDS = (Kind("macro", _read, _run, _take_back, "undo_macro"),)
