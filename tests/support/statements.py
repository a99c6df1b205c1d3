"""Counts what a piece of work asks the database, whichever way it asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Collect the statements that are sent meanwhile, without those that only open and close savepoints."""
    sent: list[str] = []

    def noted(original: Any) -> Any:
        def remember(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
            if "SAVEPOINT" not in str(query):
                sent.append(str(query))
            return original(cursor, query, *args, **options)

        return remember

    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "executemany"):
            patch.setattr(psycopg.Cursor, name, noted(getattr(psycopg.Cursor, name)))
        yield sent
