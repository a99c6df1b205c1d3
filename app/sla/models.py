"""Tables of the SLA room."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Identity, text
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
