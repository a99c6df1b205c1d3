"""Finds and makes contacts by address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.clock import utcnow
from app.contacts.models import Contact
from app.db import is_known, known, later, lock, new_id, outdate, remember, run, unlearn
from app.errors import Invalid
from channels.port import Kind

_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]]{1,128}@[^\s@<>,;:\"()\[\]]{1,253}")
MAX_NAME = 200
_AT = """select p.kind, p.address, c.id, c.name, c.language, c.is_blocked
 from contact_points p join contacts c on c.id = p.contact_id
 where p.kind = any(%(kinds)s) and p.address = any(%(addresses)s)"""
_NEW = """insert into contacts (id, name, language, is_blocked, created_at)
 values (%(id)s, %(name)s, %(language)s, false, %(now)s)"""
_NEW_POINT = "insert into contact_points (contact_id, kind, address) values (%(contact)s, %(kind)s, %(address)s)"


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


@dataclass(frozen=True, slots=True)
class Person:
    """A contact as the path of every message needs it."""

    id: int
    name: str
    language: str
    is_blocked: bool = False


def lock_name(kind: str, address: str) -> str:
    """Return the name under which whoever makes a contact for this address locks it."""
    return f"contact:{kind}:{address}"


def look_up(addresses: Iterable[str]) -> None:
    """Read the contacts behind these addresses with one statement: this unit of work will ask for each."""
    found: dict[str, dict[str, Person]] = {a: {} for a in addresses if not is_known(("contacts at", a))}
    if not found:
        return
    rows = run(_AT, {"kinds": [str(kind) for kind in Kind], "addresses": list(found)})
    for row in rows:
        found[row.address][row.kind] = Person(row.id, row.name, row.language, row.is_blocked)
    for address, people in found.items():
        remember(("contacts at", address), people)


def _at(address: str) -> dict[str, Person]:
    """Return the contacts behind an address by kind of channel, read once in a unit of work."""
    look_up([address])
    return known(("contacts at", address), dict)


def is_blocked(address: str) -> bool:
    """Tell whether a contact with this address, on whatever channel, is blocked."""
    return any(person.is_blocked for person in _at(address).values())


def find_or_create(kind: str, address: str, *, name: str = "", language: str = "") -> Person:
    """Return the contact behind an address, made when it is new. Two at once get the same one."""
    normal = normal_address(kind, address)
    found = _at(normal).get(kind) or _create(kind, normal, name=clean_name(name) or normal, language=language)
    if name and found.name == normal and clean_name(name) not in ("", normal):
        found = replace(found, name=clean_name(name))
        run("update contacts set name = %(name)s where id = %(id)s", {"name": found.name, "id": found.id})
        outdate(Contact, found.id)
        _at(normal)[kind] = found
    return found


def _create(kind: str, address: str, *, name: str, language: str) -> Person:
    if lock(lock_name(kind, address)):  # another transaction may have been faster: then theirs is the contact
        unlearn(("contacts at", address))
        if found := _at(address).get(kind):
            return found
    person = Person(new_id("contacts"), name, language)
    later(_NEW, {"id": person.id, "name": name, "language": language, "now": utcnow()}, rank=0)
    later(_NEW_POINT, {"contact": person.id, "kind": kind, "address": address}, rank=1)
    remember(("address of", person.id, kind), address)
    remember(("tier of", person.id), "")
    _at(address)[kind] = person
    return person
