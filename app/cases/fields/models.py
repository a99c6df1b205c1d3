"""Tables of custom fields."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, Numeric, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class FieldKind(StrEnum):
    """What the values of a field are."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    YES_NO = "yes_no"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"
    LINK = "link"


class CustomField(Base):
    """A field that cases of a type (empty: all) have; a retired one keeps its values and takes no new ones."""

    __tablename__ = "custom_fields"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_zh: Mapped[str] = mapped_column(default="")
    help: Mapped[str] = mapped_column(default="")
    kind: Mapped[FieldKind]
    choices: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    case_type: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class FieldValue(Base):
    """What a case says in a field. Numbers, days and yes or no stand in `number`; texts in `text`, and as they
    are compared in `word` (their beginning, indexed) and `folded` (all of a text that people wrote, in which words are looked for).
    """

    __tablename__ = "field_values"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    field_id: Mapped[int] = mapped_column(ForeignKey("custom_fields.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str | None]
    word: Mapped[str | None]
    number: Mapped[Decimal | None] = mapped_column(Numeric(20, 6))
    folded: Mapped[str | None]

    __table_args__ = (
        Index("ix_field_values_word", "field_id", "word", "case_id"),
        Index("ix_field_values_number", "field_id", "number", "case_id"),
    )
