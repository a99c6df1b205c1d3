"""The list of contacts and that of organizations: filtered, searched, page by page. A page never needs all rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.contacts import spelling
from app.db import run

PAGE = 50
#: So many of the newest hits of a search are put in order; a word that everybody has must not sort them all.
HITS = 2000
_COLUMNS = """select c.id, c.name, c.language, c.timezone, c.is_blocked, c.warning <> '' or coalesce(o.warning, '') <> '' as is_warned,
  coalesce(nullif(c.tier, ''), o.tier, '') as tier, c.organization_id, coalesce(o.name, '') as organization, c.sort_name,
  c.created_at,
  (select coalesce(jsonb_agg(jsonb_build_object('kind', p.kind, 'address', p.address) order by p.id), '[]') from contact_points p
   where p.contact_id in (select c.id union all select x.id from contacts x where x.head_id = c.id)) as points
 from page c left join organizations o on o.id = c.organization_id order by c.sort_name, c.id"""
_ORGANIZATIONS = """select o.id, o.name, o.tier, o.warning, o.sort_name, o.version,
  array(select d.domain from organization_domains d where d.organization_id = o.id order by d.domain) as domains,
  (select count(*) from (select 1 from contacts c where c.organization_id = o.id and c.head_id is null limit 1000) m) as members
 from page o order by o.sort_name, o.id"""
# Of their own or by their organization. As two sets side by side each has its index; as one condition all rows would be read.
_TIERED = """(select * from contacts where tier = %(tier)s
 union all select c.* from organizations o join contacts c on c.organization_id = o.id and c.tier = '' where o.tier = %(tier)s)"""
_WARNED = """(select * from contacts where warning <> ''
 union all select c.* from organizations o join contacts c on c.organization_id = o.id and c.warning = '' where o.warning <> '')"""
_IS_TIER = """(x.tier = %(tier)s or (x.tier = '' and x.organization_id in
 (select o.id from organizations o where o.tier = %(tier)s)))"""
_IS_WARNED = "(x.warning <> '' or x.organization_id in (select o.id from organizations o where o.warning <> ''))"
_HAS_POINT = """exists (select 1 from contact_points p where p.kind = %(channel)s and p.contact_id = x.id)"""
_AFTER = "(x.sort_name, x.id) > (%(after_name)s, %(after_id)s)"


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked of a list of contacts; empty fields ask nothing."""

    text: str = ""
    tier: str = ""
    language: str = ""
    channel: str = ""
    organization_id: int | None = None
    is_warned: bool = False
    is_blocked: bool = False


def _conditions(wanted: Filter) -> list[str]:
    asked = {
        _IS_TIER: wanted.tier, "x.language = %(language)s": wanted.language, _HAS_POINT: wanted.channel,
        "x.organization_id = %(organization)s": wanted.organization_id,
_IS_WARNED: wanted.is_warned,
        "x.is_blocked": wanted.is_blocked,
    }  # fmt: skip
    return ["x.head_id is null", *(condition for condition, value in asked.items() if value)]


def contacts(wanted: Filter, *, after: tuple[str, int] | None = None, limit: int = PAGE) -> list[Any]:
    """Return a page of people by name; `after` is name and id of the last row of the page before."""
    where = _conditions(wanted)
    values = {
        "tier": wanted.tier, "language": wanted.language, "channel": wanted.channel, "organization": wanted.organization_id,
    }  # fmt: skip
    few = _TIERED if wanted.tier else _WARNED if wanted.is_warned else "contacts"
    return _page("contacts", _COLUMNS, where, values, text=wanted.text, after=after, limit=limit, few=few)


def organizations(text: str = "", *, after: tuple[str, int] | None = None, limit: int = PAGE) -> list[Any]:
    """Return a page of organizations by name with domains and number of members (up to 1000)."""
    return _page("organizations", _ORGANIZATIONS, ["true"], {}, text=text, after=after, limit=limit)


def _page(
    table: str, columns: str, where: Sequence[str], values: dict[str, Any], *, text: str,
    after: tuple[str, int] | None, limit: int, few: str = "",
) -> list[Any]:  # fmt: skip
    """Run the statement of a list: over what the search finds, else over `few` rows that hold all that can fit, else over all."""
    found = spelling.wanted(text)
    if text.strip() and not found:
        return []
    source = few or table
    if found:
        # The newest hits first: without a bound the commonest word would be the slowest.
        source = f"(select * from {table} where search @@ %(found)s::tsquery order by id desc limit {HITS})"  # noqa: S608
    conditions = [*where, _AFTER] if after else where
    statement = (
        f"with page as materialized (select x.* from {source} x where {' and '.join(conditions)}"  # noqa: S608 -- constants of ours
        f" order by x.sort_name, x.id limit %(limit)s) {columns}"
    )
    name, last = after or ("", 0)
    given = {**values, "found": found, "after_name": name, "after_id": last, "limit": limit}
    send: Callable[..., Any] = run
    return list(send(statement, given))
