"""Database frame: the declarative base, the session of the current unit of work, and its hooks.

One transaction per request and per job, opened and committed here and nowhere else.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Engine,
    Enum,
    MetaData,
    Text,
    create_engine,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

T = TypeVar("T")
RETRIES = 5
TRANSIENT_STATES = {"40001", "40P01", "55P03"}


class Base(DeclarativeBase):
    """Base of all models: named constraints, aware datetimes, text without lengths, JSONB dictionaries."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 -- SQLAlchemy reads this class attribute as it stands
        int: BigInteger,
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[str]: JSONB,
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            length=32,
            create_constraint=True,
            values_callable=lambda kind: [member.value for member in kind],
        ),
    }


class _Frame:
    """What belongs to one unit of work: its session, and what runs around its commit."""

    __slots__ = ("after", "before", "info", "session")

    def __init__(self, session: Session) -> None:
        self.session = session
        self.before: list[Callable[[], None]] = []
        self.after: list[Callable[[], None]] = []
        self.info: dict[str, Any] = {}


_frame: ContextVar[_Frame | None] = ContextVar("unit_of_work", default=None)
_bind: Engine | Connection | None = None


def configure(url: str, *, pool_size: int = 5) -> Engine:
    """Make the engine of this process; later calls replace it."""
    global _bind
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=False,
        pool_recycle=1800,
    )
    _bind = engine
    return engine


def bind(connection: Connection | Engine) -> None:
    """Run all units of work on this connection, each in a savepoint: the tests' frame."""
    global _bind
    _bind = connection


def engine() -> Engine:
    """Return the engine in use; raises RuntimeError before `configure`."""
    if _bind is None:
        raise RuntimeError("The database is not configured: call app.db.configure first.")
    return _bind.engine


def _forget_inherited_connections() -> None:
    """After a fork the parent's sockets are not ours to use or to close."""
    if isinstance(_bind, Engine):
        _bind.dispose(close=False)


os.register_at_fork(after_in_child=_forget_inherited_connections)


def session() -> Session:
    """Return the session of the current unit of work; raises RuntimeError outside of one."""
    return frame().session


def frame() -> _Frame:
    """Return the current unit of work; raises RuntimeError outside of one."""
    current = _frame.get()
    if current is None:
        raise RuntimeError("No unit of work is open: open one with app.db.unit_of_work().")
    return current


def in_unit_of_work() -> bool:
    """Tell whether a unit of work is open."""
    return _frame.get() is not None


def before_commit(action: Callable[[], None]) -> None:
    """Run `action` inside this transaction, just before it commits."""
    frame().before.append(action)


def after_commit(action: Callable[[], None]) -> None:
    """Run `action` once this transaction has committed; never when it rolls back."""
    frame().after.append(action)


def _run_before_commit(current: _Frame) -> None:
    while current.before:
        actions, current.before = current.before, []
        for action in actions:
            action()
    current.session.flush()


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Open a transaction, commit it at the end, roll back on any error. An open one is joined."""
    outer = _frame.get()
    if outer is not None:
        yield outer.session
        return
    if _bind is None:
        raise RuntimeError("The database is not configured: call app.db.configure first.")
    mode = "create_savepoint" if isinstance(_bind, Connection) else "conditional_savepoint"
    current = _Frame(Session(_bind, join_transaction_mode=mode, expire_on_commit=False))  # type: ignore[arg-type]
    token = _frame.set(current)
    try:
        yield current.session
        _run_before_commit(current)
        current.session.commit()
    except BaseException:
        current.session.rollback()
        raise
    finally:
        current.session.close()
        _frame.reset(token)
    for action in current.after:
        action()


@contextmanager
def savepoint() -> Iterator[None]:
    """Keep the rest of the transaction when this part fails: hooks registered inside it are dropped with it."""
    current = frame()
    before, after = len(current.before), len(current.after)
    lengths = {key: len(value) for key, value in current.info.items() if isinstance(value, list)}
    nested = current.session.begin_nested()
    try:
        yield
        nested.commit()
    except BaseException:
        nested.rollback()
        del current.before[before:]
        del current.after[after:]
        for key in list(current.info):
            if isinstance(current.info[key], list):
                del current.info[key][lengths.get(key, 0) :]
        raise


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work may pass when it is simply done again."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return state in TRANSIENT_STATES or (isinstance(error, OperationalError) and error.connection_invalidated)


def transact(work: Callable[[], T]) -> T:
    """Run `work` in a unit of work; transient database errors are tried again a few times."""
    for attempt in range(RETRIES):
        try:
            with unit_of_work():
                return work()
        except DBAPIError as error:
            if in_unit_of_work() or attempt + 1 == RETRIES or not is_transient(error):
                raise
            time.sleep(random.uniform(0.005, 0.03) * (attempt + 1))
    raise AssertionError("unreachable")
