"""Fixtures of the web tests: the application, the cast, and browsers that are signed in."""

from __future__ import annotations

import pytest

from app.db import unit_of_work
from app.web import create_app
from tests.support.browser import Browser
from tests.support.people import make_cast


@pytest.fixture(scope="session")
def application(engine):
    """The application as it is served."""
    return create_app()


@pytest.fixture
def cast(db):
    """Everybody, in the database."""
    with unit_of_work():
        return make_cast()


@pytest.fixture
def browser(application, db):
    """A way to make browsers: `browser()` is a stranger's, `browser(user)` is signed in."""
    return lambda user=None: Browser(application, user)
