"""One running desk for each test module."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.running import RunningDesk, Sink
from tests.support.databases import TestDatabases

SIMPLE = Path(__file__).parents[1] / "journeys" / "simple.bpmn"


@pytest.fixture(scope="module")
def desk(databases: TestDatabases, worker_id: str, request: pytest.FixtureRequest) -> Iterator[RunningDesk]:
    """Listener, worker and clock on a database of their own; leases are short, so that tests need not wait."""
    name = f"{request.module.__name__.rsplit('.', 1)[-1]}_{worker_id}"
    with tempfile.TemporaryDirectory(prefix="rb-desk-") as folder:
        running = RunningDesk(
            database_url=databases.make_beside(name), redis_url=databases.empty_valkey(worker_id),
            folder=Path(folder), sink=Sink(),
        )  # fmt: skip
        running.seed(SIMPLE)
        try:
            yield running
        finally:
            running.stop_all()
