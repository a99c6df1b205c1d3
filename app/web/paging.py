"""Cursors: opaque to callers, checked when they come back. They hold the last row's place in the order, so pages never shift."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import orjson

from app.clock import iso
from app.errors import Invalid


def pack(order: str, value: datetime | None, row_id: int) -> str:
    """Return the cursor that stands after a row."""
    text = iso(value) if value is not None else None
    return base64.urlsafe_b64encode(orjson.dumps([order, text, row_id])).decode().rstrip("=")


def pack_name(order: str, name: str, row_id: int) -> str:
    """Return the cursor that stands after a row of a list in the order of names."""
    return base64.urlsafe_b64encode(orjson.dumps([order, name, row_id])).decode().rstrip("=")


def unpack_name(cursor: str, order: str) -> tuple[str, int]:
    """Return name and id of the row a cursor stands after; raises Invalid likewise."""
    try:
        data: Any = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        made_for, name, row_id = data
        if made_for != order or not isinstance(name, str) or not isinstance(row_id, int):
            raise ValueError(cursor)
    except (ValueError, TypeError):
        raise _unusable() from None
    return name, row_id


def unpack(cursor: str, order: str) -> tuple[datetime | None, int]:
    """Return sort value and id of the row a cursor stands after; raises Invalid for one that is not ours or of another order."""
    try:
        data: Any = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        made_for, text, row_id = data
        value = None if text is None else datetime.fromisoformat(text)
        if made_for != order or not isinstance(row_id, int) or (value is not None and value.tzinfo is None):
            raise ValueError(cursor)
    except (ValueError, TypeError):
        raise _unusable() from None
    return value, row_id


def _unusable() -> Invalid:
    return Invalid(
        "bad_cursor", "Take the cursor from next_cursor of the page before, with the same order.",
        fields={"cursor": "not usable"},
    )  # fmt: skip
