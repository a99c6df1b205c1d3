"""Tables of the orchestration room: which instance drives which case or work order, and what starts what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Drive(Base):
    """An instance drives a case, or a work order under it."""

    __tablename__ = "drives"

    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instances.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    work_order_id: Mapped[int | None] = mapped_column(ForeignKey("work_orders.id"), index=True)


class EntryRule(Base):
    """One row of the entry table: the first that matches a new case names the process. Empty columns match all."""

    __tablename__ = "entry_rules"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    position: Mapped[int]
    channel: Mapped[str] = mapped_column(default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_accounts.id", ondelete="CASCADE"))
    subject_contains: Mapped[str] = mapped_column(default="")
    tier: Mapped[str] = mapped_column(default="", server_default="")
    language: Mapped[str] = mapped_column(default="", server_default="")
    definition_key: Mapped[str]
    is_enabled: Mapped[bool] = mapped_column(default=True)


class ScheduledStart(Base):
    """A start event with a timer of a published version: when it next opens a case. `plan` is the engine's own schedule."""

    __tablename__ = "scheduled_starts"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("process_definitions.id"))
    key: Mapped[str] = mapped_column(index=True)
    element_id: Mapped[str]
    name: Mapped[str]
    plan: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    fired: Mapped[int] = mapped_column(default=0)

    __table_args__ = (UniqueConstraint("definition_id", "element_id"),)


class Merge(Base):
    """A case that lives on in another one. `before` holds what its own row said; an undone merge stays as a record."""

    __tablename__ = "merges"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    into_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    before: Mapped[dict[str, Any]]
    merged_at: Mapped[datetime]
    merged_by: Mapped[str] = mapped_column(default="")
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(default="")

    __table_args__ = (Index("uq_merges_standing", "case_id", unique=True, postgresql_where=text("undone_at is null")),)


class MissedMessage(Base):
    """What a held process would have heard; it hears it when it goes on."""

    __tablename__ = "missed_messages"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    name: Mapped[str]
    payload: Mapped[dict[str, Any]]
    missed_at: Mapped[datetime]


class ProcessMigration(Base):
    """All running instances of one version on their way to another: instances up to `reached_id` have been dealt with."""

    __tablename__ = "process_migrations"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("process_definitions.id"), index=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("process_definitions.id"), index=True)
    mapping: Mapped[dict[str, Any]]
    note: Mapped[str]
    user_id: Mapped[int | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    reached_id: Mapped[int]
    moved: Mapped[int]
    refused: Mapped[list[Any]]
    ended_at: Mapped[datetime | None]
