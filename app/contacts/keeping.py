"""Contacts as people keep them: made by hand, changed, given and relieved of addresses. Each change stands on the contact's chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app import events
from app.clock import utcnow
from app.contacts import organizations, queries, service, spelling
from app.contacts.models import Contact, ContactPoint
from app.db import forget, lock, run, session
from app.errors import Conflict, Invalid, NotFound

MAX_POINTS = 50
_INDEXED = """update contacts set search = %(search)s::tsvector where id = %(id)s"""
_PARTS = """select c.id, c.name, coalesce((select jsonb_agg(jsonb_build_array(p.kind, p.address) order by p.id)
 from contact_points p where p.contact_id = c.id), '[]') as points
 from contacts c where c.id = %(head)s or c.head_id = %(head)s order by c.id"""


def _name(text: str) -> str:
    clean = spelling.clean_name(text)
    if not clean:
        raise Invalid("name_missing", "Give the contact a name.", fields={"name": "required"})
    return clean


def _organization(organization_id: int | None) -> int | None:
    return organizations.existing(organization_id).id if organization_id else None


_CLEAN: Mapping[str, Callable[[Any], Any]] = {
    "name": _name, "language": spelling.clean_language, "timezone": spelling.clean_timezone,
    "organization_id": _organization, "tier": spelling.clean_tier, "warning": spelling.clean_warning, "is_blocked": bool,
}  # fmt: skip


def create(values: Mapping[str, Any], points: Sequence[tuple[str, str]]) -> int:
    """Make a contact by hand; returns its id. Records `contact_created`. Raises Invalid, Conflict when an address is somebody's."""
    name = _name(str(values.get("name", "")))
    free = [(kind, _free(kind, address)) for kind, address in dict.fromkeys(points)]
    made = service.insert(name, free)
    forget()
    service.note_made(made, name=name, addresses=free)
    change(made, {field: value for field, value in values.items() if field != "name"})
    return made


def change(contact_id: int, values: Mapping[str, Any], *, version: int | None = None) -> dict[str, Any]:
    """Change fields of a contact; returns and records (`contact_changed`) what differs.

    Raises NotFound, Invalid, and Conflict when somebody changed the contact after `version`.
    """
    contact = _locked(contact_id)
    if version is not None and version != contact.version:
        raise Conflict(
            "contact_changed", "Somebody has changed this contact since you opened it. Look again, then save."
        )
    changes = {}
    for field, value in values.items():
        wanted, before = _CLEAN[field](value), getattr(contact, field)
        if wanted != before:
            changes[field] = {"from": _shown(field, before), "to": _shown(field, wanted)}
            setattr(contact, field, wanted)
    if changes:
        contact.version += 1
        contact.sort_name = spelling.sort_name(contact.name)
        session().flush()
        events.record("contact_changed", chain=service.chain_of(contact_id), changes=changes)
        index(contact.head_id or contact.id)
        forget()
    return changes


def _shown(field: str, value: Any) -> Any:
    """A number says nothing to who reads the record."""
    return organizations.existing(value).name if field == "organization_id" and value else value


def _locked(contact_id: int) -> Contact:
    found = session().get(Contact, contact_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("contact_unknown", "There is no such contact.")
    return found


def index(head_id: int) -> None:
    """Write anew under which names and addresses a person is found: those of all contacts that were merged."""
    parts = list(run(_PARTS, {"head": head_id}))
    points = [(kind, address) for part in parts for kind, address in part.points]
    names = dict.fromkeys(part.name for part in parts)
    run(_INDEXED, {"id": head_id, "search": spelling.searched(names, points)})


# ---------------------------------------------------------------- addresses
def _free(kind: str, address: str) -> str:
    """Return the normal form of an address that belongs to nobody yet. Two who give it away at once wait for each other."""
    if kind not in spelling.KINDS:
        raise Invalid("bad_kind", f"The channel is one of {', '.join(spelling.KINDS)}.", fields={"kind": "unknown"})
    normal = spelling.check_number(kind, address)
    lock(service.lock_name(kind, normal))
    taken = session().scalar(
        select(ContactPoint.contact_id).where(ContactPoint.kind == kind, ContactPoint.address == normal)
    )
    if taken is not None:
        owner = queries.person(taken)
        raise Conflict(
            "address_taken", f"{normal} belongs to {owner.name} already. If that is the same person, merge the two.",
            fields={"address": "taken"}, contact=owner.id,
        )  # fmt: skip
    return normal


def add_point(contact_id: int, kind: str, address: str) -> ContactPoint:
    """Give a contact an address. Records `contact_point_added`. Raises NotFound, Invalid, Conflict when it is somebody's."""
    contact = _locked(contact_id)
    if len(queries.points(contact_id)) >= MAX_POINTS:
        raise Invalid("too_many_addresses", f"A contact has at most {MAX_POINTS} addresses.")
    normal = _free(kind, address)
    made = ContactPoint(
        contact_id=contact_id, kind=kind, address=normal, domain=spelling.domain_of(kind, normal),
        clue=spelling.clue_of(kind, normal),
    )  # fmt: skip
    session().add(made)
    session().flush()
    events.record("contact_point_added", chain=service.chain_of(contact_id), channel=kind, address=normal)
    index(contact.head_id or contact.id)
    forget()
    return made


def _point(contact_id: int, point_id: int) -> ContactPoint:
    """Return an address of a contact, or of one that was merged with it."""
    found = session().get(ContactPoint, point_id, with_for_update=True)
    if found is None or found.contact_id not in queries.person(contact_id).ids:
        raise NotFound("address_unknown", "This contact has no such address.")
    return found


def verify_point(contact_id: int, point_id: int, *, is_verified: bool, user_id: int | None) -> ContactPoint:
    """Note that somebody made sure an address is this person's, or take that back. Records `contact_point_verified`."""
    point = _point(contact_id, point_id)
    if is_verified != (point.verified_at is not None):
        point.verified_at = utcnow() if is_verified else None
        point.verified_by = user_id if is_verified else None
        session().flush()
        events.record(
            "contact_point_verified",
            chain=service.chain_of(point.contact_id),
            address=point.address,
            verified=is_verified,
        )
    return point


def remove_point(contact_id: int, point_id: int) -> None:
    """Take an address away; who writes from it next is a new contact. Records `contact_point_removed`."""
    point = _point(contact_id, point_id)
    session().delete(point)
    session().flush()
    events.record(
        "contact_point_removed", chain=service.chain_of(point.contact_id), channel=point.kind, address=point.address
    )
    index(queries.person(point.contact_id).id)
    forget()
