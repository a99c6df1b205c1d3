"""Splitting a case: messages of it become a case of their own, after a page has said what will happen."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request

from app.cases import service as cases
from app.cases.models import Case
from app.errors import Conflict, Invalid
from app.identity import policy
from app.messaging import queries as messages
from app.orchestration import moving
from app.web import access, frame, once, shell
from app.web.rules import allow_if

blueprint = Blueprint("case_splitting", __name__)
works = allow_if(policy.may_merge_cases)


def _working(number: str) -> Case:
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    return case


@blueprint.get("/cases/<number>/split")
@works
def preview(number: str) -> str:
    """Choose messages (`?message=`, several); once some are chosen, say what will happen."""
    case = _working(number)
    chosen = request.args.getlist("message", type=int)
    plan, refusal = None, ""
    if chosen or "subject" in request.args:
        try:
            plan = moving.plan_split(case, chosen, subject=request.args.get("subject", ""))
        except (Conflict, Invalid) as error:
            refusal = error.message
    found = messages.timeline(case.id, limit=moving.MAX_SPLIT)
    return shell.page(
        "split.html", section="inbox", case=case, found=found, chosen=frozenset(chosen), plan=plan, refusal=refusal,
        subject=request.args.get("subject", ""),
    )  # fmt: skip


@blueprint.post("/cases/<number>/split")
@works
def split(number: str) -> Any:
    """Split the case; the same form sent twice splits once."""
    case = _working(number)
    if once.is_repeated():
        return redirect(f"/cases/{case.number}", 303)
    chosen = request.form.getlist("message", type=int)
    made = moving.split(cases.lock(case.id).id, chosen, subject=request.form.get("subject", ""))
    return redirect(f"/cases/{made.number}", 303)
