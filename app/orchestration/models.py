"""Tables of the orchestration room: which instance drives which case or work order, and what starts what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, UniqueConstraint
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
