"""Tables of the orchestration room: which instance drives which case or work order, and what starts what."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Identity
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
