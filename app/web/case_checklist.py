"""The checklist of a case: add, tick, reorder, change and remove, each as a plain form that only the panel's refresh follows."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, request

from app.cases import service as cases
from app.cases.checklists import items, templates
from app.cases.models import Case
from app.errors import Invalid
from app.identity import queries as identity
from app.web import access, frame
from app.web.case_around import done
from app.web.rules import allow

blueprint = Blueprint("case_checklist", __name__)
works = allow("agent", "manager")


def held(number: str) -> Case:
    """Return the case under its lock, for somebody who works on it."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    return cases.lock(case.id)


def read_day(text: str) -> date | None:
    """Return a day that was typed, or None for nothing. Raises Invalid."""
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise Invalid("bad_date", "Write the date as 2026-11-30.", fields={"due_on": "not a date"}) from None


def _wish() -> items.Wish:
    form = request.form
    login = form.get("user", "").strip()
    user_id = identity.user_by_login(login).id if login else None
    return items.Wish(form.get("text", ""), user_id, read_day(form.get("due_on", "")), "is_needed" in form)


@blueprint.post("/cases/<number>/checklist")
@works
def add(number: str) -> Any:
    """Add a point, or the points of a list of the settings (`template`)."""
    case = held(number)
    template = request.form.get("template", type=int)
    if template is not None:
        items.add_template(case, templates.get(template))
    else:
        items.add(case, _wish())
    return done(case)


@blueprint.post("/cases/<number>/checklist/<int:item_id>")
@works
def change(number: str, item_id: int) -> Any:
    """Do what `do` says: tick, untick, up, down, remove; otherwise change what the point says."""
    case, what = held(number), request.form.get("do", "")
    match what:
        case "tick" | "untick":
            items.tick(case, item_id, is_done=what == "tick", by=frame.viewer().user_id)
        case "up" | "down":
            items.move(case, item_id, items.UP if what == "up" else items.DOWN)
        case "remove":
            items.remove(case, item_id)
        case _:
            items.change(case, item_id, _wish())
    return done(case)
