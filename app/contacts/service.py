"""Finds and makes contacts by address: the path of every message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.clock import utcnow
from app.contacts import spelling
from app.contacts.models import Contact
from app.contacts.spelling import clean_name, normal_address
from app.db import is_known, known, later, lock, new_id, outdate, remember, run, unlearn
from app.events import record
from channels.port import Kind

MAX_TRACES = 10
_AT = """select asked.address as asked, p.kind, c.id, c.name, c.language, c.is_blocked or coalesce(h.is_blocked, false) as is_blocked,
  coalesce(nullif(c.language, ''), h.language, '') as answer_in, coalesce(c.head_id, c.id) as person_id,
  o.id as organization_id, coalesce(o.tier, '') as tier
 from unnest(%(addresses)s::text[]) as asked (address)
 left join contact_points p on p.kind = any(%(kinds)s) and p.address = asked.address
 left join contacts c on c.id = p.contact_id left join contacts h on h.id = c.head_id
 left join organization_domains d on p.id is null and d.domain = split_part(asked.address, '@', 2)
 left join organizations o on o.id = d.organization_id"""
_NEW = """insert into contacts (id, name, language, organization_id, is_blocked, sort_name, search, created_at)
 values (%(id)s, %(name)s, %(language)s, %(organization)s, false, %(sort_name)s, %(search)s::tsvector, %(now)s)"""
_NEW_POINT = """insert into contact_points (contact_id, kind, address, domain, clue)
 values (%(contact)s, %(kind)s, %(address)s, %(domain)s, %(clue)s)"""
_NEW_TRACE = """insert into contact_traces (contact_id, kind, value) select * from jsonb_to_recordset(%(rows)s)
 as r (contact_id bigint, kind text, value text) on conflict do nothing"""
_RENAME = """update contacts set name = %(name)s, sort_name = %(sort_name)s, search = %(search)s::tsvector,
  version = version + 1 where id = %(id)s"""


@dataclass(frozen=True, slots=True)
class Person:
    """A contact as the path of every message needs it; `person_id` is the contact that stands for all that were merged with it."""

    id: int
    name: str
    language: str
    is_blocked: bool = False
    person_id: int = 0


def lock_name(kind: str, address: str) -> str:
    """Return the name under which whoever makes a contact for this address locks it."""
    return f"contact:{kind}:{address}"


def chain_of(contact_id: int) -> str:
    """Return the name of the audit chain of a contact."""
    return f"contact:{contact_id}"


def look_up(addresses: Iterable[str]) -> None:
    """Read the contacts behind these addresses with one statement: this unit of work will ask for each."""
    found: dict[str, dict[str, Person]] = {a: {} for a in addresses if not is_known(("contacts at", a))}
    if not found:
        return
    rows = run(_AT, {"kinds": [str(kind) for kind in Kind], "addresses": list(found)})
    for row in rows:
        if row.id is None:
            remember(("organization at", row.asked), (row.organization_id, row.tier))
        else:
            person = Person(row.id, row.name, row.answer_in, row.is_blocked, row.person_id)
            found[row.asked][row.kind] = person
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
    found = _at(normal).get(kind) or _same_line(kind, normal)
    found = found or _create(kind, normal, name=clean_name(name) or normal, language=language)
    if name and found.name == normal and clean_name(name) not in ("", normal):
        found = replace(found, name=clean_name(name))
        run(_RENAME, {
            "name": found.name, "id": found.id, "sort_name": spelling.sort_name(found.name),
            "search": spelling.searched([found.name], [(kind, normal)]),
        })  # fmt: skip
        outdate(Contact, found.id)
        _at(normal)[kind] = found
    return found


def _same_line(kind: str, address: str) -> Person | None:
    """Return who is known by this number on another channel, and note that they write from it on this one too."""
    if kind not in spelling.NUMBERS:
        return None
    others = [person for other, person in _at(address).items() if other in spelling.NUMBERS]
    if len({person.person_id for person in others}) != 1:
        return None
    if lock(lock_name(kind, address)):
        unlearn(("contacts at", address))
        if found := _at(address).get(kind):
            return found
    insert_point(others[0].id, kind, address)
    _at(address)[kind] = others[0]
    return others[0]


def _create(kind: str, address: str, *, name: str, language: str) -> Person:
    if lock(lock_name(kind, address)):  # another transaction may have been faster: then theirs is the contact
        unlearn(("contacts at", address))
        if found := _at(address).get(kind):
            return found
    organization, tier = known(("organization at", address), lambda: (None, ""))
    made = insert(name, [(kind, address)], language=language, organization_id=organization)
    person = Person(made, name, language, person_id=made)
    remember(("tier of", made), tier)
    _at(address)[kind] = person
    return person


def insert(
    name: str, points: Sequence[tuple[str, str]], *, language: str = "", organization_id: int | None = None
) -> int:
    """Write a new contact with its addresses, which must be in normal form and free; returns its id."""
    made = new_id("contacts")
    later(_NEW, {
        "id": made, "name": name, "language": language, "organization": organization_id, "now": utcnow(),
        "sort_name": spelling.sort_name(name), "search": spelling.searched([name], points),
    }, rank=0)  # fmt: skip
    for kind, address in points:
        insert_point(made, kind, address)
    return made


def insert_point(contact_id: int, kind: str, address: str) -> None:
    """Write an address of a contact."""
    later(_NEW_POINT, {
        "contact": contact_id, "kind": kind, "address": address, "domain": spelling.domain_of(kind, address),
        "clue": spelling.clue_of(kind, address),
    }, rank=1)  # fmt: skip
    if not is_known(("address of", contact_id, kind)):
        remember(("address of", contact_id, kind), address)


def note_traces(person: Person, *, text: str, copied: Iterable[str] = (), answers_to: Iterable[str] = ()) -> None:
    """Note what a message carried that may belong to its sender: numbers of its signature, addresses in Cc and Reply-To."""
    own = {person.name.lower()}
    found = [("number", clue) for clue in spelling.numbers_below(text)]
    found += [("cc", address.lower()) for address in copied if address]
    found += [("reply_to", address.lower()) for address in answers_to if address and address.lower() not in own]
    for kind, value in list(dict.fromkeys(found))[:MAX_TRACES]:
        later(_NEW_TRACE, {"contact_id": person.id, "kind": kind, "value": value[:400]}, rank=1)


def note_made(contact_id: int, *, name: str, addresses: Sequence[tuple[str, str]]) -> None:
    """Record that somebody made a contact by hand (`contact_created`)."""
    record("contact_created", chain=chain_of(contact_id), name=name, addresses=[list(pair) for pair in addresses])
