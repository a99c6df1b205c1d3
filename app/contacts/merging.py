"""People who turned out to be one, and the way back.

Merging moves nothing. The merged contact points to the one that stands for both; its addresses, cases and messages stay its
own and are read together with the other's. What comes in meanwhile goes, as ever, to the contact whose address it came from.
So taking a merge back, whenever that is, gives everybody exactly what is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from app import events
from app.contacts import queries, service
from app.contacts.keeping import index
from app.contacts.models import Contact, ContactDifference
from app.db import forget, lock, run, session
from app.errors import Conflict

MAX_MERGED = 50
# Who stands for whom is a tree: two changes of it side by side could tear it, and they are rare.
_ONE_AT_A_TIME = "contacts: merging"
_COUNTS = """select (select count(*) from cases where contact_id = any(%(ids)s)) as cases,
 (select count(*) from cases where contact_id = any(%(ids)s) and archived_at is null) as open_cases,
 (select count(*) from interactions where contact_id = any(%(ids)s)) as interactions"""
_INTO = """update contacts set head_id = %(head)s where id = %(id)s or head_id = %(id)s"""
# The branch that hangs on a contact: those merged into it, directly or by way of others.
_OUT_OF = """with recursive branch as (select id from contacts where id = %(id)s
  union select c.id from contacts c join branch b on c.merged_into = b.id)
 update contacts c set head_id = case when c.id = %(id)s then null else %(id)s end from branch b where c.id = b.id"""


@dataclass(frozen=True, slots=True)
class Preview:
    """What merging `other` into `kept` would bring together, before anybody decides."""

    kept: Any
    other: Any
    cases: int
    open_cases: int
    interactions: int
    conflicts: tuple[tuple[str, str, str], ...]


def preview(kept_id: int, other_id: int) -> Preview:
    """Return what a merge would bring together, and the fields in which the two differ: the kept one's counts.

    Raises NotFound, Conflict when they are one person already.
    """
    kept, other = queries.person(kept_id), queries.person(other_id)
    _check(kept, other)
    counts = run(_COUNTS, {"ids": list(other.ids)}).fetchone()
    pairs = (
        ("name", kept.name, other.name), ("language", kept.language, other.language),
        ("timezone", kept.timezone, other.timezone), ("tier", queries.tier(kept), queries.tier(other)),
        ("organization", kept.organization or "", other.organization or ""),
    )  # fmt: skip
    differing = tuple(pair for pair in pairs if pair[2] and pair[1] != pair[2])
    return Preview(kept, other, counts.cases, counts.open_cases, counts.interactions, differing)


def _check(kept: Any, other: Any) -> None:
    if kept.id == other.id:
        raise Conflict("same_person", "These are one person already.")
    if len(kept.ids) + len(other.ids) > MAX_MERGED:
        raise Conflict("too_many_merged", f"At most {MAX_MERGED} contacts can be one person.")


def merge(kept_id: int, other_id: int, *, why: str = "") -> int:
    """Let one contact stand for both; returns its id. Records `contact_merged` on both chains.

    Raises NotFound, Conflict when they are one person already.
    """
    lock(_ONE_AT_A_TIME)
    kept, other = queries.person(kept_id), queries.person(other_id)
    _check(kept, other)
    session().get_one(Contact, other.id).merged_into = kept.id
    session().flush()
    run(_INTO, {"head": kept.id, "id": other.id})
    _settle(kept.id)
    for chain, role in ((kept.id, "kept"), (other.id, "merged")):
        events.record(
            "contact_merged", chain=service.chain_of(chain), kept=kept.id, kept_name=kept.name, merged=other.id,
            name=other.name, side=role, why=why[:500],
        )  # fmt: skip
    return int(kept.id)


def unmerge(contact_id: int) -> int:
    """Take a merged contact out again, with those that were merged into it before; returns the contact it was merged into.

    Records `contact_unmerged` on both chains. Raises NotFound, Conflict when it is not merged.
    """
    lock(_ONE_AT_A_TIME)
    queries.existing(contact_id)
    contact = session().get_one(Contact, contact_id, populate_existing=True)
    kept_id, head_id = contact.merged_into, contact.head_id
    if kept_id is None or head_id is None:
        raise Conflict("not_merged", "This contact is not merged with another.")
    contact.merged_into = None
    session().flush()
    run(_OUT_OF, {"id": contact_id})
    _settle(head_id, contact_id)
    for chain, role in ((kept_id, "kept"), (contact_id, "merged")):
        events.record(
            "contact_unmerged", chain=service.chain_of(chain), kept=kept_id, merged=contact_id, name=contact.name,
            side=role,
        )  # fmt: skip
    return kept_id


def _settle(*head_ids: int) -> None:
    session().expire_all()
    forget()
    for head_id in head_ids:
        index(head_id)


def tell_apart(contact_id: int, other_id: int) -> None:
    """Note that these are two people: they are not proposed for merging again. Records `contacts_told_apart` on both chains."""
    one, other = queries.person(contact_id), queries.person(other_id)
    if one.id == other.id:
        raise Conflict("same_person", "These are one person already.")
    low, high = sorted((int(one.id), int(other.id)))
    session().execute(insert(ContactDifference).values(low_id=low, high_id=high).on_conflict_do_nothing())
    for mine, theirs in ((one, other), (other, one)):
        events.record("contacts_told_apart", chain=service.chain_of(mine.id), other=int(theirs.id), name=theirs.name)
