"""Tables beside the case: tags, who watches it, until when it sleeps, which cases it belongs with."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

#: `via` of what a case has by itself; any other value is the merged case that brought it along.
OWN = 0


class LinkKind(StrEnum):
    """How one case stands to another, read from the first to the second."""

    RELATED = "related"
    PARENT = "parent"
    DUPLICATE = "duplicate"
    SPLIT = "split"


class Tag(Base):
    """A word that people put on cases; `folded` makes one tag of all its spellings."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class CaseTag(Base):
    """A tag on a case; one that a merged case brought along goes with it again."""

    __tablename__ = "case_tags"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True)
    via: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default=text("0"))

    __table_args__ = (Index("ix_case_tags_tag", "tag_id", "case_id"),)


class Watcher(Base):
    """A user who wants to be told what happens on a case."""

    __tablename__ = "watchers"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    via: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default=text("0"))

    __table_args__ = (Index("ix_watchers_user", "user_id", "case_id"),)


class Snooze(Base):
    """A case that is laid aside: until a time, or until the customer writes. Afterwards `back` says why it is here again."""

    __tablename__ = "snoozes"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    until: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    back: Mapped[str] = mapped_column(default="")

    __table_args__ = (Index("ix_snoozes_asleep", "case_id", postgresql_where=text("ended_at is null")),)


class CaseLink(Base):
    """Two cases that belong together: the first is related to, the parent of, a duplicate of, or split off from the second."""

    __tablename__ = "case_links"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    other_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    kind: Mapped[LinkKind]
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(default="")

    __table_args__ = (UniqueConstraint("case_id", "other_id", "kind"), Index("ix_case_links_other", "other_id"))
