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
    execute = psycopg.Cursor.execute

    def remember(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
        if "SAVEPOINT" not in str(query):
            sent.append(str(query))
        return execute(cursor, query, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", remember)
        yield sent
