"""Fixtures of all tests: one real PostgreSQL and Valkey for the run, one database for each test process, one savepoint per test.

TEST_DATABASE_URL (a database its user may make others beside) and TEST_REDIS_URL replace the embedded servers.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app import db as frame
from app import doorbell, realtime
from app.settings import settings
from tests.support.databases import TestDatabases, child_urls

ROOT = Path(__file__).resolve().parent.parent
DATABASES = pytest.StashKey[TestDatabases]()


# ---------------------------------------------------------------- servers: started once, by the process that steers the run
def pytest_configure(config: pytest.Config) -> None:
    """Give every process settings of its own, and never the developer's."""
    folder = Path(tempfile.mkdtemp(prefix="ringback-test-"))
    folder.chmod(0o711)  # PostgreSQL runs as another user when we are root
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    for name in [name for name in os.environ if name.endswith("_URL") and not name.startswith(("TEST_", "PIP_"))]:
        del os.environ[name]
    os.environ.update(
        DATA_DIR=str(folder),
        SECRET_KEY="only for tests, 32 bytes or more",
        CRASH_AT="",
        LOG_LEVEL="error",
        UNDO_SECONDS="0",  # who tests the waiting chooses it
        DEMO_DATA="off",  # a desk that a test starts is empty
        TEMPLATE_CACHE=str(ROOT / ".cache" / "templates"),  # hundreds of processes draw the same pages
    )
    inherited = getattr(config, "workerinput", {}).get("ringback_servers")
    databases = TestDatabases(folder) if inherited is None else child_urls(inherited)
    config.stash[DATABASES] = databases
    config.add_cleanup(databases.stop)


# Tracing nearly doubles the time of a test, and of collecting thousands of them: it goes on while the desk's code is loaded and
# while a test that counts is called, not while tests are collected, set up and torn down. What runs whole desks or whole processes repeats lines that the rooms' own tests
# have run, and so does the ninth set of values of one test.
UNTRACED = (
    "/tests/browser/",
    "/tests/journeys/",
    "/tests/processes/",
    "/tests/reliability/",
    "/tests/tools/",
    "/tests/architecture/",
    "oracle.py",  # thousands of rounds over the same lines
    "/tests/web/test_matrix.py",
)
TRACED_SETS = 8


# The tests of one file share what is dear to make, so one test process runs them; those that start and kill processes stand in
# line, or they would wait for one another. What takes longest begins first.
IN_LINE = "/tests/reliability/"
FIRST = (IN_LINE, "/tests/browser/", "/tests/tools/", "/tests/cli/")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Say where coverage is counted and what runs together; put it in order after it has been shuffled."""
    sets: Counter[str] = Counter()
    for item in items:
        path, name = item.path.as_posix(), item.nodeid.partition("[")[0]
        sets[name] += 1
        if sets[name] > TRACED_SETS or any(folder in path for folder in UNTRACED):
            item.add_marker("no_cover")
        item.add_marker(pytest.mark.xdist_group(IN_LINE.strip("/") if IN_LINE in path else name.partition("::")[0]))
    yield
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    return next((place for place, folder in enumerate(FIRST) if folder in item.path.as_posix()), len(FIRST))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Load the desk's code while it is traced, so that what is only read once counts; then stop tracing."""
    if tracing := _tracing(session.config):
        if session.config.getoption("dist", "no") == "no" or hasattr(session.config, "workerinput"):
            _load()
        tracing.pause()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Trace the call alone."""
    tracing = _tracing(item.config)
    if not tracing:
        return (yield)
    if not item.get_closest_marker("no_cover"):
        tracing.resume()
    try:
        return (yield)
    finally:
        tracing.pause()


def _load() -> None:
    for package in ("app", "channels"):
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            importlib.import_module(module.name)


def _tracing(config: pytest.Config) -> Any:
    """What starts and stops coverage in this process; None when it is not asked for."""
    return getattr(config.pluginmanager.get_plugin("_cov"), "cov_controller", None)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a new test process (xdist) where the servers are, starting them with the first one."""
    databases = node.config.stash[DATABASES]  # type: ignore[attr-defined]
    node.workerinput["ringback_servers"] = databases.urls()  # type: ignore[attr-defined]


# ---------------------------------------------------------------- PostgreSQL
@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config) -> TestDatabases:
    """The servers of this run."""
    return pytestconfig.stash[DATABASES]


@pytest.fixture(scope="session")
def engine_url(databases: TestDatabases, worker_id: str) -> str:
    """URL of this process's own database, migrated to the head."""
    url = databases.make(f"test_{worker_id}")
    os.environ["DATABASE_URL"] = url
    settings.cache_clear()
    return url


@pytest.fixture(scope="session")
def engine(engine_url: str) -> Iterator[Engine]:
    """Engine on this process's database; all rooms are wired as in the product."""
    from app import bootstrap  # only here: tests of pure rooms must not need the whole desk

    bootstrap.metadata()
    bootstrap.wire()
    engine = frame.configure(settings().database_url, pool_size=10)
    with pytest.MonkeyPatch.context() as patch:
        _import_once(patch)
        yield engine
    engine.dispose()


def _import_once(patch: pytest.MonkeyPatch) -> None:
    """Have each diagram imported once a run: what comes of it depends on what goes in alone, and takes a process of its own.

    What has errors is not kept: it may have been cut off on a busy machine.
    """
    from app.workflow import definitions
    from app.workflow.importing import ImportResult, import_bpmn

    kept: dict[Any, ImportResult] = {}

    def once(
        xml: bytes, *, dmn: Mapping[str, bytes], known_capabilities: Collection[str], calls_out: bool
    ) -> ImportResult:
        key = (xml, *sorted(dmn.items()), frozenset(known_capabilities), calls_out)
        if key in kept:
            return kept[key]
        found = import_bpmn(xml, dmn=dmn, known_capabilities=known_capabilities, calls_out=calls_out)
        if found.executable:
            kept[key] = found
        return found

    patch.setattr(definitions, "import_bpmn", once)


@pytest.fixture
def db(
    request: pytest.FixtureRequest, engine: Engine, bell: doorbell.FakeDoorbell, wire: realtime.FakeWire
) -> Iterator[None]:
    """Everything the test writes is rolled back; with @pytest.mark.committed it commits, and the database is made anew after."""
    if request.node.get_closest_marker("committed"):
        frame.bind(engine)
        yield
        request.getfixturevalue("databases").renew(engine)
        return
    with engine.connect() as connection:
        transaction = connection.begin()
        frame.bind(connection)
        yield
        frame.bind(engine)
        transaction.rollback()


@pytest.fixture
def session(db: None) -> Iterator[Session]:
    """An open unit of work for the whole test."""
    with frame.unit_of_work() as session:
        yield session


# ---------------------------------------------------------------- doorbell, news and Valkey
@pytest.fixture
def bell() -> Iterator[doorbell.FakeDoorbell]:
    """Remembers what would have been rung."""
    bell = doorbell.FakeDoorbell()
    doorbell.use(bell)
    yield bell
    doorbell.use(doorbell.RqDoorbell())


@pytest.fixture
def wire() -> Iterator[realtime.FakeWire]:
    """Remembers the news that screens would have got."""
    wire = realtime.FakeWire()
    realtime.use(wire)
    yield wire
    realtime.use(realtime.RedisWire())


@pytest.fixture
def valkey_url(databases: TestDatabases, worker_id: str) -> Iterator[str]:
    """URL of an empty database on a real Valkey, also set as REDIS_URL."""
    url = databases.empty_valkey(worker_id)
    os.environ["REDIS_URL"] = url
    settings.cache_clear()
    doorbell.forget()
    yield url
    doorbell.connection().close()
    doorbell.forget()


@pytest.fixture
def live(valkey_url: str, db: None) -> None:
    """The real doorbell and news instead of the fakes."""
    doorbell.use(doorbell.RqDoorbell())
    realtime.use(realtime.RedisWire())
