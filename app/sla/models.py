"""Tables of the SLA room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class BusinessCalendar(Base):
    """Opening hours, in the form that `app.sla.calendar.calendar_from_spec` reads."""

    __tablename__ = "calendars"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    timezone: Mapped[str]
    weekly: Mapped[dict[str, Any]]
    holidays: Mapped[list[str]]
    extra_days: Mapped[dict[str, Any]]
    day_names: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class WorkingHours(Base):
    """By which calendar a team or a person works: either one or the other is named."""

    __tablename__ = "working_hours"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendars.id"), index=True)

    __table_args__ = (CheckConstraint("num_nonnulls(team_id, user_id) = 1", name="one_owner"),)


class SlaPolicy(Base):
    """What is promised to some customers: time limits by kind, what they are for, when they rest, who is told."""

    __tablename__ = "sla_policies"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    name_zh: Mapped[str] = mapped_column(default="")
    position: Mapped[int]
    is_enabled: Mapped[bool] = mapped_column(default=True)
    conditions: Mapped[dict[str, Any]]
    targets: Mapped[dict[str, Any]]
    calendar_id: Mapped[int | None] = mapped_column(ForeignKey("calendars.id"), index=True)
    pauses: Mapped[list[str]]
    warn_percent: Mapped[int | None]
    warn_who: Mapped[list[str]]
    breach_who: Mapped[list[str]]
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class SlaClock(Base):
    """One time limit of a case, as a policy promised it. `spans` are the stretches in which it has run."""

    __tablename__ = "sla_clocks"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    policy_id: Mapped[int] = mapped_column(ForeignKey("sla_policies.id"), index=True)
    policy_name: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendars.id"), index=True)
    target: Mapped[int]
    spans: Mapped[list[Any]]
    started_at: Mapped[datetime]
    resumed_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    paused_why: Mapped[str] = mapped_column(default="")
    due_at: Mapped[datetime | None]
    warn_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_sla_clocks_case", "case_id"),
        Index("uq_sla_clocks_open", "case_id", "kind", unique=True, postgresql_where=text("ended_at is null")),
    )
