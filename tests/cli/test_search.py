"""`flask search check`: nothing differs in a desk as it is, and a message that the index lost is noticed."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.db import session, unit_of_work
from tests.support.desk import make_desk
from tests.support.people import make_cast


@pytest.fixture
def desk(db):
    with unit_of_work():
        make_desk(make_cast())


def test_nothing_differs(run, desk):
    answer = run("search", "check", "--as", "alice", "--count", "40")
    assert answer.exit_code == 0, answer.output
    assert "40 queries over 1 cases, drift 0." in answer.output
    named = run("search", "check", "--as", "alice", "--", "leaks is:open", "-leaks")
    assert "2 queries over 1 cases, drift 0." in named.output


def test_an_index_that_lost_a_message_is_noticed(run, desk):
    with unit_of_work():
        session().execute(text("update messages set search = ''"))
    answer = run("search", "check", "--as", "alice", "leaks")
    assert answer.exit_code == 1
    assert "DRIFT  leaks" in answer.output
    assert "drift 1." in answer.output


def test_what_cannot_be_asked_is_said(run, desk):
    for typed, says in (("statsu:open", "did you mean status"), ("team:nowhere", "There is no team")):
        answer = run("search", "check", "--as", "alice", typed)
        assert answer.exit_code == 1
        assert says in answer.output
