"""Views above lists: hidden, put in order and pinned by each agent, and set for teams and roles by administrators."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from app.cases.arranging import STANDARD
from app.db import unit_of_work
from app.identity.models import Team
from app.web import told
from tests.support.desk import make_desk
from tests.web.api_client import Client, Validators


@pytest.fixture
def desk(cast):
    with unit_of_work():
        return make_desk(cast)


def row_of_views(visitor):
    found = re.findall(r'<a href="/inbox/([\w-]+)"', visitor.get("/inbox/all/counts").text)
    return [key for key in found if key != "all"]


def order(visitor, keys, **form):
    hidden = form.pop("hidden", ())
    shown = [key for key in keys if key not in hidden]
    return visitor.post("/views/arrange", {"order": keys, "shown": shown, **form})


def usual():
    return [key for key in STANDARD if key != "all"]


def test_views_are_hidden_and_put_in_order_for_oneself_alone(browser, desk):
    alice, bob = browser(desk.cast.alice), browser(desk.cast.bob)
    keys = ["team", "mine", *(key for key in STANDARD if key not in {"team", "mine"})]
    assert order(alice, keys, hidden=("snoozed", "archived")).status_code == 303
    assert row_of_views(alice) == [key for key in keys if key not in {"snoozed", "archived", "all"}]
    assert row_of_views(bob) == usual()
    assert 'aria-current="true"' in alice.get("/inbox/archived/counts").text
    assert alice.post("/views/arrange", {"usual": "1"}).status_code == 303
    assert row_of_views(alice) == usual()


def test_a_view_is_moved_by_one_place_without_script(browser, desk):
    page = (
        browser(desk.cast.alice)
        .post("/views/arrange", {"order": list(STANDARD), "shown": list(STANDARD), "move": "up:team"})
        .text
    )
    assert re.findall(r'name="order" value="(\w+)"', page)[:3] == ["mine", "team", "unassigned"]
    assert re.search(r'value="up:team"[^>]* autofocus', page)


def test_a_saved_view_that_is_moved_is_pinned(browser, desk):
    alice = browser(desk.cast.alice)
    key = alice.post("/views", {"name": "Leaks", "q": "leak"}).location.rsplit("/")[-1]
    page = alice.post(
        "/views/arrange", {"order": [*STANDARD, key], "shown": [*STANDARD, key], "move": f"up:{key}"}
    ).text
    pinned = re.search(r'name="pinned" value="([^"]*)"', page).group(1)
    assert pinned == key
    order(alice, [key, *STANDARD], pinned=pinned)
    assert row_of_views(alice) == [key, *usual()]


def test_nobody_hides_all_or_names_what_is_no_view(browser, desk):
    alice = browser(desk.cast.alice)
    assert order(alice, list(STANDARD), hidden=STANDARD).status_code == 422
    assert order(alice, ["mine", "passwords"]).status_code == 422
    assert order(alice, list(STANDARD), scope="role:agent").status_code == 403
    assert alice.get("/views/arrange?scope=team:service").status_code == 403


def test_administrators_set_an_order_for_a_role_and_a_team(browser, desk):
    cast = desk.cast
    ada, alice = browser(cast.ada), browser(cast.alice)
    assert "My own" in ada.get("/views/arrange").text
    assert order(ada, list(STANDARD), hidden=("due",), scope="role:agent").status_code == 303
    assert row_of_views(alice) == [key for key in usual() if key != "due"]
    order(ada, list(STANDARD), hidden=("chased",), scope=f"team:{cast.service_team.key}")
    assert row_of_views(alice) == [key for key in usual() if key != "chased"]
    assert "that was set for your team or role" in alice.get("/views/arrange").text
    order(alice, list(STANDARD))
    assert row_of_views(alice) == usual()


def test_the_api_reads_and_keeps_an_order(application, desk):
    client = Client(application, desk.cast.alice, Validators(application))
    assert client.get("/views/arrangement").json["scope"] == ""
    kept = client.call("PUT", "/views/arrangement", json={"order": ["team"], "hidden": ["mine"]}).json
    assert kept["shown"][:2] == ["team", "unassigned"]
    assert kept["scope"] == f"user:{desk.cast.alice.id}"
    assert client.call("PUT", "/views/arrangement", json={"scope": "role:agent", "order": ["mine"]}).status_code == 403
    assert client.call("PUT", "/views/arrangement", json={}).json["scope"] == ""


def test_a_task_and_a_change_name_people_and_teams(browser, application, desk):
    cast = desk.cast
    with unit_of_work() as work:
        work.get_one(Team, cast.service_team.id).name = "Customer service"
    with application.test_request_context("/?lang=en"), unit_of_work():
        task = SimpleNamespace(candidate_users=[cast.alice.login, "gone"], candidate_teams=[cast.service_team.key])
        assert told.candidates(task) == f"{cast.alice.name}, gone, Customer service"
        assert told.who("assignee_id", cast.alice.id) == cast.alice.name
        assert told.who("team_id", cast.service_team.id) == "Customer service"
        assert told.who("priority", "high") == "high"
        assert told.who("assignee_id", None) == "–"
