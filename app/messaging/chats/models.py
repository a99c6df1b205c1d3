"""Tables of chats."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

_EMPTY = text("''")


class ChatState(StrEnum):
    """Where a chat stands: begun without a word, open, over."""

    NEW = "new"
    OPEN = "open"
    ENDED = "ended"


class Chat(Base):
    """A visitor's stay with a widget. Their browser holds the token, the row its digest.

    `parts` are the interactions whose messages the visitor sees; `address` is that of their contact. `email` is what they
    typed: good for a transcript they ask for, no proof of who they are. The visitor's browser has messages up to `got_id`
    and has shown them up to `read_id`; an agent has looked up to `seen_id`. While nobody of the desk has it, it has been `waiting_since`.
    """

    __tablename__ = "chats"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_accounts.id"))
    token_digest: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str]
    name: Mapped[str] = mapped_column(default="", server_default=_EMPTY)
    email: Mapped[str] = mapped_column(default="", server_default=_EMPTY)
    topic: Mapped[str] = mapped_column(default="", server_default=_EMPTY)
    language: Mapped[str] = mapped_column(default="", server_default=_EMPTY)
    page: Mapped[str] = mapped_column(default="", server_default=_EMPTY)
    is_verified: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    state: Mapped[ChatState]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    parts: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    got_id: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    read_id: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    seen_id: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    here_at: Mapped[datetime]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(default="", server_default=_EMPTY)
    waiting_since: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]
    rating: Mapped[int | None]
    rating_text: Mapped[str] = mapped_column(default="", server_default=_EMPTY)

    __table_args__ = (
        CheckConstraint("rating between 1 and 5", name="rating_1_to_5"),
        Index("ix_chats_case", "case_id"),
        Index("ix_chats_waiting", "waiting_since", postgresql_where=text("waiting_since is not null")),
        Index("ix_chats_open", "id", postgresql_where=text("state = 'open'")),
    )
