"""Reads of the contacts room. Whoever was merged is read as one: the contact that stands for all of them, with what all have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.contacts.models import Contact, ContactPoint
from app.db import known, run, session
from app.errors import NotFound

# What a person has of their own comes first, then what those have that were merged with them, then their organization.
_PERSON = """with me as (select coalesce(head_id, id) as id from contacts where id = %(contact)s),
 parts as (select c.*, (c.id = me.id) as is_head from contacts c, me where c.id = me.id or c.head_id = me.id)
 select h.id, h.name, h.is_blocked, h.version, h.created_at,
  coalesce(nullif(h.language, ''), (select p.language from parts p where p.language <> '' order by p.id limit 1), '') as language,
  coalesce(nullif(h.timezone, ''), (select p.timezone from parts p where p.timezone <> '' order by p.id limit 1), '') as timezone,
  coalesce(nullif(h.tier, ''), (select p.tier from parts p where p.tier <> '' order by p.id limit 1), '') as own_tier,
  o.id as organization_id, o.name as organization, coalesce(o.tier, '') as organization_tier,
  coalesce(o.warning, '') as organization_warning,
  array(select p.warning from parts p where p.warning <> '' order by p.is_head desc, p.id) as warnings,
  array(select p.id from parts p order by p.is_head desc, p.id) as ids,
  (select coalesce(jsonb_agg(jsonb_build_object('id', x.id, 'contact_id', x.contact_id, 'kind', x.kind, 'address', x.address,
     'is_verified', x.verified_at is not null) order by x.contact_id <> h.id, x.id), '[]')
   from contact_points x where x.contact_id in (select p.id from parts p)) as points,
  (select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'into', p.merged_into) order by p.id), '[]')
   from parts p where not p.is_head) as merged
 from me join contacts h on h.id = me.id
 left join organizations o on o.id = coalesce(h.organization_id,
  (select p.organization_id from parts p where p.organization_id is not null order by p.id limit 1))"""
_ADDRESSES = """select p.kind, p.address from contact_points p join contacts c on c.id = p.contact_id
 join contacts asked on asked.id = %(contact)s
 where coalesce(c.head_id, c.id) = coalesce(asked.head_id, asked.id)
  and c.id in (select id from contacts where id = coalesce(asked.head_id, asked.id)
   union all select id from contacts where head_id = coalesce(asked.head_id, asked.id))
 order by p.contact_id <> asked.id, p.id"""
_TIER = """select coalesce(nullif(h.tier, ''), nullif(c.tier, ''), o.tier, '') as tier
 from contacts c join contacts h on h.id = coalesce(c.head_id, c.id)
 left join organizations o on o.id = coalesce(h.organization_id, c.organization_id) where c.id = %(contact)s"""
_ORGANIZATION = """select o.name from contacts c left join contacts h on h.id = c.head_id
 join organizations o on o.id = coalesce(h.organization_id, c.organization_id) where c.id = %(contact)s"""
_LAST = """select distinct on (i.kind) i.kind, i.case_id, said.created_at, said.direction, said.author,
  left(said.text, %(characters)s) as text
 from interactions i join lateral (select created_at, direction, author, text from messages w
   where w.interaction_id = i.id and (w.direction = 'in' or w.direction = 'out' and w.user_id is not null)
   order by w.id desc limit 1) said on true
 where i.id in (select x.id from interactions x where x.contact_id = any(%(contacts)s) and x.case_id = any(%(cases)s)
   order by x.id desc limit 200)
 order by i.kind, said.created_at desc"""

_COMPLETE = """select p.address, c.name from contact_points p join contacts c on c.id = p.contact_id
 where p.kind = %(kind)s and p.address like %(begun)s and not c.is_blocked order by p.address limit %(limit)s"""
MIN_BEGUN = 2


def get(contact_id: int | None) -> Contact | None:
    """Return a contact, or None."""
    return session().get(Contact, contact_id) if contact_id else None


def existing(contact_id: int) -> Contact:
    """Return a contact as it stands in the table, merged or not; raises NotFound."""
    found = get(contact_id)
    if found is None:
        raise NotFound("contact_unknown", "There is no such contact.")
    return found


def person(contact_id: int) -> Any:
    """Return all that is known of the person behind a contact, in one statement; raises NotFound.

    `id` is the contact that stands for all that were merged (`ids`); `points` and `merged` are lists of plain values.
    """
    found = run(_PERSON, {"contact": contact_id}).fetchone()
    if found is None:
        raise NotFound("contact_unknown", "There is no such contact.")
    return found


def tier(person: Any) -> str:
    """Return the tier that counts for a person: their own, else their organization's."""
    return str(person.own_tier or person.organization_tier)


def points(contact_id: int) -> list[ContactPoint]:
    """Return the addresses of a contact alone."""
    return list(
        session().scalars(select(ContactPoint).where(ContactPoint.contact_id == contact_id).order_by(ContactPoint.id))
    )


def addresses(contact_id: int) -> list[Any]:
    """Return `kind` and `address` of the addresses of a person, those of this contact first."""
    return list(run(_ADDRESSES, {"contact": contact_id}))


def address_of(contact_id: int, kind: str) -> str | None:
    """Return the first address of a contact on this kind of channel, or None."""

    def find() -> str | None:
        return next((row.address for row in addresses(contact_id) if row.kind == kind), None)

    return known(("address of", contact_id, kind), find)


def tier_of(contact_id: int) -> str:
    """Return the service tier of a person: their own, else their organization's; empty without one."""
    return known(("tier of", contact_id), lambda: _tier_of(contact_id))


def _tier_of(contact_id: int) -> str:
    row = run(_TIER, {"contact": contact_id}).fetchone()
    return str(row.tier) if row else ""


def organization_of(contact_id: int) -> str:
    """Return the name of a person's organization; empty without one."""
    row = run(_ORGANIZATION, {"contact": contact_id}).fetchone()
    return str(row.name) if row else ""


def last_exchanges(contact_ids: Sequence[int], *, cases: Sequence[int], characters: int = 160) -> list[Any]:
    """Return the last message of a person on each kind of channel with these contacts, within these cases, newest first."""
    if not contact_ids or not cases:
        return []
    rows = list(run(_LAST, {"contacts": list(contact_ids), "cases": list(cases), "characters": characters}))
    return sorted(rows, key=lambda row: row.created_at, reverse=True)


def complete(kind: str, begun: str, *, limit: int = 8) -> list[Any]:
    """Return `address` and `name` of contacts whose address begins like this; fewer than two letters find nothing."""
    wanted = begun.strip().lower().replace("\\", "").replace("%", "").replace("_", "\\_")
    if len(wanted) < MIN_BEGUN:
        return []
    return list(run(_COMPLETE, {"kind": kind, "begun": f"{wanted}%", "limit": limit}))
