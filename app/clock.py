"""The only source of time in the product; tests freeze it here and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def iso(at: datetime) -> str:
    """Return `at` as ISO 8601 in UTC with microseconds: one spelling, so that hashes and cursors agree."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
