"""Tables of the time spent on cases."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class TimeEntry(Base):
    """Minutes that somebody spent on a case on a day."""

    __tablename__ = "time_entries"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    day: Mapped[date] = mapped_column(Date)
    minutes: Mapped[int]
    note: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(default="")
    booked_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_time_entries_case", "case_id", "id"),
        Index("ix_time_entries_user", "user_id", "day"),
        Index("ix_time_entries_day", "day", "id"),
    )


class WorkTimer(Base):
    """The timer of an agent, of which one runs at most; it lives here, so a reload or another machine finds it again."""

    __tablename__ = "work_timers"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    begun_at: Mapped[datetime]
