"""What common calls of the API may cost: statements are counted, so that no list asks once a row and no answer is read twice."""

from __future__ import annotations

import pytest

from app.db import unit_of_work
from app.identity import sessions
from tests.support.browser import bearer
from tests.support.desk import make_case, make_desk
from tests.support.statements import recorded

V1 = "/api/v1"


@pytest.fixture
def desk(cast):
    """Dana's case with a work order."""
    with unit_of_work():
        return make_desk(cast)


@pytest.fixture
def alice(application, desk):
    """Calls the API as Alice; returns the answer and the statements it took, once what is kept in memory is there."""
    browser, headers = application.test_client(), bearer(desk.cast.alice)

    def call(method, path, **options):
        with recorded() as statements:
            answer = browser.open(V1 + path, method=method, headers=headers, **options)
        assert answer.status_code == 200, answer.text
        return answer.json, statements

    call("GET", f"/cases/{desk.case.number}")
    return call


def test_lists_cost_the_same_however_long(alice, desk):
    paths = ("/cases?limit=50", "/tasks?limit=50", "/work-orders?limit=50")
    few = [len(alice("GET", path)[1]) for path in paths]
    with unit_of_work():
        for number in range(12):
            make_case(desk.cast, desk.account, subject=f"Case {number}")
    for path, before in zip(paths, few, strict=True):
        found, statements = alice("GET", path)
        assert len(statements) == before <= 4, (path, statements)
        assert path.startswith("/work-orders") or len(found["items"]) >= 13


@pytest.mark.parametrize("path,most", [("", 7), ("/timeline", 6), ("/actions", 6), ("/history", 5)])
def test_reads_of_one_case(alice, desk, path, most):
    _found, statements = alice("GET", f"/cases/{desk.case.number}{path}")
    assert len(statements) <= most, statements


def test_completing_a_task(alice, desk):
    tasks = {task["name"]: task["id"] for task in alice("GET", "/tasks")[0]["items"]}
    body = {"values": {"outcome": "again"}}
    found, statements = alice("POST", f"/tasks/{tasks['Handle']}/complete", json=body)
    assert [task["name"] for task in found["tasks"]] == ["Mend", "Handle"]
    # Who asks; the task with all that it hangs on, locked; ids; one write of the instance; what is open; the audit chain.
    assert len(statements) <= 9, statements


def test_acting_on_a_case(alice, desk):
    body = {"verb": "chase", "values": {"text": "Where are you?"}}
    _found, statements = alice("POST", f"/cases/{desk.case.number}/actions", json=body)
    assert len(statements) <= 18, statements


def test_who_asks_is_one_statement_and_a_revoked_token_is_worth_nothing_at_once(application, desk):
    with unit_of_work():
        made = sessions.new_api_token(desk.cast.alice.id, "script")
    browser, headers = application.test_client(), {"Authorization": f"Bearer {made.text}"}
    with recorded() as statements:
        assert browser.get(f"{V1}/me", headers=headers).status_code == 200
    assert len(statements) == 1
    with unit_of_work():
        sessions.revoke_all_api_tokens(desk.cast.alice.id)
    assert browser.get(f"{V1}/me", headers=headers).status_code == 401
