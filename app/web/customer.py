"""The customer beside a case: who they are, what else is open, what was said last on each channel; changed in place."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request

from app.clock import utcnow
from app.contacts import likeness, listing, organizations, queries
from app.errors import NotFound
from app.identity import policy
from app.orchestration import customers
from app.web import access, contact_words, frame
from app.web.rules import allow_if

blueprint = Blueprint("customer", __name__)
knows = allow_if(policy.may_see_contacts)
edits = allow_if(policy.may_edit_contacts)
FIELDS = ("name", "language", "timezone", "tier", "warning")
SHOWN = 20
FEW = 8
FEW_ALIKE = 3


def customer(case: Any) -> dict[str, Any]:
    """Return what the panel shows of a case's customer, as far as this viewer may know of it."""
    if case.contact_id is None:
        return {"person": None, "points": [], "others": [], "last": []}
    viewer, person, now = frame.viewer(), queries.person(case.contact_id), utcnow()
    found = access.cases_of(viewer, person.ids, limit=SHOWN)
    others = [other for other in found if other.id != case.id]
    # The addresses of the contact that opened the case come first: that is where an answer goes.
    points = sorted(person.points, key=lambda point: point["contact_id"] != case.contact_id)
    return {
        "person": person, "points": points, "tier": queries.tier(person), "local": contact_words.local_time(person.timezone, now),
        "open_cases": [other for other in others if other.archived_at is None],
        "others": [other for other in others if other.archived_at is not None][:FEW],
        "last": queries.last_exchanges(person.ids, cases=[row.id for row in found], characters=0),
        "numbers": {row.id: row.number for row in found}, "language_name": contact_words.language_name,
        "may_see_contacts": policy.may_see_contacts(viewer),
    }  # fmt: skip


def _case(number: str) -> Any:
    case = access.case_row(frame.viewer(), number)
    if case.contact_id is None:
        raise NotFound("no_customer", "This case has no customer.")
    return case


@blueprint.get("/cases/<number>/customer")
@edits
def form(number: str) -> Any:
    """Return the form that changes the customer in place; without a script, their own page."""
    case = _case(number)
    person = queries.person(case.contact_id)
    if not request.headers.get("HX-Request"):
        return redirect(f"/contacts/{person.id}", 303)
    if "shown" in request.args:
        return render_template("partials/_customer.html", case=case, **customer(case))
    return render_template(
        "partials/_customer_form.html", case=case, person=person, offered=listing.organizations(limit=SHOWN),
        **contact_words.choices(),
    )  # fmt: skip


@blueprint.get("/cases/<number>/customer/alike")
@knows
def alike(number: str) -> Any:
    """Return who may be the same person as the customer, once the panel is in sight; without a script, on their own page."""
    person = queries.person(_case(number).contact_id)
    if not request.headers.get("HX-Request"):
        return redirect(f"/contacts/{person.id}", 303)
    return render_template("partials/_alike.html", person=person, alike=likeness.candidates(person.id)[:FEW_ALIKE])


@blueprint.post("/cases/<number>/customer")
@edits
def change(number: str) -> Any:
    """Change who the customer is and show the card again."""
    case = _case(number)
    person = queries.person(case.contact_id)
    given: dict[str, Any] = {field: request.form[field] for field in FIELDS if field in request.form}
    if "organization" in request.form:
        given["organization_id"] = organizations.by_name(request.form["organization"])
    customers.change(person.id, given, version=request.form.get("version", type=int))
    if not request.headers.get("HX-Request"):
        return redirect(f"/cases/{case.number}", 303)
    return render_template("partials/_customer.html", case=_case(number), **customer(case))
