"""Database frame: the declarative base, the session of the current unit of work, and its hooks."""

from __future__ import annotations

from app.db.base import Base, bind, configure, engine, is_transient, when_bound
from app.db.direct import is_pending, json, later, later_once, lock, new_id, reserve, run, settle
from app.db.frames import HopeLost, Write, after_commit, before_commit, frame, in_unit_of_work, session
from app.db.knowing import forget, is_known, known, outdate, remember, unlearn
from app.db.units import hopefully, let_go, one_transaction, savepoint, transact, unit_of_work

__all__ = [
    "Base", "HopeLost", "Write", "after_commit", "before_commit", "bind", "configure", "engine", "forget", "frame",
    "hopefully", "in_unit_of_work", "is_known", "is_pending", "is_transient", "json", "known", "later", "later_once",
    "let_go", "lock", "new_id", "one_transaction", "outdate", "remember", "reserve", "run", "savepoint", "session", "settle", "transact",
    "unit_of_work", "unlearn", "when_bound",
]  # fmt: skip
