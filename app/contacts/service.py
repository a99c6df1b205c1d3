"""Finds and makes contacts by address."""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.clock import utcnow
from app.contacts.models import Contact, ContactPoint
from app.db import session
from app.errors import Invalid

_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]]{1,128}@[^\s@<>,;:\"()\[\]]{1,253}")
MAX_NAME = 200


def normal_address(kind: str, address: str) -> str:
    """Return the one spelling of an address under which a contact is found; raises Invalid.

    Mail: lower case as a whole. RFC 5321 lets the part before @ differ by case; no mailbox in use does.
    """
    text = unicodedata.normalize("NFC", address.strip())
    if kind == "email":
        text = text.lower()
        if not _EMAIL.fullmatch(text):
            raise Invalid("bad_address", "This is no mail address.", fields={"address": "no mail address"})
    if not text or len(text) > 400:
        raise Invalid("bad_address", "This is no usable address.", fields={"address": "empty or too long"})
    return text


def clean_name(name: str) -> str:
    """Return a display name on one line, without control or direction-changing characters."""
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in name)
    return " ".join(visible.split())[:MAX_NAME]


def find(kind: str, address: str) -> Contact | None:
    """Return the contact behind an address, if there is one."""
    return session().scalar(
        select(Contact)
        .join(ContactPoint, ContactPoint.contact_id == Contact.id)
        .where(ContactPoint.kind == kind, ContactPoint.address == normal_address(kind, address))
    )


def find_or_create(kind: str, address: str, *, name: str = "", language: str = "") -> Contact:
    """Return the contact behind an address, made when it is new. Two at once get the same one."""
    normal = normal_address(kind, address)
    found = find(kind, normal)
    if found is None:
        found = _create(kind, normal, name=clean_name(name), language=language)
    elif name and found.name == normal:
        found.name = clean_name(name) or found.name
    return found


def _create(kind: str, address: str, *, name: str, language: str) -> Contact:
    contact = Contact(name=name or address, language=language, created_at=utcnow())
    session().add(contact)
    session().flush()
    won = session().scalar(
        insert(ContactPoint)
        .values(contact_id=contact.id, kind=kind, address=address)
        .on_conflict_do_nothing()
        .returning(ContactPoint.id)
    )
    if won is not None:
        return contact
    session().delete(contact)  # another transaction was faster: theirs is the contact
    session().flush()
    theirs = find(kind, address)
    if theirs is None:
        raise AssertionError("a conflicting contact point without a contact")
    return theirs
