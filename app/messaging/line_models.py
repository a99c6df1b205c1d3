"""Tables beside channel accounts whose vendors call us: pace, refusals, receipts, parts of long messages, questions asked back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class AccountPace(Base):
    """How an account goes on sending: when the next message may leave (`next_at`), and until when it rests after failures."""

    __tablename__ = "account_paces"

    account_id: Mapped[int] = mapped_column(ForeignKey("channel_accounts.id", ondelete="CASCADE"), primary_key=True)
    next_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    rest_until: Mapped[datetime | None]


class HookRefusal(Base):
    """How often webhooks of an account were refused on a day, and why (`unsigned`, `paused`, `misconfigured`)."""

    __tablename__ = "hook_refusals"

    account_id: Mapped[int] = mapped_column(ForeignKey("channel_accounts.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    why: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]


class DeliveryReceipt(Base):
    """A message under the id that a vendor gave it, with the `news` of it; the news may come before we know whose id it is."""

    __tablename__ = "delivery_receipts"

    account_id: Mapped[int] = mapped_column(ForeignKey("channel_accounts.id", ondelete="CASCADE"), primary_key=True)
    provider_id: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), index=True)
    news: Mapped[list[Any]]
    heard_at: Mapped[datetime]


class MessagePart(Base):
    """A part of a long text message that came by itself; it waits for the others until they are `joined_at`."""

    __tablename__ = "message_parts"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_accounts.id"))
    envelope_id: Mapped[int] = mapped_column(ForeignKey("envelopes.id"))
    sender: Mapped[str]
    recipient: Mapped[str]
    part: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    joined_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_message_parts_open", "account_id", "sender", postgresql_where=sql("joined_at is null")),
    )


class AskedBack(Base):
    """A verb that somebody asked for without saying of which case; they were asked once, and `choices` are what they may answer."""

    __tablename__ = "asked_back"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_accounts.id"))
    address: Mapped[str]
    verb: Mapped[str]
    words: Mapped[str]
    text: Mapped[str]
    choices: Mapped[list[Any]]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_asked_back_open", "account_id", "address", postgresql_where=sql("answered_at is null")),
    )
