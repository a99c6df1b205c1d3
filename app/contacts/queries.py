"""Reads of the contacts room."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.contacts.models import Contact, ContactPoint, Organization
from app.db import known, run, session

_ADDRESSES = "select kind, address from contact_points where contact_id = %(contact)s order by id"


def get(contact_id: int | None) -> Contact | None:
    """Return a contact, or None."""
    return session().get(Contact, contact_id) if contact_id else None


def points(contact_id: int) -> list[ContactPoint]:
    """Return the addresses of a contact."""
    return list(
        session().scalars(select(ContactPoint).where(ContactPoint.contact_id == contact_id).order_by(ContactPoint.id))
    )


def addresses(contact_id: int) -> list[Any]:
    """Return `kind` and `address` of a contact's addresses, to show them."""
    return list(run(_ADDRESSES, {"contact": contact_id}))


def address_of(contact_id: int, kind: str) -> str | None:
    """Return the first address of a contact on this kind of channel, or None."""

    def find() -> str | None:
        return next((row.address for row in addresses(contact_id) if row.kind == kind), None)

    return known(("address of", contact_id, kind), find)


def tier_of(contact_id: int) -> str:
    """Return the service tier of the contact's organization, or an empty text."""
    return known(("tier of", contact_id), lambda: _tier_of(contact_id))


def _tier_of(contact_id: int) -> str:
    return (
        session().scalar(
            select(Organization.tier)
            .join(Contact, Contact.organization_id == Organization.id)
            .where(Contact.id == contact_id)
        )
        or ""
    )
