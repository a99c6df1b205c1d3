"""What all tests of a file share in the database: made once on a connection that is never committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from app import db, doorbell, realtime


@contextmanager
def lasting(engine: Engine) -> Iterator[Connection]:
    """Lend a connection on which units of work run from now on; all that was made on it is gone afterwards."""
    with engine.connect() as connection:
        transaction = connection.begin()
        doorbell.use(doorbell.FakeDoorbell())
        realtime.use(realtime.FakeWire())
        db.bind(connection)
        yield connection
        db.bind(engine)
        transaction.rollback()


@contextmanager
def taken_back(connection: Connection) -> Iterator[None]:
    """Take back what one test makes on it."""
    db.bind(connection)
    savepoint = connection.begin_nested()
    yield
    savepoint.rollback()
