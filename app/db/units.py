"""Opens, commits and rolls back: one transaction per request and per job, here and nowhere else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.db.base import T, bind, bound, is_transient
from app.db.direct import write_held
from app.db.frames import Frame, HopeLost, current_frame, frame, in_unit_of_work, session

RETRIES = 5


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Open a transaction, commit it at the end, roll back on any error. An open one is joined."""
    outer = current_frame.get()
    if outer is not None:
        yield outer.session
        return
    target = bound()
    mode = "create_savepoint" if isinstance(target, Connection) else "conditional_savepoint"
    current = Frame(Session(target, join_transaction_mode=mode, expire_on_commit=False))  # type: ignore[arg-type]
    token = current_frame.set(current)
    try:
        yield current.session
        _run_before_commit(current)
        current.session.commit()
    except BaseException:
        current.session.rollback()
        raise
    finally:
        current.session.close()
        current_frame.reset(token)
    for action in current.after:
        action()


@contextmanager
def one_transaction() -> Iterator[None]:
    """Make one transaction of all units of work of this process until the end: each is a savepoint, all stay or none.

    For a process that does nothing else meanwhile. What units tell after they commit is told before the end.
    """
    target = bound()
    if isinstance(target, Connection):  # a test's, which is rolled back as a whole
        with target.begin_nested():
            yield
        return
    with target.connect() as connection, connection.begin():
        bind(connection)
        try:
            yield
        finally:
            bind(target)


@contextmanager
def savepoint() -> Iterator[None]:
    """Keep the rest of the transaction when this part fails: hooks registered inside it are dropped with it."""
    current = frame()
    if current.hopeful:
        with _without_savepoint():
            yield
        return
    write_held(current)
    before, after = len(current.before), len(current.after)
    touched = len(current.touched)
    lengths = {key: len(value) for key, value in current.info.items() if isinstance(value, list)}
    nested = current.session.begin_nested()
    try:
        yield
        nested.commit()
    except BaseException:
        nested.rollback()
        current.later.clear()
        current.pending.clear()
        current.known.clear()
        _read_anew(current, touched)
        del current.before[before:]
        del current.after[after:]
        for key in list(current.info):
            if isinstance(current.info[key], list):
                del current.info[key][lengths.get(key, 0) :]
        raise


def _read_anew(current: Frame, since: int) -> None:
    """What was changed since then is not so any more; rows that never were written are gone with it."""
    for row in current.touched[since:]:
        if row in current.session:
            current.session.expire(row)
    del current.touched[since:]


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


def transact(work: Callable[[], T], *, hopeful: bool = False) -> T:
    """Run `work` in a unit of work; transient database errors are tried again a few times.

    `hopeful`: at first without savepoints, which cost two statements each; when a part fails that a savepoint would have
    taken back, all of it is done once more, with them.
    """
    if hopeful and not in_unit_of_work():
        try:
            return _tried(lambda: _without_savepoints(work))
        except HopeLost:
            pass
    return _tried(work)


def _without_savepoints(work: Callable[[], T]) -> T:
    frame().hopeful = True
    return work()


def _tried(work: Callable[[], T]) -> T:
    for attempt in range(RETRIES):
        try:
            with unit_of_work():
                return work()
        except DBAPIError as error:
            if in_unit_of_work() or attempt + 1 == RETRIES or not is_transient(error):
                raise
            time.sleep(random.uniform(0.005, 0.03) * (attempt + 1))  # noqa: S311 -- spreads tries, guards nothing
    raise AssertionError("unreachable")


def _run_before_commit(current: Frame) -> None:
    while current.before:
        actions, current.before = current.before, []
        for action in actions:
            action()
    current.session.flush()
    write_held(current, commit=isinstance(bound(), Engine))
