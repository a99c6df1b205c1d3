"""Tables of the contacts room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Organization(Base):
    """A company or household that contacts belong to."""

    __tablename__ = "organizations"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    domain: Mapped[str | None] = mapped_column(unique=True)
    tier: Mapped[str] = mapped_column(default="")


class Contact(Base):
    """A person outside who writes, calls or visits."""

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    language: Mapped[str] = mapped_column(default="")
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    is_blocked: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class ContactPoint(Base):
    """One address of a contact, in normal form."""

    __tablename__ = "contact_points"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    address: Mapped[str]

    __table_args__ = (UniqueConstraint("kind", "address"),)
