"""Tables of the cases room."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Identity, Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

case_numbers = Sequence("case_numbers", metadata=Base.metadata)


class CaseStatus(StrEnum):
    """Where a case stands, for people; the process decides it."""

    NEW = "new"
    OPEN = "open"
    DISPATCHED = "dispatched"
    WAITING = "waiting"
    RESOLVED = "resolved"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"
    MERGED = "merged"


OPEN_STATES = ("new", "open", "dispatched", "waiting", "resolved")


class Case(Base):
    """What a customer wants settled."""

    __tablename__ = "cases"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    subject: Mapped[str]
    preview: Mapped[str] = mapped_column(default="")
    status: Mapped[CaseStatus]
    type: Mapped[str] = mapped_column(default="")
    priority: Mapped[str] = mapped_column(default="normal")
    queue_key: Mapped[str] = mapped_column(default="")
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    contact_name: Mapped[str] = mapped_column(default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_accounts.id"))
    channel: Mapped[str]
    language: Mapped[str] = mapped_column(default="")
    auto: Mapped[str] = mapped_column(default="none")
    is_unread: Mapped[bool] = mapped_column(default=True)
    chase_count: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    due_from: Mapped[datetime | None]
    due_why: Mapped[str] = mapped_column(default="")
    own_due_at: Mapped[datetime | None]
    own_due_from: Mapped[datetime | None]
    own_due_why: Mapped[str] = mapped_column(default="", server_default=text("''"))
    first_reply_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    reopen_until: Mapped[datetime | None]
    retain_until: Mapped[datetime | None]
    merged_into: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own attribute
    __table_args__ = (
        Index(
            "ix_cases_team_open",
            "team_id",
            "due_at",
            "id",
            postgresql_where=text("archived_at is null"),
        ),
        Index(
            "ix_cases_due_open",
            "due_at",
            "id",
            postgresql_where=text("archived_at is null"),
        ),
        Index(
            "ix_cases_assignee_open",
            "assignee_id",
            "due_at",
            "id",
            postgresql_where=text("archived_at is null"),
        ),
        Index("ix_cases_chased", "id", postgresql_where=text("archived_at is null and chase_count > 0")),
        Index("ix_cases_merged_into", "merged_into", postgresql_where=text("merged_into is not null")),
        Index("ix_cases_touched", "touched_at", "id"),
        Index("ix_cases_team_touched", "team_id", "touched_at", "id"),
    )


class OpenTab(Base):
    """A case that a user has open on their desk, on whatever machine; `seen_at` is when they looked at it last."""

    __tablename__ = "open_tabs"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True, index=True)
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
