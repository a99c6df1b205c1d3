"""API: organizations and their domains."""

from __future__ import annotations

from flask import Blueprint
from pydantic import Field

from app.contacts import listing, organizations
from app.identity import policy
from app.web import paging
from app.web.api.contact_shapes import Tier
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if

blueprint = Blueprint("api_organizations", __name__)
knows = allow_if(policy.may_see_contacts)
edits = allow_if(policy.may_edit_contacts)
TAG = "contacts"


class OrganizationQuery(In):
    """Which organizations."""

    q: str = Field("", max_length=200)
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=1200)


class NewOrganization(In):
    """An organization."""

    name: str = Field(max_length=200)
    tier: Tier = ""
    warning: str = Field("", max_length=1000)
    domains: list[str] = Field(
        default_factory=list, max_length=50, description="Who writes from there for the first time becomes a member."
    )


class OrganizationChange(In):
    """What is to change; what is not given stays."""

    name: str | None = Field(None, max_length=200)
    tier: Tier | None = None
    warning: str | None = Field(None, max_length=1000)
    domains: list[str] | None = Field(None, max_length=50)
    version: int | None = Field(None, description="The version you have read: 409 when somebody changed it since.")


class OrganizationRow(Out):
    """An organization; its members are `GET /contacts?organization=`."""

    id: int
    name: str
    tier: str
    warning: str
    domains: list[str]
    version: int


class OrganizationPage(Out):
    """A page of organizations by name."""

    items: list[OrganizationRow]
    next_cursor: str | None


class Adopted(Out):
    """How many became members."""

    members: int


@blueprint.get("/organizations")
@operation("List organizations", tag=TAG, answers=OrganizationPage, query=OrganizationQuery)
@knows
def list_organizations(query: OrganizationQuery) -> OrganizationPage:
    """List organizations by name."""
    after = paging.unpack_name(query.cursor, "organizations") if query.cursor else None
    rows = listing.organizations(query.q, after=after, limit=query.limit + 1)
    shown = rows[: query.limit]
    cursor = paging.pack_name("organizations", shown[-1].sort_name, shown[-1].id) if len(rows) > query.limit else None
    return OrganizationPage(items=[OrganizationRow.model_validate(row) for row in shown], next_cursor=cursor)


@blueprint.post("/organizations")
@operation(
    "Add an organization", tag=TAG, answers=OrganizationRow, body=NewOrganization, status=201, is_repeatable=True
)
@edits
def add_organization(body: NewOrganization) -> OrganizationRow:
    """Make an organization. 409: a domain belongs to another."""
    made = organizations.save(None, name=body.name, tier=body.tier, warning=body.warning, domains=body.domains)
    return _row(made.id)


@blueprint.get("/organizations/<int:organization_id>")
@operation("Get an organization", tag=TAG, answers=OrganizationRow)
@knows
def get_organization(organization_id: int) -> OrganizationRow:
    """Return an organization."""
    return _row(organization_id)


@blueprint.patch("/organizations/<int:organization_id>")
@operation("Change an organization", tag=TAG, answers=OrganizationRow, body=OrganizationChange)
@edits
def change_organization(organization_id: int, body: OrganizationChange) -> OrganizationRow:
    """Change an organization. 409: a domain belongs to another, or somebody changed it after `version`."""
    row = organizations.existing(organization_id)
    organizations.save(
        row.id, name=row.name if body.name is None else body.name, tier=row.tier if body.tier is None else body.tier,
        warning=row.warning if body.warning is None else body.warning, domains=body.domains, version=body.version,
    )  # fmt: skip
    return _row(organization_id)


@blueprint.post("/organizations/<int:organization_id>/adopt")
@operation("Make members of those who write from the domains", tag=TAG, answers=Adopted)
@edits
def adopt_members(organization_id: int) -> Adopted:
    """Take in who writes from the domains and belongs to no organization, 500 at a time."""
    return Adopted(members=organizations.adopt(organization_id))


def _row(organization_id: int) -> OrganizationRow:
    row = organizations.existing(organization_id)
    return OrganizationRow(
        id=row.id, name=row.name, tier=row.tier, warning=row.warning, version=row.version,
        domains=organizations.domains(row.id),
    )  # fmt: skip
