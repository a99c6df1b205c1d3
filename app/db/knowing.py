"""What a unit of work has found out already: asked once, told to all steps of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, cast

from app.db.base import Base, T
from app.db.frames import frame, in_unit_of_work, session


def known(key: Hashable, find: Callable[[], T]) -> T:
    """Return what `find` returns, found once in a unit of work. For settings that many steps of it ask for."""
    found = frame().known
    if key not in found:
        found[key] = find()
    return cast("T", found[key])


def remember(key: Hashable, value: Any) -> None:
    """Tell this unit of work what `known` would have to find out."""
    frame().known[key] = value


def unlearn(key: Hashable) -> None:
    """Drop one thing that this unit of work knows: it has just been changed."""
    frame().known.pop(key, None)


def is_known(key: Hashable) -> bool:
    """Tell whether `known` has an answer already."""
    return key in frame().known


def forget() -> None:
    """Drop what this unit of work knows: whoever changes a setting calls this."""
    if in_unit_of_work():
        frame().known.clear()


def outdate(model: type[Base], key: Any) -> None:
    """Have the session read this row anew when it is asked for next: `run` has changed it."""
    current = session()
    found = current.identity_map.get(current.identity_key(model, key))
    if found is not None:
        current.expire(found)
