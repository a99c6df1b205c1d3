"""Messages between instances of one unit of work: posted while one runs, delivered when it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.db import frame


@dataclass(frozen=True, slots=True)
class Posted:
    """A message or signal on its way. `target` is an instance id; None: whoever of the case waits for it."""

    sender: int
    case_id: int
    kind: str
    name: str
    payload: dict[str, Any]
    target: int | None = None
    start_work_order: int | None = None
    is_optional: bool = False


def post(item: Posted) -> None:
    """Put an item into the bag of this unit of work."""
    frame().info.setdefault("mailbag", []).append(item)


def take() -> Posted | None:
    """Take the oldest item out, or None when the bag is empty."""
    bag: list[Posted] = frame().info.get("mailbag", [])
    return bag.pop(0) if bag else None
