"""The channels' own source of time: the port must not import the desk, and one place can be frozen by tests."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def utcnow() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.fromtimestamp(time.time(), UTC)
