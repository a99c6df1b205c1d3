"""Statements straight through the driver, and rows that are held back and written together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from contextlib import nullcontext
from typing import Any, LiteralString, cast

import orjson
import psycopg
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import ORMExecuteState, Session

from app.db.base import Base, T
from app.db.frames import LAST, Frame, Write, current_frame, frame
from app.db.knowing import is_known, remember

ROWS = "jsonb_to_recordset(%(rows)s)"


_RESERVE = """select wanted.name, nextval((wanted.name || '_id_seq')::regclass) as id
 from unnest(%(names)s::text[], %(counts)s::int[]) as wanted (name, count), generate_series(1, wanted.count)"""


def _json_bytes(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


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
        write_held(current)
    return _send(
        current.session, statement, lambda driver: driver.cursor(row_factory=namedtuple_row).execute(statement, values)
    )


def later(statement: LiteralString, values: Mapping[str, Any], *, rank: int = LAST) -> None:
    """Send this statement together with others of its kind: before anything else is read, at the latest at commit.

    A statement that reads `%(rows)s` gets all values of its kind at once, as one JSONB array of objects. Statements of
    a lower `rank` are sent first: rows that others refer to.
    """
    current = frame()
    current.later.setdefault(statement, []).append(values)
    current.ranks[statement] = rank


def later_once(key: Hashable, make: Callable[[], Write], *, row: Base | None = None) -> None:
    """Write a row that several steps may change until then: `make` is asked for its values when they are sent.

    `row` is the session's object that holds them; when the savepoint around the change is rolled back, it is read anew.
    """
    current = frame()
    current.pending[key] = make
    if row is not None:
        current.touched.append(row)


def is_pending(key: Hashable) -> bool:
    """Tell whether `later_once` holds something back under this key."""
    return key in frame().pending


def settle() -> None:
    """Send now what `later` and `later_once` hold back."""
    write_held(frame())


def reserve(**counts: int) -> None:
    """Take ids of these tables in advance, with one question for all of them. Unused ones are lost."""
    missing = {name: count for name, count in counts.items() if len(frame().ids.get(name, ())) < count}
    if missing:
        rows = run(_RESERVE, {"names": list(missing), "counts": list(missing.values())}, settled=False)
        for row in rows:
            frame().ids.setdefault(row.name, []).append(row.id)
        for name in missing:
            frame().ids[name].sort(reverse=True)


def new_id(table: str, *, newest: bool = False) -> int:
    """Return the id that a row of this table will have: it can be referred to before it is written.

    `newest` passes what was reserved: where others may have written in the meantime, ids tell the order.
    """
    if newest:
        return int(run(_RESERVE, {"names": [table], "counts": [1]}, settled=False).fetchone().id)
    if not frame().ids.get(table):
        reserve(**{table: 1})
    return frame().ids[table].pop()


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


def write_held(current: Frame, *, commit: bool = False) -> None:
    """Write what was held back, all of it with one answer to wait for; `commit` ends the transaction with the same answer."""
    if current.pending:
        pending, current.pending = current.pending, {}
        for make in pending.values():
            write = make()
            current.later.setdefault(write.statement, []).append(write.values)
            current.ranks[write.statement] = write.rank
    if not current.later:
        return
    held, current.later = current.later, {}
    order = sorted(held, key=current.ranks.__getitem__)

    def write_all(driver: psycopg.Connection[Any]) -> None:
        # One statement needs no pipeline, whose setting up costs as much as asking twice.
        alone = len(order) == 1 and len(held[order[0]]) == 1 and not commit
        together = nullcontext() if alone else driver.pipeline()
        with together, driver.cursor() as cursor:
            for statement in order:
                rows = held[statement]
                if ROWS in statement:
                    cursor.execute(statement, {"rows": json(rows)})
                elif len(rows) == 1:
                    cursor.execute(statement, rows[0])
                else:
                    cursor.executemany(statement, rows)
            if commit:  # as a statement among the others: `commit()` would wait for an answer of its own
                cursor.execute("commit")

    _send(current.session, "; ".join(order), write_all)


@event.listens_for(Session, "do_orm_execute")
def _settle_before_reading(state: ORMExecuteState) -> None:
    current = current_frame.get()
    if current is not None and (current.later or current.pending) and state.session is current.session:
        write_held(current)


@event.listens_for(Session, "before_flush")
def _settle_before_flushing(flushed: Session, *_about: object) -> None:
    current = current_frame.get()
    if current is not None and flushed is current.session:
        write_held(current)


def lock(*names: str) -> bool:
    """Wait until nobody else holds one of these names, and hold them until the end of this transaction.

    False when all of them were held already.
    """
    wanted = [name for name in names if not is_known(("lock", name))]
    if not wanted:
        return False
    run(
        "select pg_advisory_xact_lock(h) from (select distinct hashtext(n) as h from unnest(%(names)s::text[]) n"
        " order by 1) hashes",
        {"names": wanted}, settled=False,
    )  # fmt: skip
    for name in wanted:
        remember(("lock", name), True)
    return True
