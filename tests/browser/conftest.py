"""Fixtures of the browser tests: one Chromium for the run, a fresh page per test that reports its own errors."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.browser.desk import WholeDesk, sign_in
from tools import assets

PATIENCE = 40_000  # milliseconds; a busy machine answers slowly, a desk that is well in a tenth of one
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
]  # fmt: skip


def pytest_collection_modifyitems(items):
    """All tests of this folder need a browser."""
    for item in items:
        if "/tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    """A running Chromium: CHROMIUM, one on the path, or Playwright's own; the tests are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    _need_a_driver()
    assets.build()
    playwright.expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        except playwright.Error as error:
            pytest.skip(f"No Chromium to test with: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


def _need_a_driver():
    """Skip where Playwright's own Node lacks a library of the system, as on a Debian without libatomic1."""
    tried = subprocess.run(
        [sys.executable, "-m", "playwright", "--version"], check=False, capture_output=True, text=True
    )
    if tried.returncode:
        pytest.skip(f"Playwright does not start: {(tried.stderr.strip().splitlines() or ['it says not why'])[-1]}")


@pytest.fixture(scope="session")
def desk(chromium, databases, worker_id):
    """A whole running desk for all tests of this folder; each test has customers and cases of its own."""
    number = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    beside = databases.empty_valkey(f"gw{14 - number}")  # other tests empty their own Valkey database again and again
    with tempfile.TemporaryDirectory(prefix="rb-whole-") as folder:
        running = WholeDesk(
            database_url=databases.make_beside(f"browser_{worker_id}"), redis_url=beside, folder=Path(folder)
        )
        try:
            running.open()
            yield running
        finally:
            running.close()


@pytest.fixture
def enter(desk, make_page):
    """Open a page of the desk as one of the demo's people: `enter("alice", "/inbox/team")`."""

    def at(login, path="/", **options):
        if login not in desk.cookies:
            page = make_page()
            sign_in(page, desk, login)
            page.wait_for_url(f"{desk.url}/inbox/**")
            desk.cookies[login] = page.context.storage_state()
            page.context.close()
        page = make_page(storage_state=desk.cookies[login], **options)
        page.goto(desk.url + path)
        return page

    return at


@pytest.fixture
def make_page(chromium):
    """A way to open pages: `make_page(width=…, locale=…, color_scheme=…)`. A script error on any of them fails the test."""
    opened, errors = [], []

    def make(*, width: int = 1440, height: int = 900, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        opened.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if _is_refusal(line) else None)
        return page

    yield make
    for context in opened:
        context.close()
    assert errors == []


def _is_refusal(line) -> bool:
    return line.type == "error" and "Content Security Policy" in line.text
