"""Macros at work on one case: all steps in one transaction, or none. A preview does it all and takes it back at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app import db, events
from app.cases import service as cases
from app.cases.models import Case
from app.errors import DeskError
from app.identity.policy import Viewer
from app.knowledge import filling
from app.messaging import composing
from app.orchestration import writing
from app.orchestration.bulk import rights, words
from app.orchestration.bulk.kinds import Done, Turn
from app.orchestration.macros import book, steps
from app.orchestration.macros.models import Macro
from app.orchestration.macros.steps import Step

#: Where a refusal says which step it stopped at.
AT = "step"
SPEAKING = steps.PROCESS | {"reply"}


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a macro would do to a case: what became of its steps as far as it came, and what stopped it."""

    steps: Sequence[Step]
    done: Sequence[Done]
    error: DeskError | None

    @property
    def stopped(self) -> int | None:
        """The place of the step that stops it."""
        at = self.error.facts.get(AT) if self.error else None
        return at if isinstance(at, int) else None


class _TakenBack(Exception):
    """Ends a trial: all that it did is undone."""


def perform(case: Case, viewer: Viewer, given: Sequence[Step], *, name: str, into: list[Done] | None = None) -> bool:
    """Do all steps to a locked case; tells whether anything changed. Records `macro_run` after them; all name the macro as cause.

    Raises what the first step that cannot be done raises, with its place among the facts: the caller takes the others back.
    """
    done = [] if into is None else into
    with events.acting(cause={**events.current_cause(), "macro": name}):
        for at, step in enumerate(given):
            try:
                done.append(step.kind.do(Turn(cases.lock(case.id), viewer, step.params)))
                db.settle()
            except DeskError as error:
                error.facts[AT] = at
                raise
        changed = any(each.changed for each in done)
        if changed:
            events.record("macro_run", chain=cases.chain_of(case.id), name=name)
    return changed


def _read(viewer: Viewer, row: Macro, answers: Mapping[str, str]) -> list[Step]:
    given = steps.read(viewer, row.steps, held_seconds=composing.undo_seconds(viewer.user_id))
    return [Step(step.kind, {**step.params, "answers": dict(answers)}) for step in given]


def blanks(viewer: Viewer, given: Sequence[Step], case: Case | None = None) -> list[str]:
    """Return what the blanks of the steps' texts ask for, each once: in the language of a case, without one in all of them."""
    return filling.blanks("\n".join(text for step in given for text in _texts(viewer, step.params, case)))


def _texts(viewer: Viewer, params: Mapping[str, Any], case: Case | None) -> list[str]:
    texts = params.get("texts", {})
    said = [words.chosen(texts, case, viewer)[1]] if case is not None and texts else texts.values()
    return [each for each in (*said, *params.get("values", {}).values()) if isinstance(each, str)]


def run(
    viewer: Viewer, case_id: int, macro_id: int, answers: Mapping[str, str], *, seen_message_id: int | None = None
) -> Macro:  # fmt: skip
    """Run a macro on a case; `answers` fill in the blanks of its texts. All of it happens or nothing. Its use is counted.

    Raises NotFound, Forbidden, and what its steps raise; Conflict when it speaks to the customer or moves the process, and
    something came in after `seen_message_id`.
    """
    row = book.usable(viewer, macro_id)
    with db.savepoint():
        case = cases.lock(case_id)
        rights.check(viewer, case)
        given = _read(viewer, row, answers)
        if any(step.kind.key in SPEAKING for step in given):
            writing.check_still_current(case.id, seen_message_id)
        perform(case, viewer, given, name=row.name)
    book.count_use(row.id)
    return row


def foresee(viewer: Viewer, case_id: int, macro_id: int, answers: Mapping[str, str]) -> Foreseen:
    """Return what running it now would do; nothing stays done. Raises NotFound, Forbidden, Invalid for a step that cannot be."""
    row = book.usable(viewer, macro_id)
    given, done = _read(viewer, row, answers), list[Done]()
    try:
        with db.savepoint():
            case = cases.lock(case_id)
            rights.check(viewer, case)
            perform(case, viewer, given, name=row.name, into=done)
            raise _TakenBack
    except _TakenBack:
        return Foreseen(given, done, None)
    except DeskError as error:
        if not isinstance(error.facts.get(AT), int):
            raise
        return Foreseen(given, done, error)
