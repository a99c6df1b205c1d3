"""Tables of the audit room: append-only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class AuditChain(Base):
    """The head of one chain: what the next event is linked to."""

    __tablename__ = "audit_chains"

    chain: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    head: Mapped[str]
    sealed_at: Mapped[datetime | None]


class AuditEvent(Base):
    """One event: its hash covers everything here and the hash of the one before."""

    __tablename__ = "audit_events"

    chain: Mapped[str] = mapped_column(ForeignKey("audit_chains.chain"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    actor_name: Mapped[str]
    cause: Mapped[dict[str, Any]]
    data: Mapped[dict[str, Any]]
    previous: Mapped[str]
    hash: Mapped[str]

    __table_args__ = (Index("ix_audit_events_at", "at"),)
