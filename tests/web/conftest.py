"""Fixtures of the web tests: the application, the cast, and browsers that are signed in."""

from __future__ import annotations

from typing import Any

import pytest

from app.db import unit_of_work
from app.web import create_app
from app.workflow import definitions
from app.workflow.importing import ImportResult, import_bpmn
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


@pytest.fixture(scope="session", autouse=True)
def _imported_once():
    """Import each diagram once a run: the result depends on nothing but its bytes, and costs 150 ms."""
    kept: dict[Any, ImportResult] = {}

    def once(xml, *, dmn, known_capabilities, calls_out):
        key = (xml, *sorted(dmn.items()))
        if key not in kept:
            kept[key] = import_bpmn(xml, dmn=dmn, known_capabilities=known_capabilities, calls_out=calls_out)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(definitions, "import_bpmn", once)
        yield
