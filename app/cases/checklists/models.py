"""Tables of checklists."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Identity, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ChecklistItem(Base):
    """One point of a case's checklist; one that is needed must be done before the case is closed."""

    __tablename__ = "checklist_items"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    place: Mapped[int]
    text: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    due_on: Mapped[date | None] = mapped_column(Date)
    is_needed: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    done_at: Mapped[datetime | None]
    done_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    __table_args__ = (Index("ix_checklist_items_case", "case_id", "place", "id"),)


class ChecklistTemplate(Base):
    """A list that cases of a type (empty: all) can be given; `must_be_done`: before such a case is closed."""

    __tablename__ = "checklist_templates"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    name_zh: Mapped[str] = mapped_column(default="", server_default=sql("''"))
    case_type: Mapped[str] = mapped_column(default="", server_default=sql("''"))
    items: Mapped[list[str]] = mapped_column(JSONB)
    must_be_done: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    version: Mapped[int] = mapped_column(default=1, server_default=sql("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own attribute
