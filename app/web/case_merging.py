"""Merging a case into another and taking it out again: each with a page that says what will happen."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request

from app.cases.models import Case
from app.contacts import queries as contacts
from app.errors import Invalid
from app.identity import policy
from app.orchestration import foreseeing, merging
from app.web import access, frame, once, shell
from app.web.rules import allow_if

blueprint = Blueprint("case_merging", __name__)
works = allow_if(policy.may_merge_cases)
MANY = 30


def _working(number: str) -> Case:
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    return case


def _other(number: str) -> Case:
    """Return the case that another one is merged into: the viewer must be allowed to see both."""
    if not number:
        raise Invalid("target_missing", "Write the number of the other case.", fields={"into": "required"})
    return access.case_by_number(frame.viewer(), number)


@blueprint.get("/cases/<number>/merge")
@works
def preview(number: str) -> str:
    """Choose the case to merge into; with `?into=` say what will happen."""
    case = _working(number)
    chosen = request.args.get("into", "").strip()
    context: dict[str, Any] = {"case": case, "others": _candidates(case), "chosen": chosen, "preview": None}
    if chosen:
        context["preview"] = foreseeing.merge(case, _other(chosen))
    return shell.page("merge.html", section="inbox", **context)


def _candidates(case: Case) -> list[Any]:
    """The open cases of the same customer, as far as this viewer may know of them."""
    if case.contact_id is None:
        return []
    found = access.cases_of(frame.viewer(), contacts.person(case.contact_id).ids, limit=MANY)
    return [other for other in found if other.id != case.id and other.archived_at is None]


@blueprint.post("/cases/<number>/merge")
@works
def merge(number: str) -> Any:
    """Merge the case."""
    case = _working(number)
    into = _other(request.form.get("into", "").strip())
    if not once.is_repeated():
        merging.merge(case.id, into.id)
    return redirect(f"/cases/{into.number}", 303)


@blueprint.get("/cases/<number>/unmerge")
@works
def preview_apart(number: str) -> str:
    """Say what taking a merged case out again will do."""
    case = _working(number)
    return shell.page("unmerge.html", section="inbox", case=case, preview=foreseeing.unmerge(case))


@blueprint.post("/cases/<number>/unmerge")
@works
def unmerge(number: str) -> Any:
    """Take a merged case out again."""
    case = _working(number)
    if not once.is_repeated():
        merging.unmerge(case.id)
    return redirect(f"/cases/{case.number}", 303)
