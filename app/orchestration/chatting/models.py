"""Tables of chat routing: who takes chats, who is in which, and to whom one was offered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ChatAgent(Base):
    """Whether a colleague is available for chats, and for how many at a time. `idle_since` is when they last had one more to do."""

    __tablename__ = "chat_agents"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    is_available: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    capacity: Mapped[int] = mapped_column(default=3, server_default=text("3"))
    idle_since: Mapped[datetime]

    __table_args__ = (CheckConstraint("capacity between 1 and 20", name="capacity_1_to_20"),)


class ChatSeat(Base):
    """Somebody's part in a chat; while `left_at` is empty they are in it."""

    __tablename__ = "chat_seats"

    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_chat_seats_taken", "user_id", postgresql_where=text("left_at is null")),)


class ChatOffer(Base):
    """A chat that was offered to somebody. `outcome`: empty while it waits, else taken, declined, missed, withdrawn.

    `from_user_id` hands their chat over with it; it stays theirs until it is taken.
    """

    __tablename__ = "chat_offers"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    from_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(default="", server_default=text("''"))

    __table_args__ = (
        Index("ix_chat_offers_chat", "chat_id"),
        # Whatever two processes do at the same time, a chat is never offered to two people at once.
        Index("uq_chat_offers_waiting", "chat_id", unique=True, postgresql_where=text("outcome = ''")),
    )
