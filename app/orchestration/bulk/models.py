"""Tables of bulk actions: a run, and one row for each case that it is to reach. The rows are the promise."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class RunState(StrEnum):
    """How far a run is: looked at only, at work, or over."""

    PREVIEW = "preview"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class Outcome(StrEnum):
    """What becomes of a case in a run; empty: not known yet."""

    NONE = ""
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


class BulkRun(Base):
    """One action on many cases, frozen when it was looked at. `undo_of` names the run that it takes back."""

    __tablename__ = "bulk_runs"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    params: Mapped[dict[str, Any]]
    query: Mapped[str]
    state: Mapped[RunState]
    total: Mapped[int]
    undo_of: Mapped[int | None] = mapped_column(ForeignKey("bulk_runs.id"), index=True)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_bulk_runs_user", "user_id", "id"),)


class BulkItem(Base):
    """A case in a run: what was foreseen for it, what became of it, and what it takes to undo that (`before`)."""

    __tablename__ = "bulk_items"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("bulk_runs.id", ondelete="CASCADE"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    foreseen: Mapped[str]
    outcome: Mapped[Outcome]
    why: Mapped[str]
    shown: Mapped[str]
    before: Mapped[dict[str, Any]]

    __table_args__ = (
        UniqueConstraint("run_id", "case_id"),
        Index("ix_bulk_items_case_id", "case_id"),
        Index("ix_bulk_items_waiting", "run_id", "id", postgresql_where=text("outcome = ''")),
    )
