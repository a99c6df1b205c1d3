"""Tables of the messaging room."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class EnvelopeState(StrEnum):
    """Life of a raw inbound thing."""

    RECEIVED = "received"
    DONE = "done"
    DROPPED = "dropped"
    FAILED = "failed"


class Direction(StrEnum):
    """Which way a message went."""

    IN = "in"
    OUT = "out"
    NOTE = "note"


class DeliveryState(StrEnum):
    """Life of one sending."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    BOUNCED = "bounced"
    IN_DOUBT = "in_doubt"


class ChannelAccount(Base):
    """A configured mailbox, number or widget. `config` is open, `secrets` is sealed; `hook_key` names it in its webhook's address."""

    __tablename__ = "channel_accounts"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    provider: Mapped[str]
    name: Mapped[str]
    address: Mapped[str] = mapped_column(index=True)
    config: Mapped[dict[str, Any]]
    secrets: Mapped[str] = mapped_column(default="")
    queue_key: Mapped[str] = mapped_column(default="")
    is_enabled: Mapped[bool] = mapped_column(default=True)
    cursor: Mapped[dict[str, Any]]
    inbound_health: Mapped[dict[str, Any]]
    outbound_health: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    hook_key: Mapped[str] = mapped_column(unique=True, default=lambda: secrets.token_urlsafe(18))
    pace: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sql("'{}'"))
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class Envelope(Base):
    """A raw inbound thing exactly as received; unique per account and external id."""

    __tablename__ = "envelopes"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_accounts.id"))
    external_id: Mapped[str]
    digest: Mapped[str] = mapped_column(ForeignKey("blobs.digest"))
    order_key: Mapped[str] = mapped_column(default="")
    meta: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    state: Mapped[EnvelopeState]
    reason: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    message_id: Mapped[int | None]
    done_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("account_id", "external_id"),
        Index("ix_envelopes_open", "id", postgresql_where=sql("state = 'received'")),
        Index(
            "ix_envelopes_order",
            "order_key",
            "id",
            postgresql_where=sql("state = 'received'"),
        ),
        Index("ix_envelopes_digest", "digest"),
    )


class Interaction(Base):
    """One exchange with one contact on one channel, under a case."""

    __tablename__ = "interactions"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_accounts.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    kind: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime]


class Message(Base):
    """One item of an interaction; append-only. `reason` says why it was threaded where it is.

    While its case is merged into another, `case_id` is that other one and `home_id` the case that it belongs to.
    """

    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    interaction_id: Mapped[int] = mapped_column(ForeignKey("interactions.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    direction: Mapped[Direction]
    kind: Mapped[str]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    author: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(default="")
    full_text: Mapped[str] = mapped_column(default="")
    html: Mapped[str] = mapped_column(default="")
    sender: Mapped[str] = mapped_column(default="")
    recipients: Mapped[dict[str, Any]]
    rfc_id: Mapped[str | None]
    auto: Mapped[str] = mapped_column(default="none")
    reason: Mapped[str] = mapped_column(default="")
    cause: Mapped[dict[str, Any]]
    problems: Mapped[list[str]]
    raw_digest: Mapped[str | None]
    created_at: Mapped[datetime]
    moved_from: Mapped[int | None]
    home_id: Mapped[int | None]
    search: Mapped[Any] = mapped_column(TSVECTOR, nullable=True, deferred=True)

    __table_args__ = (
        Index("ix_messages_case", "case_id", "id"),
        Index("ix_messages_rfc_id", "rfc_id", postgresql_where=sql("rfc_id is not null")),
    )


class CaseText(Base):
    """All tokens of a case's messages in one row, so that a search reads one index entry a case and not one a message.

    The database keeps it itself, by triggers on `messages`: whatever adds, moves or removes messages cannot forget it.
    """

    __tablename__ = "case_texts"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    search: Mapped[Any] = mapped_column(TSVECTOR)

    __table_args__ = (Index("ix_case_texts_search", "search", postgresql_using="gin"),)


class Attachment(Base):
    """A file of a message; its bytes lie in the blob store."""

    __tablename__ = "attachments"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(ForeignKey("blobs.digest"))
    content_id: Mapped[str] = mapped_column(default="")
    is_inline: Mapped[bool] = mapped_column(default=False)


class Delivery(Base):
    """The tracked sending of one message to its recipients through one account; `outcomes` says what became of it for each."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_accounts.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[DeliveryState]
    reason: Mapped[str] = mapped_column(default="")
    detail: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    provider_id: Mapped[str] = mapped_column(default="")
    headers: Mapped[dict[str, Any]]
    outcomes: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_deliveries_open",
            "due_at",
            postgresql_where=sql("state in ('queued', 'sending')"),
        ),
    )

    @property
    def may_send_again(self) -> bool:
        """Whether a person may decide to repeat it: somebody did not get it, and nobody is trying any more."""
        if self.state in (DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.IN_DOUBT):
            return True
        return self.state is DeliveryState.SENT and any(each["state"] == "failed" for each in self.outcomes.values())


class Participant(Base):
    """An address that takes part in a case: it wrote in, or was written to. What makes a threading claim credible."""

    __tablename__ = "participants"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)


class AutoMail(Base):
    """An automatic mail that was allowed to one address: what the hourly cap counts."""

    __tablename__ = "auto_mails"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    address: Mapped[str]
    sent_at: Mapped[datetime]

    __table_args__ = (Index("ix_auto_mails_address", "address", "sent_at"),)


class Draft(Base):
    """What an agent has written and not yet sent, per case; kept on the server. `user_id` is who writes it now.

    A shared one is seen by colleagues on the case, who can take it over; `writers` are the ids of all who wrote in it, in order.
    `mark` names the save that it comes from, for a page that did not hear the answer.
    """

    __tablename__ = "drafts"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str]
    text: Mapped[str]
    recipients: Mapped[dict[str, Any]]
    files: Mapped[list[Any]]
    seen_message_id: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime]
    is_shared: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    writers: Mapped[list[Any]] = mapped_column(default=list, server_default=sql("'[]'"))
    mark: Mapped[str] = mapped_column(default="", server_default=sql("''"))


class HeldReply(Base):
    """A reply that is to go out at `due_at` and can be taken back until then. At most one waits on a case.

    `outcome` says how the wait ended: sent, undone, customer (who wrote first), refused (`problem` says why).
    """

    __tablename__ = "held_replies"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    author: Mapped[str]
    text: Mapped[str]
    recipients: Mapped[dict[str, Any]]
    subject: Mapped[str] = mapped_column(default="")
    files: Mapped[list[Any]]
    seen_message_id: Mapped[int]
    due_at: Mapped[datetime]
    is_later: Mapped[bool] = mapped_column(default=False)
    step: Mapped[dict[str, Any]]
    writers: Mapped[list[Any]] = mapped_column(default=list, server_default=sql("'[]'"))
    cause: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sql("'{}'"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(default="")
    problem: Mapped[str] = mapped_column(default="")
    message_id: Mapped[int | None]

    __table_args__ = (
        Index("ix_held_replies_case", "case_id"),
        Index("uq_held_replies_waiting", "case_id", unique=True, postgresql_where=sql("ended_at is null")),
    )


class WritingHabit(Base):
    """How one agent writes: the seconds in which a reply can be taken back, and what the timeline shows."""

    __tablename__ = "writing_habits"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    undo_seconds: Mapped[int | None]
    shown: Mapped[str] = mapped_column(default="all")


class Mention(Base):
    """A note that mentions a user who may see its case, by name or with their team."""

    __tablename__ = "mentions"

    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)

    __table_args__ = (Index("ix_mentions_user", "user_id", "message_id"),)


class ReadMark(Base):
    """How far an agent has read a case: the newest message that stood there when they last looked."""

    __tablename__ = "read_marks"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[int]
