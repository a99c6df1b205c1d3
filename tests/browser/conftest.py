"""Fixtures of the browser tests: one Chromium for the run, a fresh page per test that reports its own errors."""

from __future__ import annotations

import os
import shutil

import pytest

from tools import assets

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
    assets.build()
    with playwright.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        except playwright.Error as error:
            pytest.skip(f"No Chromium to test with: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def make_page(chromium):
    """A way to open pages: `make_page(width=…, locale=…, color_scheme=…)`. A script error on any of them fails the test."""
    opened, errors = [], []

    def make(*, width: int = 1440, height: int = 900, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        opened.append(context)
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
