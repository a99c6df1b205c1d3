"""Tables of the SLA room."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Identity
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class BusinessCalendar(Base):
    """Opening hours: `weekly` maps weekday numbers (0 Monday) to [["09:00","18:00"], …], `holidays` lists ISO dates."""

    __tablename__ = "calendars"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    timezone: Mapped[str]
    weekly: Mapped[dict[str, Any]]
    holidays: Mapped[list[str]]
