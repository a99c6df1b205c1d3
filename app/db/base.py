"""The declarative base, and the engine of this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

import orjson
from sqlalchemy import BigInteger, Connection, DateTime, Engine, Enum, MetaData, Text, create_engine, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase

T = TypeVar("T")


PREPARED = 300


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


_bind: Engine | Connection | None = None
_on_bound: list[Callable[[], object]] = []


def _json_text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def _keep_statements(connection: Any, _record: object) -> None:
    connection.prepared_max = PREPARED


def configure(url: str, *, pool_size: int = 5) -> Engine:
    """Make the engine of this process; later calls replace it."""
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=False,
        pool_recycle=1800,
        json_serializer=_json_text,
        json_deserializer=orjson.loads,
        connect_args={"prepare_threshold": 2},
    )
    event.listen(engine, "connect", _keep_statements)
    bind(engine)
    return engine


def when_bound(action: Callable[[], object]) -> None:
    """Run `action` whenever this process turns to a database: what it keeps of rows is not true of another one."""
    _on_bound.append(action)


def bind(connection: Connection | Engine) -> None:
    """Run all units of work on this engine, or on a connection, each in a savepoint: the tests' frame."""
    global _bind
    _bind = connection
    for action in _on_bound:
        action()


def bound() -> Engine | Connection:
    """Return what units of work run on; raises RuntimeError before `configure`."""
    if _bind is None:
        raise RuntimeError("The database is not configured: call app.db.configure first.")
    return _bind


def engine() -> Engine:
    """Return the engine in use; raises RuntimeError before `configure`."""
    return bound().engine


def _forget_inherited_connections() -> None:
    """After a fork the parent's sockets are not ours to use or to close."""
    if isinstance(_bind, Engine):
        _bind.dispose(close=False)


os.register_at_fork(after_in_child=_forget_inherited_connections)


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work may pass when it is simply done again."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return state in TRANSIENT_STATES or (isinstance(error, OperationalError) and error.connection_invalidated)
