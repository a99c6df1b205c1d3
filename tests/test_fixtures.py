"""The fixtures keep what they promise: isolation, real servers, no way out of this machine."""

from __future__ import annotations

import socket

import psycopg
import pytest
import pytest_socket
import redis
from sqlalchemy import text

from app import db as frame
from app.doorbell import FakeDoorbell, ring


def _write(value: str) -> None:
    with frame.unit_of_work() as session:
        session.execute(text("create table if not exists notes_of_tests (body text)"))
        session.execute(text("insert into notes_of_tests values (:body)"), {"body": value})


@pytest.mark.parametrize("attempt", [1, 2])
def test_what_a_test_writes_is_gone_for_the_next(db: None, attempt: int) -> None:
    _write(f"attempt {attempt}")
    with frame.unit_of_work() as session:
        assert session.scalar(text("select count(*) from notes_of_tests")) == 1


@pytest.mark.committed
@pytest.mark.parametrize("attempt", [1, 2])
def test_committed_tests_see_each_others_connections_but_not_each_other(
    db: None, engine_url: str, attempt: int
) -> None:
    _write(f"attempt {attempt}")
    with psycopg.connect(engine_url) as other:
        assert other.execute("select count(*) from notes_of_tests").fetchone() == (1,)


def test_rings_are_remembered(db: None, bell: FakeDoorbell) -> None:
    with frame.unit_of_work():
        ring("deliver", 7)
        assert bell.rung == []
    assert bell.rung == [("deliver", 7)]


@pytest.mark.parametrize("attempt", [1, 2])
def test_valkey_is_real_and_empty(valkey_url: str, attempt: int) -> None:
    with redis.Redis.from_url(valkey_url) as connection:
        assert connection.dbsize() == 0
        connection.set("attempt", attempt)


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_the_world_outside_cannot_be_reached() -> None:
    with socket.socket() as outside, pytest.raises(pytest_socket.SocketConnectBlockedError):
        outside.connect(("192.0.2.1", 80))
