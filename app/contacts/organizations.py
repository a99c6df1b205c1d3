"""Organizations: names, mail domains, members. Who writes from one of the domains for the first time is made a member."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, select

from app import events
from app.clock import utcnow
from app.contacts import service, spelling
from app.contacts.models import Organization, OrganizationDomain
from app.db import forget, lock, run, session
from app.errors import Conflict, Invalid, NotFound

MAX_DOMAINS = 50
#: So many are taken in at once: each of them gets a line on the record.
ADOPTED = 500
_TAKEN = """select d.domain, o.name from organization_domains d join organizations o on o.id = d.organization_id
 where d.domain = any(%(domains)s) and d.organization_id <> %(id)s order by 1 limit 1"""
_STRAYS = """select distinct p.contact_id from contact_points p join contacts c on c.id = p.contact_id
 where p.domain = any(%(domains)s) and c.organization_id is null limit %(limit)s"""
_ADOPT = """update contacts set organization_id = %(organization)s, version = version + 1
 where id = any(%(ids)s) and organization_id is null returning id"""
_INDEXED = "update organizations set search = %(search)s::tsvector where id = %(id)s"


def chain_of(organization_id: int) -> str:
    """Return the name of the audit chain of an organization."""
    return f"organization:{organization_id}"


def existing(organization_id: int) -> Organization:
    """Return an organization; raises NotFound."""
    found = session().get(Organization, organization_id)
    if found is None:
        raise NotFound("organization_unknown", "There is no such organization.")
    return found


def domains(organization_id: int) -> list[str]:
    """Return the mail domains of an organization."""
    wanted = select(OrganizationDomain.domain).where(OrganizationDomain.organization_id == organization_id)
    return list(session().scalars(wanted.order_by(OrganizationDomain.domain)))


def save(
    organization_id: int | None, *, name: str, tier: str = "", warning: str = "", domains: Iterable[str] | None = None,
    version: int | None = None,
) -> Organization:  # fmt: skip
    """Make or change an organization; `domains` None leaves them. Records `organization_saved`.

    Raises NotFound, Invalid, Conflict when a domain is another's or somebody changed the organization after `version`.
    """
    row = _row(organization_id, version)
    clean = spelling.clean_name(name)
    if not clean:
        raise Invalid("name_missing", "Give the organization a name.", fields={"name": "required"})
    before = {"name": row.name, "tier": row.tier, "warning": row.warning}
    row.name, row.sort_name = clean, spelling.sort_name(clean)
    row.tier, row.warning = spelling.clean_tier(tier), spelling.clean_warning(warning)
    session().add(row)
    session().flush()
    after: dict[str, Any] = {"name": row.name, "tier": row.tier, "warning": row.warning}
    changes: dict[str, Any] = {
        key: {"from": before[key], "to": after[key]} for key in after if before[key] != after[key]
    }
    if domains is not None:
        changes |= _set_domains(row, domains)
    if changes:
        row.version = (row.version or 0) + 1
        session().flush()
        _index(row)
        events.record("organization_saved", chain=chain_of(row.id), changes=changes)
        forget()
    return row


def _row(organization_id: int | None, version: int | None) -> Organization:
    if organization_id is None:
        return Organization(name="", tier="", warning="", version=0, created_at=utcnow())
    row = session().get(Organization, organization_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("organization_unknown", "There is no such organization.")
    if version is not None and version != row.version:
        raise Conflict(
            "organization_changed", "Somebody has changed this organization since you opened it. Look again, then save."
        )
    return row


def _set_domains(row: Organization, given: Iterable[str]) -> dict[str, Any]:
    wanted = sorted({spelling.clean_domain(domain) for domain in given if domain.strip()})
    if len(wanted) > MAX_DOMAINS:
        raise Invalid("too_many_domains", f"An organization has at most {MAX_DOMAINS} domains.")
    lock(*(f"domain:{domain}" for domain in wanted))
    taken = run(_TAKEN, {"domains": wanted, "id": row.id}).fetchone()
    if taken is not None:
        raise Conflict("domain_taken", f"{taken.domain} belongs to {taken.name} already.", fields={"domains": "taken"})
    before = domains(row.id)
    if before == wanted:
        return {}
    session().execute(delete(OrganizationDomain).where(OrganizationDomain.organization_id == row.id))
    session().add_all(OrganizationDomain(domain=domain, organization_id=row.id) for domain in wanted)
    session().flush()
    return {"domains": {"from": ", ".join(before), "to": ", ".join(wanted)}}


def _index(row: Organization) -> None:
    addresses = [("email", domain) for domain in domains(row.id)]
    run(_INDEXED, {"id": row.id, "search": spelling.searched([row.name], addresses)})


def strays(organization_id: int, *, limit: int = ADOPTED) -> list[int]:
    """Return contacts who write from the organization's domains and belong to none, as far as one adoption takes them in."""
    own = domains(organization_id)
    return [row.contact_id for row in run(_STRAYS, {"domains": own, "limit": limit})] if own else []


def adopt(organization_id: int) -> int:
    """Make members of those who write from the domains and belong to no organization; returns how many.

    Records `contact_changed` for each of them.
    """
    row = existing(organization_id)
    values = {"organization": row.id, "ids": strays(row.id)}
    taken = [found.id for found in run(_ADOPT, values)]
    for contact_id in taken:
        change = {"organization_id": {"from": None, "to": row.name}}
        events.record("contact_changed", chain=service.chain_of(contact_id), changes=change)
    if taken:
        session().expire_all()
        forget()
    return len(taken)


def by_name(name: str) -> int | None:
    """Return the organization of this name, None for an empty one; raises Invalid when there is none or more than one."""
    wanted = spelling.sort_name(spelling.clean_name(name))
    if not wanted:
        return None
    found = list(session().scalars(select(Organization.id).where(Organization.sort_name == wanted).limit(2)))
    if not found:
        raise Invalid(
            "organization_unknown", "There is no organization of this name: add it first.",
            fields={"organization": "unknown"},
        )  # fmt: skip
    if len(found) > 1:
        raise Invalid(
            "organization_unclear", "Several organizations have this name.", fields={"organization": "not clear"}
        )
    return found[0]
