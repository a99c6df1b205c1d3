"""The unit of work that is open now: its session, what runs around its commit, what is held back for it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, LiteralString

from sqlalchemy.orm import Session

from app.db.base import Base

LAST = 9


@dataclass(frozen=True, slots=True)
class Write:
    """A statement with its values. What other rows refer to has a lower rank and is written before them."""

    statement: LiteralString
    values: Mapping[str, Any]
    rank: int = LAST


class Frame:
    """What belongs to one unit of work: its session, what runs around its commit, and rows that are written together."""

    __slots__ = (
        "after", "before", "hopeful", "ids", "info", "known", "later", "pending", "ranks", "session", "touched",
    )  # fmt: skip

    def __init__(self, session: Session) -> None:
        self.session = session
        self.before: list[Callable[[], None]] = []
        self.after: list[Callable[[], None]] = []
        self.info: dict[str, Any] = {}
        self.later: dict[LiteralString, list[Mapping[str, Any]]] = {}
        self.ranks: dict[LiteralString, int] = {}
        self.pending: dict[Hashable, Callable[[], Write]] = {}
        self.touched: list[Base] = []
        self.ids: dict[str, list[int]] = {}
        self.known: dict[Hashable, Any] = {}
        self.hopeful = False


class HopeLost(BaseException):
    """Something failed in a unit of work without savepoints: all of it has to be done again, with them.

    No Exception, so that nobody takes it for the failure of one step.
    """


current_frame: ContextVar[Frame | None] = ContextVar("unit_of_work", default=None)


def session() -> Session:
    """Return the session of the current unit of work; raises RuntimeError outside of one."""
    return frame().session


def frame() -> Frame:
    """Return the current unit of work; raises RuntimeError outside of one."""
    current = current_frame.get()
    if current is None:
        raise RuntimeError("No unit of work is open: open one with app.db.unit_of_work().")
    return current


def in_unit_of_work() -> bool:
    """Tell whether a unit of work is open."""
    return current_frame.get() is not None


def before_commit(action: Callable[[], None]) -> None:
    """Run `action` inside this transaction, just before it commits."""
    frame().before.append(action)


def after_commit(action: Callable[[], None]) -> None:
    """Run `action` once this transaction has committed; never when it rolls back."""
    frame().after.append(action)
