"""Database frame: the declarative base, the session of the current unit of work, and its hooks.

One transaction per request and per job, opened and committed here and nowhere else.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString, TypeVar, cast

import orjson
import psycopg
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Engine,
    Enum,
    MetaData,
    Text,
    create_engine,
    event,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session

T = TypeVar("T")
RETRIES = 5
PREPARED = 300
ROWS = "jsonb_to_recordset(%(rows)s)"
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
    """What belongs to one unit of work: its session, what runs around its commit, and rows that are written together."""

    __slots__ = ("after", "before", "hopeful", "info", "known", "later", "session")

    def __init__(self, session: Session) -> None:
        self.session = session
        self.before: list[Callable[[], None]] = []
        self.after: list[Callable[[], None]] = []
        self.info: dict[str, Any] = {}
        self.later: dict[LiteralString, list[Mapping[str, Any]]] = {}
        self.known: dict[Hashable, Any] = {}
        self.hopeful = False


class HopeLost(BaseException):
    """Something failed in a unit of work without savepoints: all of it has to be done again, with them.

    No Exception, so that nobody takes it for the failure of one step.
    """


_frame: ContextVar[_Frame | None] = ContextVar("unit_of_work", default=None)
_bind: Engine | Connection | None = None


def _json_text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def _json_bytes(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def _keep_statements(connection: Any, _record: object) -> None:
    connection.prepared_max = PREPARED


def configure(url: str, *, pool_size: int = 5) -> Engine:
    """Make the engine of this process; later calls replace it."""
    global _bind
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
    _write_later(current)


def json(value: Any) -> Jsonb:
    """Wrap a plain value for a JSONB parameter of `run` and `later`."""
    return Jsonb(value, dumps=_json_bytes)


def run(statement: LiteralString, values: Mapping[str, Any] | None = None, *, settled: bool = True) -> Any:
    """Send a statement as it stands (`%(name)s` parameters) and return its cursor, whose rows have named fields.

    A third of the price of the same through SQLAlchemy: for the paths that every mail takes. It does not see what the
    session has not flushed; `settled=False` says that it looks at nothing that `later` holds back either.
    Raises DBAPIError like a session.
    """
    current = frame()
    if settled:
        _write_later(current)
    return _send(
        current.session, statement, lambda driver: driver.cursor(row_factory=namedtuple_row).execute(statement, values)
    )


def later(statement: LiteralString, values: Mapping[str, Any]) -> None:
    """Send this statement together with others of its kind: before anything else is read, at the latest at commit.

    A statement that reads `%(rows)s` gets all values of its kind at once, as one JSONB array of objects.
    """
    frame().later.setdefault(statement, []).append(values)


def _send(session: Session, statement: str, execute: Callable[[psycopg.Connection[Any]], T]) -> T:
    connection = session.connection()
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    try:
        return execute(driver)
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise cast(
            "DBAPIError",
            DBAPIError.instance(
                statement, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=driver.closed,
                dialect=connection.dialect,
            ),
        ) from error  # fmt: skip


def _write_later(current: _Frame) -> None:
    """Write what was held back, all of it with one answer to wait for."""
    if not current.later:
        return
    held, current.later = current.later, {}

    def write(driver: psycopg.Connection[Any]) -> None:
        with driver.pipeline(), driver.cursor() as cursor:
            for statement, rows in held.items():
                if ROWS in statement:
                    cursor.execute(statement, {"rows": json(rows)})
                else:
                    cursor.executemany(statement, rows)

    _send(current.session, "; ".join(held), write)


@event.listens_for(Session, "do_orm_execute")
def _settle_before_reading(state: ORMExecuteState) -> None:
    current = _frame.get()
    if current is not None and current.later and state.session is current.session:
        _write_later(current)


def lock(*names: str) -> None:
    """Wait until nobody else holds one of these names, and hold them until the end of this transaction."""
    run(
        "select pg_advisory_xact_lock(h) from (select distinct hashtext(n) as h from unnest(%(names)s::text[]) n"
        " order by 1) hashes",
        {"names": list(names)}, settled=False,
    )  # fmt: skip


def known(key: Hashable, find: Callable[[], T]) -> T:
    """Return what `find` returns, found once in a unit of work. For settings that many steps of it ask for."""
    found = frame().known
    if key not in found:
        found[key] = find()
    return cast("T", found[key])


def remember(key: Hashable, value: Any) -> None:
    """Tell this unit of work what `known` would have to find out."""
    frame().known[key] = value


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
    if current.hopeful:
        with _without_savepoint():
            yield
        return
    _write_later(current)
    before, after = len(current.before), len(current.after)
    lengths = {key: len(value) for key, value in current.info.items() if isinstance(value, list)}
    nested = current.session.begin_nested()
    try:
        yield
        nested.commit()
    except BaseException:
        nested.rollback()
        current.later.clear()
        current.known.clear()
        del current.before[before:]
        del current.after[after:]
        for key in list(current.info):
            if isinstance(current.info[key], list):
                del current.info[key][lengths.get(key, 0) :]
        raise


@contextmanager
def _without_savepoint() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise HopeLost from error


def hopefully(work: Callable[[], T]) -> T:
    """Run `work` in a unit of work without any savepoint, once. Raises HopeLost when something in it failed: nothing was done."""
    try:
        if in_unit_of_work():
            with savepoint():
                return work()
        with unit_of_work():
            frame().hopeful = True
            return work()
    except Exception as error:
        raise HopeLost from error


def let_go() -> None:
    """Give the transaction back before a long wait, such as for the network; what was not committed is dropped."""
    session().rollback()


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
            time.sleep(random.uniform(0.005, 0.03) * (attempt + 1))  # noqa: S311 -- spreads tries, guards nothing
    raise AssertionError("unreachable")
