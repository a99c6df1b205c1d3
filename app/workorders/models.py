"""Tables of the work-orders room."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

work_order_numbers = Sequence("work_order_numbers", metadata=Base.metadata)


class WorkOrderState(StrEnum):
    """Where a work order stands in its closed loop."""

    DRAFT = "draft"
    DISPATCHED = "dispatched"
    DECLINED = "declined"
    ACCEPTED = "accepted"
    REPLIED = "replied"
    CANCELLING = "cancelling"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"


class WorkOrder(Base):
    """A piece of work dispatched to one party under a case; `home_id` is its own case while that is merged into another."""

    __tablename__ = "work_orders"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    title: Mapped[str]
    fields: Mapped[dict[str, Any]]
    state: Mapped[WorkOrderState]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    opened_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    round: Mapped[int] = mapped_column(default=1)
    chase_count: Mapped[int] = mapped_column(default=0)
    urgency: Mapped[int] = mapped_column(default=0)
    escalation: Mapped[int] = mapped_column(default=0)
    dispatched_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    due_from: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(default="")
    reply: Mapped[dict[str, Any]]
    home_id: Mapped[int | None]
    retain_until: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own attribute
    __table_args__ = (
        Index(
            "ix_work_orders_team_open",
            "team_id",
            "due_at",
            postgresql_where=text("ended_at is null"),
        ),
        Index(
            "ix_work_orders_holder_open",
            "holder_id",
            postgresql_where=text("ended_at is null"),
        ),
    )


class Amendment(Base):
    """A change to a work order's fields, shown field by field: {"budget": {"from": "200", "to": "300"}}."""

    __tablename__ = "amendments"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    work_order_id: Mapped[int] = mapped_column(ForeignKey("work_orders.id"), index=True)
    changes: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(default="")
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
