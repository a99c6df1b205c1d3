"""Tables of the routing room."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Identity, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Queue(Base):
    """Where work waits: served by a team, counted by a calendar."""

    __tablename__ = "queues"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_zh: Mapped[str] = mapped_column(default="")
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendars.id"), index=True)
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own attribute
