"""Tables of the knowledge room."""

from __future__ import annotations

from sqlalchemy import Identity, UniqueConstraint
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
