"""Organizations: the list, one of them with its domains and members."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from app.audit import service as audit
from app.contacts import listing, organizations
from app.db import savepoint
from app.errors import Conflict, DeskError, Invalid
from app.identity import policy
from app.web import contact_words, paging, shell
from app.web.errors import status_of
from app.web.rules import allow_if

blueprint = Blueprint("organizations", __name__)
knows = allow_if(policy.may_see_contacts)
edits = allow_if(policy.may_edit_contacts)
SHOWN_EVENTS = 20


def _pages(rows: list[Any], order: str) -> tuple[list[Any], str]:
    """Part a page from the one row more that tells whether another follows."""
    if len(rows) <= listing.PAGE:
        return rows, ""
    last = rows[listing.PAGE - 1]
    return rows[: listing.PAGE], paging.pack_name(order, last.sort_name, last.id)


def _after(order: str) -> tuple[str, int] | None:
    cursor = request.args.get("after", "")
    return paging.unpack_name(cursor, order) if cursor else None


@blueprint.get("/organizations")
@knows
def organizations_page() -> Response:
    """List organizations by name."""
    return _list()


def _list(*, error: DeskError | None = None) -> Response:
    text = request.args.get("q", "").strip()[:200]
    found = listing.organizations(text, after=_after("organizations"), limit=listing.PAGE + 1)
    rows, following = _pages(found, "organizations")
    page = shell.page(
        "organizations.html", section="contacts", rows=rows, following=following, text=text, error=error,
        wrong=error.fields if error else {}, values=request.form if error else {}, **contact_words.choices(),
    )  # fmt: skip
    return make_response(page, status_of(error) if error else 200)


@blueprint.post("/organizations")
@edits
def add() -> Any:
    """Make an organization and show it."""
    return _saved(None, lambda error: _list(error=error))


def _saved(organization_id: int | None, again: Any) -> Any:
    form = request.form
    try:
        with savepoint():
            row = organizations.save(
                organization_id, name=form.get("name", ""), tier=form.get("tier", ""), warning=form.get("warning", ""),
                domains=form.get("domains", "").replace(",", " ").split(), version=form.get("version", type=int),
            )  # fmt: skip
    except (Invalid, Conflict) as error:
        return again(error)
    return redirect(f"/organizations/{row.id}", 303)


@blueprint.get("/organizations/<int:organization_id>")
@knows
def organization(organization_id: int) -> Response:
    """Show an organization: what it is called, its domains, its members, what was changed."""
    return _one(organization_id)


def _one(organization_id: int, *, error: DeskError | None = None) -> Response:
    row = organizations.existing(organization_id)
    wanted = listing.Filter(organization_id=row.id)
    members, following = _pages(listing.contacts(wanted, after=_after("members"), limit=listing.PAGE + 1), "members")
    page = shell.page(
        "organization.html", section="contacts", organization=row, domains=organizations.domains(row.id), rows=members,
        following=following, strays=len(organizations.strays(row.id)), most=organizations.ADOPTED, error=error,
        events=audit.chain_events(organizations.chain_of(row.id))[-SHOWN_EVENTS:][::-1],
        wrong=error.fields if error else {}, values=request.form if error else {}, **contact_words.choices(),
    )  # fmt: skip
    return make_response(page, status_of(error) if error else 200)


@blueprint.post("/organizations/<int:organization_id>")
@edits
def change(organization_id: int) -> Any:
    """Change an organization."""
    organizations.existing(organization_id)
    return _saved(organization_id, lambda error: _one(organization_id, error=error))


@blueprint.post("/organizations/<int:organization_id>/adopt")
@edits
def adopt(organization_id: int) -> Any:
    """Make members of those who write from its domains and belong to no organization."""
    organizations.adopt(organization_id)
    return redirect(f"/organizations/{organization_id}", 303)
