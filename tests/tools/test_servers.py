"""The embedded servers: kept data, leftovers of a killed run, long paths, and errors a person can act on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tools import servers


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder; what root had to keep elsewhere is removed with it."""
    yield tmp_path
    servers.remove(tmp_path)


def _write(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table kept (word text)")
        connection.execute("insert into kept values ('派单')")


def _read(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("select word from kept").fetchone()
    return str(row[0]) if row else ""


def test_data_are_there_after_a_restart_and_gone_after_a_reset(folder: Path) -> None:
    first = servers.start_postgres(folder, durable=False)
    _write(first.url)
    first.stop()
    second = servers.start_postgres(folder, durable=False)
    assert second.url == first.url
    assert _read(second.url) == "派单"
    second.stop()
    servers.remove(folder)
    assert not (folder / "postgres").exists()


def test_a_server_left_running_is_stopped_before_the_next_starts(folder: Path) -> None:
    first = servers.start_postgres(folder, durable=False)
    _write(first.url)
    second = servers.start_postgres(folder, durable=False)
    assert first.process.wait(5) == 0
    assert _read(second.url) == "派单"
    second.stop()


def test_a_stale_process_file_is_no_obstacle(folder: Path) -> None:
    first = servers.start_postgres(folder, durable=False)
    first.process.kill()
    first.process.wait()
    second = servers.start_postgres(folder, durable=False)
    with psycopg.connect(second.url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    second.stop()


def test_long_paths_get_a_short_socket(folder: Path) -> None:
    deep = folder / ("a-rather-long-name-" * 5)
    postgres, valkey = servers.start_postgres(deep, durable=False), servers.start_valkey(deep)
    with psycopg.connect(postgres.url) as connection, redis.Redis.from_url(valkey.url) as client:
        assert connection.execute("show timezone").fetchone() == ("UTC",)
        assert client.ping()
    valkey.stop()
    postgres.stop()
    servers.remove(deep)


def test_what_the_server_says_is_passed_on(folder: Path) -> None:
    with pytest.raises(servers.ServerError, match="no_such_setting"):
        servers.start_postgres(folder, settings={"no_such_setting": "1"})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run PostgreSQL as somebody else")
def test_started_by_root_it_runs_as_somebody_else(folder: Path) -> None:
    server = servers.start_postgres(folder, durable=False)
    assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0
    server.stop()


def test_nobody_else_can_reach_the_sockets(folder: Path) -> None:
    postgres, valkey = servers.start_postgres(folder, durable=False), servers.start_valkey(folder)
    sockets = Path(psycopg.conninfo.conninfo_to_dict(postgres.url)["host"])  # type: ignore[arg-type]
    assert sockets.stat().st_mode & 0o077 == 0
    assert Path(valkey.url.removeprefix("unix://").split("?")[0]).stat().st_mode & 0o077 == 0
    valkey.stop()
    postgres.stop()
