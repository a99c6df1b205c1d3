"""The only source of time in the product; tests freeze it here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_elsewhen: ContextVar[datetime | None] = ContextVar("elsewhen", default=None)


def utcnow() -> datetime:
    """Return the present instant, aware, in UTC."""
    return _elsewhen.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let it be `moment` for what runs inside, in this context alone: for the stories of the demo and for tests."""
    token = _elsewhen.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _elsewhen.reset(token)


def iso(at: datetime) -> str:
    """Return `at` as ISO 8601 in UTC with microseconds: one spelling, so that hashes and cursors agree."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
