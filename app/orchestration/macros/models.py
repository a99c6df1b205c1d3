"""The table of macros."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.knowledge.models import Circle


class Macro(Base):
    """A named list of actions. A step is `kind` and `params`, both as the bulk actions know them and as they were given."""

    __tablename__ = "macros"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    shared: Mapped[Circle]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    is_on: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    uses: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    changed_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_macros_owner", "owner_id"),
        Index("ix_macros_shared", "shared", "team_id", postgresql_where=text("shared <> 'private'")),
    )
