"""Tables of the knowledge room."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Template(Base):
    """A text that processes send, per language: `key` is what a capability names."""

    __tablename__ = "templates"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str]
    language: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]

    __table_args__ = (UniqueConstraint("key", "language"),)


class Circle(StrEnum):
    """Who finds a canned reply among theirs."""

    PRIVATE = "private"
    TEAM = "team"
    EVERYBODY = "everybody"


class CannedReply(Base):
    """A text that agents put into what they write; `texts` has it by language."""

    __tablename__ = "canned_replies"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    folder: Mapped[str] = mapped_column(default="")
    texts: Mapped[dict[str, str]] = mapped_column(JSONB)
    shared: Mapped[Circle]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    uses: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    changed_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_canned_replies_owner", "owner_id"),
        Index("ix_canned_replies_shared", "shared", "team_id", postgresql_where=text("shared <> 'private'")),
    )
