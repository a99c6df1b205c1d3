"""One case's turn in a run: done for good, or tried and taken back so that a preview says exactly what will happen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app import db, events
from app.cases import service as cases
from app.errors import DeskError, Forbidden
from app.events import Actor
from app.identity import policy
from app.identity.policy import Viewer
from app.orchestration.bulk import rights
from app.orchestration.bulk.catalogue import kind_of
from app.orchestration.bulk.kinds import Done, Kind, Turn
from app.orchestration.bulk.models import Outcome


@dataclass(frozen=True, slots=True)
class Order:
    """What a run asks for, as its turns need it. With `is_undo` the kind's way back is gone."""

    run_id: int
    kind: str
    params: Mapping[str, Any]
    viewer: Viewer
    is_undo: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What became, or would become, of one case."""

    outcome: Outcome
    why: str = ""
    shown: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)


class _TakenBack(Exception):
    """Ends a trial: all that it did is undone."""


def attempt(order: Order, case_id: int, before: Mapping[str, Any]) -> Result:
    """Do it to one case, as if done singly; what refuses it is told, and nothing is changed then."""
    try:
        with db.savepoint(), _acting(order):
            done = _do(order, case_id, before)
    except DeskError as error:
        return Result(Outcome.REFUSED, error.message)
    return Result(Outcome.CHANGED if done.changed else Outcome.SAME, shown=done.shown, before=done.before)


def _acting(order: Order) -> Any:
    return events.acting(Actor("user", order.viewer.user_id, order.viewer.name), {"bulk": order.run_id})


def _do(order: Order, case_id: int, before: Mapping[str, Any]) -> Done:
    case, kind = cases.lock(case_id), kind_of(order.kind)
    if not order.is_undo:
        rights.check(order.viewer, case)
        return kind.do(Turn(case, order.viewer, order.params))
    # Who did it may take it back, also where doing it has put the case out of their sight.
    if not policy.may_work_on_cases(order.viewer):
        raise Forbidden("read_only", "Your role may look at cases, not work on them.")
    return Done(_undone(kind, Turn(case, order.viewer, order.params, before)))


def _undone(kind: Kind, turn: Turn) -> bool:
    if kind.undo is None:
        raise Forbidden("no_undo", "This cannot be taken back.")
    return kind.undo(turn)


def trial(order: Order, case_id: int, before: Mapping[str, Any]) -> Result:
    """Do it and take it back at once: what is returned is what will happen unless the case changes first."""
    found: list[Result] = []
    try:
        with db.savepoint():
            found.append(attempt(order, case_id, before))
            db.settle()
            raise _TakenBack
    except _TakenBack:
        return found[0]
