"""Contacts: the list, one person with everything about them, and what can be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from app.audit import service as audit
from app.clock import utcnow
from app.contacts import keeping, likeness, listing, organizations, queries
from app.contacts import service as contacts
from app.db import savepoint
from app.errors import Conflict, DeskError, Invalid
from app.identity import policy
from app.orchestration import customers
from app.web import access, contact_words, frame, paging, shell
from app.web.errors import status_of
from app.web.rules import allow_if

blueprint = Blueprint("contacts", __name__)
knows = allow_if(policy.may_see_contacts)
edits = allow_if(policy.may_edit_contacts)
FIELDS = ("name", "language", "timezone", "tier", "warning")
SHOWN_CASES = 20
SHOWN_PEOPLE = 8
SHOWN_EVENTS = 30
OFFERED_ORGANIZATIONS = 20


# ---------------------------------------------------------------- the list
@blueprint.get("/contacts")
@knows
def contacts_page() -> Response:
    """List people by name, filtered and searched, page by page."""
    return _list()


def _wanted() -> listing.Filter:
    args = request.args
    return listing.Filter(
        text=args.get("q", "").strip()[:200], tier=args.get("tier", ""), language=args.get("language", ""),
        channel=args.get("channel", ""), is_warned=args.get("show") == "warned", is_blocked=args.get("show") == "blocked",
    )  # fmt: skip


def _list(*, error: DeskError | None = None) -> Response:
    wanted = _wanted()
    cursor = request.args.get("after", "")
    after = paging.unpack_name(cursor, "contacts") if cursor else None
    rows = listing.contacts(wanted, after=after, limit=listing.PAGE + 1)
    following = ""
    if len(rows) > listing.PAGE:
        last = rows[listing.PAGE - 1]
        following = paging.pack_name("contacts", last.sort_name, last.id)
    page = shell.page(
        "contacts.html", section="contacts", rows=rows[: listing.PAGE], following=following, wanted=wanted,
        query=request.args.to_dict(), error=error, wrong=error.fields if error else {},
        values=request.form if error else {}, offered=_organizations(), **contact_words.choices(),
    )  # fmt: skip
    return make_response(page, status_of(error) if error else 200)


def _organizations() -> list[Any]:
    return listing.organizations(limit=OFFERED_ORGANIZATIONS)


@blueprint.post("/contacts")
@edits
def add() -> Any:
    """Make a contact by hand and show them."""
    form = request.form

    def work() -> str:
        values = {**_values(), "organization_id": _organization_id()}
        given = form.get("address", "").strip()
        made = keeping.create(values, [(form.get("kind", "email"), given)] if given else [])
        return f"/contacts/{made}"

    return _or_say(work, lambda error: _list(error=error))


def _values() -> dict[str, Any]:
    return {field: request.form[field] for field in FIELDS if field in request.form}


def _organization_id() -> int | None:
    """The organization that is named in the form; one that nobody knows yet is refused, not made by a slip of the pen."""
    return organizations.by_name(request.form.get("organization", ""))


def _or_say(work: Callable[[], str], again: Callable[[DeskError], Response]) -> Any:
    """Do the work and go where it says; what it refuses is said on the page that asked, with what was typed."""
    try:
        with savepoint():
            target = work()
    except (Invalid, Conflict) as error:
        return again(error)
    return redirect(target, 303)


@blueprint.app_template_global("customers_like")
def customers_like(text: str) -> list[Any]:
    """Return the first people who fit what is searched at the top of the desk, for viewers who may know them."""
    viewer = frame.optional_viewer()
    if not text or viewer is None or not policy.may_see_contacts(viewer):
        return []
    return listing.contacts(listing.Filter(text=text[:200]), limit=SHOWN_PEOPLE)


# ---------------------------------------------------------------- one person
@blueprint.get("/contacts/<int:contact_id>")
@knows
def contact(contact_id: int) -> Any:
    """Show a person: who they are, how to reach them, what there was with them. One who was merged is shown as who they became."""
    person = queries.person(contact_id)
    if person.id != contact_id:
        return redirect(f"/contacts/{person.id}", 302)
    return _person(contact_id)


def _person(contact_id: int, *, error: DeskError | None = None, form: str = "") -> Response:
    person, viewer = queries.person(contact_id), frame.viewer()
    before = request.args.get("before", type=int)
    found = access.cases_of(viewer, person.ids, before=before, limit=SHOWN_CASES + 1)
    visible = found if before is None else access.cases_of(viewer, person.ids, limit=100)
    page = shell.page(
        "contact.html", section="contacts", person=person, tier=queries.tier(person), cases=found[:SHOWN_CASES],
        older=found[SHOWN_CASES - 1].id if len(found) > SHOWN_CASES else None, before=before, now=utcnow(),
        numbers={row.id: row.number for row in visible},
        last=queries.last_exchanges(person.ids, cases=[row.id for row in visible]),
        local=contact_words.local_time(person.timezone, utcnow()), alike=likeness.candidates(person.id),
        events=_events(person), offered=_organizations(), error=error, wrong=error.fields if error else {},
        values=request.form if error else {}, form=form, **contact_words.choices(),
    )  # fmt: skip
    return make_response(page, status_of(error) if error else 200)


def _events(person: Any) -> list[dict[str, Any]]:
    """What was done to all contacts that are this person, newest first."""
    found = [event for part in person.ids for event in audit.chain_events(contacts.chain_of(part))]
    return sorted(found, key=lambda event: event["at"], reverse=True)[:SHOWN_EVENTS]


@blueprint.post("/contacts/<int:contact_id>")
@edits
def change(contact_id: int) -> Any:
    """Change who somebody is: name, language, time zone, organization, tier, warning, whether they are blocked."""
    queries.existing(contact_id)

    def work() -> str:
        values = {**_values(), "organization_id": _organization_id(), "is_blocked": "is_blocked" in request.form}
        customers.change(contact_id, values, version=request.form.get("version", type=int))
        return f"/contacts/{contact_id}?saved=1"

    return _or_say(work, lambda error: _person(contact_id, error=error, form="card"))


@blueprint.post("/contacts/<int:contact_id>/points")
@edits
def add_point(contact_id: int) -> Any:
    """Give somebody another address."""
    queries.existing(contact_id)

    def work() -> str:
        keeping.add_point(contact_id, request.form.get("kind", ""), request.form.get("address", ""))
        customers.tell(contact_id)
        return f"/contacts/{contact_id}#addresses"

    return _or_say(work, lambda error: _person(contact_id, error=error, form="point"))


@blueprint.post("/contacts/<int:contact_id>/points/<int:point_id>")
@edits
def change_point(contact_id: int, point_id: int) -> Any:
    """Mark an address as checked or not, or remove it."""

    def work() -> str:
        if request.form.get("remove"):
            keeping.remove_point(contact_id, point_id)
        else:
            is_verified = request.form.get("verified") == "true"
            keeping.verify_point(contact_id, point_id, is_verified=is_verified, user_id=frame.viewer().user_id)
        customers.tell(contact_id)
        return f"/contacts/{contact_id}#addresses"

    return _or_say(work, lambda error: _person(contact_id, error=error, form="point"))
