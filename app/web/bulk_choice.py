"""Which cases a bulk action is meant for: some by number, or all that a query finds; and what their processes offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_

from app.cases import queries
from app.cases.models import Case
from app.errors import Invalid
from app.identity.policy import Viewer
from app.orchestration import driving
from app.orchestration import queries as orchestration
from app.orchestration.bulk import runs
from app.web import access, asking
from app.workflow import queries as workflow

#: Fields of our own forms; what else they hold belongs to the action, or to the form of a process.
OWN_FIELDS = frozenset({"pick", "pick_all", "pick_q", "pick_kind", "pick_what", "csrf", "once"})
#: So many of the chosen cases are asked what their processes offer.
ASKED = 40
MOST_NUMBERS = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """The cases that were chosen, as conditions that keep to what the viewer may see."""

    where: tuple[ColumnElement[bool], ...]
    count: int
    numbers: tuple[str, ...] = ()
    query: str = ""
    is_all: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A verb or a task that at least one of the chosen cases has open, with its form."""

    key: str
    name: str
    form: Any


@dataclass(frozen=True, slots=True)
class Offers:
    """What the processes of the chosen cases offer."""

    verb: tuple[Offer, ...] = ()
    task: tuple[Offer, ...] = ()

    def named(self, kind: str, key: str) -> Offer | None:
        """Return the one of this name, else the first of its kind."""
        found = {"verb": self.verb, "task": self.task}.get(kind, ())
        return next((offer for offer in found if offer.key == key), found[0] if found else None)


NO_OFFERS = Offers()


def by_number(viewer: Viewer, numbers: Sequence[str]) -> Choice:
    """Return the cases of these numbers, as far as the viewer may see them. Raises Invalid without any."""
    wanted = tuple(dict.fromkeys(number.strip().upper() for number in numbers if number.strip()))
    if not wanted:
        raise Invalid("nothing_chosen", "Select at least one case first.", fields={"case": "required"})
    if len(wanted) > MOST_NUMBERS:
        raise Invalid("too_many", f"At most {MOST_NUMBERS} cases can be named: use a query instead.")
    where = (access.visible_cases(viewer), Case.number.in_(wanted))
    return Choice(where, queries.capped_count(where, cap=runs.MOST + 1), numbers=wanted)


def by_query(viewer: Viewer, text: str) -> Choice:
    """Return all cases that a query finds and the viewer may see. Raises QueryError for one that cannot be read."""
    asked = asking.read(viewer, text)
    if not asked.text:
        raise Invalid(
            "query_missing", "Write a query: without one it would be every case there is.", fields={"q": "required"}
        )
    found = asked.where[0] if not asked.named else or_(asked.where[0], Case.id.in_(asked.named))
    where = (access.visible_cases(viewer), found)
    return Choice(where, queries.capped_count(where, cap=runs.MOST + 1), query=asked.text, is_all=True)


def offers(choice: Choice) -> Offers:
    """Return the verbs and tasks that the first of the chosen cases have open."""
    found = queries.page(list(choice.where), order="due", limit=ASKED, columns=(Case.id, Case.due_at))
    instances = [each for row in found if (each := driving.case_instance(row.id)) is not None]
    verbs = {
        action.verb: Offer(action.verb, action.label or action.verb, orchestration.form_of_action(action))
        for action in reversed(workflow.actions(instances))
    }
    tasks = {
        task.element_id: Offer(task.element_id, task.name or task.element_id, orchestration.form_of_task(task))
        for task in reversed(workflow.open_tasks(instances))
    }
    return Offers(tuple(verbs[key] for key in sorted(verbs)), tuple(tasks[key] for key in sorted(tasks)))
