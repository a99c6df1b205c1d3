"""Test servers: the embedded ones (or those given), a migrated template, and a database for each test process."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import redis
from sqlalchemy import Engine, make_url

from tools.prepare import migrate
from tools.servers import Server, remove, start_postgres, start_valkey

TEMPLATE = "ringback_template"


class TestDatabases:
    """The PostgreSQL and Valkey of one test run; started when first asked for, stopped at its end."""

    __test__ = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: list[Server] = []
        self._urls: dict[str, str] = {}
        self._made: str | None = None

    def urls(self) -> dict[str, str]:
        """URLs of both servers; starts them and migrates the template on first use."""
        if not self._urls:
            self._urls = {"postgres": self._postgres(), "valkey": self._valkey()}
            self._make_template()
        return self._urls

    def make(self, name: str) -> str:
        """Make a fresh copy of the template under `name` and return its URL."""
        self._made = name
        return self.make_beside(name)

    def make_beside(self, name: str) -> str:
        """Make one more copy of the template, for a test that changes the schema or needs two databases."""
        with psycopg.connect(self.urls()["postgres"], autocommit=True) as connection:
            connection.execute(f'drop database if exists "{name}" with (force)')
            connection.execute(f'create database "{name}" template {TEMPLATE} strategy file_copy')
        return self._database(name)

    def renew(self, engine: Engine) -> None:
        """Throw away what committed tests have written."""
        engine.dispose()
        assert self._made
        self.make(self._made)

    def empty_valkey(self, worker_id: str) -> str:
        """URL of this test process's Valkey database, emptied."""
        number = int(worker_id.removeprefix("gw")) + 1 if worker_id.startswith("gw") else 0
        url = self.urls()["valkey"].replace("db=0", f"db={number}").replace("/0", f"/{number}")
        with redis.Redis.from_url(url) as connection:
            connection.flushdb()
        return url

    def stop(self) -> None:
        """Stop what was started."""
        for server in self._servers:
            server.stop()
        if self._servers:
            remove(self._folder)

    def _postgres(self) -> str:
        if given := os.environ.get("TEST_DATABASE_URL"):
            return given
        server = start_postgres(self._folder, durable=False)
        self._servers.append(server)
        return server.url

    def _valkey(self) -> str:
        if given := os.environ.get("TEST_REDIS_URL"):
            return given
        server = start_valkey(self._folder)
        self._servers.append(server)
        return server.url

    def _database(self, name: str) -> str:
        url = make_url(self._urls["postgres"]).set(database=name)
        return url.render_as_string(hide_password=False)

    def _make_template(self) -> None:
        with psycopg.connect(self._urls["postgres"], autocommit=True) as connection:
            connection.execute(f"drop database if exists {TEMPLATE} with (force)")
            connection.execute(f"create database {TEMPLATE}")
        migrate(self._database(TEMPLATE))


def child_urls(urls: dict[str, str]) -> TestDatabases:
    """Servers that another process of this run has started."""
    databases = TestDatabases(Path())
    databases._urls = urls
    return databases
