"""Tables of how people look at lists: views that they make, and how each agent's lists are laid out."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Shared(StrEnum):
    """Who finds a view among theirs; what it shows is always cut to what they may see."""

    PRIVATE = "private"
    TEAM = "team"
    EVERYBODY = "everybody"


class SavedView(Base):
    """A query of the search language under a name, with its order and the columns of its table."""

    __tablename__ = "saved_views"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    query: Mapped[str]
    order: Mapped[str] = mapped_column(default="")
    columns: Mapped[list[str]] = mapped_column(JSONB, default=list)
    shared: Mapped[Shared]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    changed_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_saved_views_owner", "owner_id"),
        Index("ix_saved_views_shared", "shared", "team_id", postgresql_where=text("shared <> 'private'")),
    )


class ListChoice(Base):
    """How an agent's lists are laid out: cards, or a table with these columns."""

    __tablename__ = "list_choices"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    layout: Mapped[str]
    columns: Mapped[list[str]] = mapped_column(JSONB)


class ViewArrangement(Base):
    """Which views stand above lists, and in what order: for `user:ID`, `team:KEY` or `role:KEY`."""

    __tablename__ = "view_arrangements"

    scope: Mapped[str] = mapped_column(primary_key=True)
    keys: Mapped[list[str]] = mapped_column(JSONB)
    hidden: Mapped[list[str]] = mapped_column(JSONB)
