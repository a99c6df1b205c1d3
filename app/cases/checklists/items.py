"""The points of a case's checklist: added, changed, ticked, put in order, removed. Every change is an event on the case's chain."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from app import events
from app.cases import service as cases
from app.cases.checklists.models import ChecklistItem, ChecklistTemplate
from app.cases.models import Case
from app.clock import utcnow
from app.db import run, session
from app.errors import Conflict, Invalid, NotFound

MAX_TEXT, MOST = 300, 100
UP, DOWN = -1, 1
_COUNTS = """select count(*) as total, count(done_at) as done, count(*) filter (where is_needed and done_at is null) as needed
 from checklist_items where case_id = %(case)s"""


class Counts(NamedTuple):
    """How far a checklist is: all points, those that are done, and those that must still be done before closing."""

    total: int
    done: int
    needed: int


class Wish(NamedTuple):
    """What a point is to say; `user_id` does it, until `due_on`."""

    text: str
    user_id: int | None = None
    due_on: date | None = None
    is_needed: bool = False


def of_case(case_id: int) -> list[ChecklistItem]:
    """Return the points of a case in their order."""
    query = select(ChecklistItem).where(ChecklistItem.case_id == case_id)
    return list(session().scalars(query.order_by(ChecklistItem.place, ChecklistItem.id)))


def counts(case_id: int) -> Counts:
    """Return how far a case's checklist is."""
    row = run(_COUNTS, {"case": case_id}).fetchone()
    return Counts(row.total, row.done, row.needed)


def add(case: Case, *wishes: Wish) -> list[ChecklistItem]:
    """Add points at the end of a locked case's checklist. Records `checklist_added`. Raises Invalid, Conflict."""
    _check_open(case)
    there = of_case(case.id)
    if len(there) + len(wishes) > MOST:
        raise Invalid("checklist_full", f"A checklist has at most {MOST} points.", fields={"text": "too many"})
    last = there[-1].place if there else 0
    made = [
        ChecklistItem(
            case_id=case.id, place=last + number, text=_text(wish.text), user_id=wish.user_id, due_on=wish.due_on,
            is_needed=wish.is_needed,
        )
        for number, wish in enumerate(wishes, 1)
    ]  # fmt: skip
    session().add_all(made)
    _told(case, "checklist_added", items=[item.text for item in made])
    return made


def add_template(case: Case, template: ChecklistTemplate) -> list[ChecklistItem]:
    """Add the points of a template that are not on the case yet. Records `checklist_added`. Raises Conflict when all are."""
    there = {item.text for item in of_case(case.id)}
    fresh = [Wish(text, is_needed=template.must_be_done) for text in template.items if text not in there]
    if not fresh:
        raise Conflict("checklist_there", "All points of this list are on the case already.")
    return add(case, *fresh)


def change(case: Case, item_id: int, wish: Wish) -> ChecklistItem:
    """Change what a point says. Records `checklist_changed` with what was there before. Raises Invalid, NotFound, Conflict."""
    item = get(case, item_id)
    before = {"text": item.text, "user": item.user_id, "due_on": _day(item.due_on), "needed": item.is_needed}
    item.text, item.user_id, item.due_on, item.is_needed = _text(wish.text), wish.user_id, wish.due_on, wish.is_needed
    after = {"text": item.text, "user": item.user_id, "due_on": _day(item.due_on), "needed": item.is_needed}
    if after != before:
        _told(case, "checklist_changed", item=item.id, before=before, after=after)
    return item


def tick(case: Case, item_id: int, *, is_done: bool, by: int | None) -> ChecklistItem:
    """Tick a point, or take the tick off. Records `checklist_ticked` or `checklist_unticked`; nothing when it is so already."""
    item = get(case, item_id)
    if (item.done_at is not None) is not is_done:
        item.done_at, item.done_by = (utcnow(), by) if is_done else (None, None)
        _told(case, "checklist_ticked" if is_done else "checklist_unticked", item=item.id, text=item.text)
    return item


def move(case: Case, item_id: int, by: int) -> None:
    """Move a point one place `UP` or `DOWN`; at the end of the list it stays. Records `checklist_moved`."""
    item = get(case, item_id)
    there = of_case(case.id)
    at = there.index(item)
    to = min(max(at + by, 0), len(there) - 1)
    if to == at:
        return
    there.insert(to, there.pop(at))
    for place, each in enumerate(there, 1):
        each.place = place
    _told(case, "checklist_moved", item=item.id, text=item.text, place=to + 1)


def remove(case: Case, item_id: int) -> None:
    """Remove a point. Records `checklist_removed` with what it said."""
    item = get(case, item_id)
    session().delete(item)
    _told(case, "checklist_removed", item=item_id, text=item.text, done=item.done_at is not None)


def get(case: Case, item_id: int) -> ChecklistItem:
    """Return a point of a locked case that may be changed. Raises NotFound, Conflict."""
    _check_open(case)
    item = session().get(ChecklistItem, item_id)
    if item is None or item.case_id != case.id:
        raise NotFound("checklist_item_unknown", "This point is not on the checklist any more.")
    return item


def _check_open(case: Case) -> None:
    cases.check_standing(case)
    if case.archived_at is not None:
        raise Conflict("case_archived", "This case is archived: reopen it before you change its checklist.")


def _text(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise Invalid("text_missing", "Write what has to be done.", fields={"text": "required"})
    if len(text) > MAX_TEXT:
        raise Invalid("too_long", f"Write at most {MAX_TEXT} characters.", fields={"text": "too long"})
    return text


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _told(case: Case, kind: str, **facts: object) -> None:
    session().flush()
    events.record(kind, chain=cases.chain_of(case.id), **facts)
    cases.announce(case, change="checklist")
