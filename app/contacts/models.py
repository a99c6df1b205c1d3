"""Tables of the contacts room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Organization(Base):
    """A company or household that contacts belong to."""

    __tablename__ = "organizations"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    tier: Mapped[str] = mapped_column(default="", server_default="")
    warning: Mapped[str] = mapped_column(default="", server_default="")
    sort_name: Mapped[str] = mapped_column(default="", server_default="")
    search: Mapped[Any] = mapped_column(TSVECTOR, nullable=True, deferred=True)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))

    __table_args__ = (
        Index("ix_organizations_name", "sort_name", "id"),
        Index("ix_organizations_search", "search", postgresql_using="gin"),
    )


class OrganizationDomain(Base):
    """A mail domain of an organization: who writes from it belongs to the organization."""

    __tablename__ = "organization_domains"

    domain: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)


class Contact(Base):
    """A person outside who writes, calls or visits.

    `merged_into` says that this is the same person as another contact, `head_id` which contact stands for all of them. Nothing
    else changes when people are merged: addresses, cases and messages stay with the contact that they came to.
    """

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    language: Mapped[str] = mapped_column(default="")
    timezone: Mapped[str] = mapped_column(default="", server_default="")
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"))
    tier: Mapped[str] = mapped_column(default="", server_default="")
    warning: Mapped[str] = mapped_column(default="", server_default="")
    is_blocked: Mapped[bool] = mapped_column(default=False)
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    head_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    sort_name: Mapped[str] = mapped_column(default="", server_default="")
    search: Mapped[Any] = mapped_column(TSVECTOR, nullable=True, deferred=True)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))

    __table_args__ = (
        Index("ix_contacts_organization_id", "organization_id", "sort_name", "id"),
        Index("ix_contacts_head_id", "head_id", postgresql_where=text("head_id is not null")),
        Index("ix_contacts_name", "sort_name", "id", postgresql_where=text("head_id is null")),
        Index("ix_contacts_tier", "tier", "sort_name", "id", postgresql_where=text("head_id is null and tier <> ''")),
        Index(
            "ix_contacts_marked",
            "sort_name",
            "id",
            postgresql_where=text("head_id is null and (warning <> '' or is_blocked)"),
        ),
        Index("ix_contacts_search", "search", postgresql_using="gin"),
    )


class ContactPoint(Base):
    """One address of a contact, in normal form. `domain` and `clue` are what other addresses of the same person may share."""

    __tablename__ = "contact_points"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    address: Mapped[str]
    domain: Mapped[str] = mapped_column(default="", server_default="")
    clue: Mapped[str] = mapped_column(default="", server_default="")
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        UniqueConstraint("kind", "address"),
        # For completion: what an address begins with.
        Index("ix_contact_points_begin", "address", postgresql_ops={"address": "text_pattern_ops"}),
        Index("ix_contact_points_domain", "domain", postgresql_where=text("domain <> ''")),
        Index("ix_contact_points_clue", "clue", postgresql_where=text("clue <> ''")),
    )


class Consent(Base):
    """What somebody said by a word like STOP of being written to at an address; without a row nothing was said."""

    __tablename__ = "consents"

    kind: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    is_given: Mapped[bool]
    words: Mapped[str]
    changed_at: Mapped[datetime]


class ContactTrace(Base):
    """What a contact's messages carried that may belong to them: a number below the text, an address in Cc or Reply-To."""

    __tablename__ = "contact_traces"

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (Index("ix_contact_traces_value", "value", "kind"),)


class ContactDifference(Base):
    """Two contacts that somebody has looked at and said: these are two people."""

    __tablename__ = "contact_differences"

    low_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)
    high_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)
