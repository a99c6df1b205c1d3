"""Checklists that a desk keeps for its kinds of cases. A case takes a copy: what is changed here later does not change it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import select

from app import events
from app.cases.checklists.items import MAX_TEXT
from app.cases.checklists.models import ChecklistTemplate
from app.db import session
from app.errors import Conflict, Invalid, NotFound

MAX_NAME, MOST, MOST_ITEMS = 120, 200, 50


class Wish(NamedTuple):
    """What a template is to be."""

    name: str
    items: Iterable[str]
    name_zh: str = ""
    case_type: str = ""
    must_be_done: bool = False


def every() -> list[ChecklistTemplate]:
    """Return all templates by type and name."""
    return list(
        session().scalars(select(ChecklistTemplate).order_by(ChecklistTemplate.case_type, ChecklistTemplate.name))
    )


def for_type(case_type: str) -> list[ChecklistTemplate]:
    """Return the templates that a case of this type can be given."""
    wanted = ChecklistTemplate.case_type.in_(("", case_type))
    return list(session().scalars(select(ChecklistTemplate).where(wanted).order_by(ChecklistTemplate.name)))


def get(template_id: int) -> ChecklistTemplate:
    """Return a template; raises NotFound."""
    found = session().get(ChecklistTemplate, template_id)
    if found is None:
        raise NotFound("template_unknown", "There is no such checklist.")
    return found


def save(wish: Wish, row: ChecklistTemplate | None = None, *, version: int | None = None) -> ChecklistTemplate:
    """Make a template, or change one that is at `version`. Records `checklist_template_saved`. Raises Invalid, Conflict."""
    values = {
        "name": _line(wish.name, "name", is_needed=True), "name_zh": _line(wish.name_zh, "name_zh"),
        "case_type": _line(wish.case_type, "case_type"), "items": _items(wish.items), "must_be_done": wish.must_be_done,
    }  # fmt: skip
    if row is None:
        if len(every()) >= MOST:
            raise Conflict("too_many_templates", f"A desk keeps at most {MOST} checklists.")
        row = ChecklistTemplate()
        session().add(row)
    elif version is not None and row.version != version:
        raise Conflict("changed_meanwhile", "Somebody has changed this since you opened it: look at it again.")
    for name, value in values.items():
        setattr(row, name, value)
    session().flush()
    events.record(
        "checklist_template_saved", chain=f"checklist:{row.id}", name=row.name, case_type=row.case_type, items=row.items,
        must_be_done=row.must_be_done,
    )  # fmt: skip
    return row


def delete(row: ChecklistTemplate) -> None:
    """Delete a template; cases keep the points that they were given. Records `checklist_template_removed`."""
    events.record("checklist_template_removed", chain=f"checklist:{row.id}", name=row.name)
    session().delete(row)
    session().flush()


def _line(text: str, name: str, *, is_needed: bool = False) -> str:
    text = " ".join(text.split())
    if is_needed and not text:
        raise Invalid("name_missing", "Give it a name.", fields={name: "required"})
    if len(text) > MAX_NAME:
        raise Invalid("too_long", f"Write at most {MAX_NAME} characters.", fields={name: "too long"})
    return text


def _items(given: Iterable[str]) -> list[str]:
    items = list(dict.fromkeys(line for each in given if (line := " ".join(each.split()))))
    if not items:
        raise Invalid("items_missing", "Write what has to be done, one point a line.", fields={"items": "required"})
    if len(items) > MOST_ITEMS or any(len(item) > MAX_TEXT for item in items):
        raise Invalid(
            "items_too_long", f"A list has at most {MOST_ITEMS} points of at most {MAX_TEXT} characters.",
            fields={"items": "too long"},
        )  # fmt: skip
    return items
