"""Checklists on the page of a case, in the settings and through the API."""

from __future__ import annotations

import re

import pytest

from app.db import unit_of_work
from tests.support.desk import make_desk
from tests.web.api_client import Client, Validators


@pytest.fixture(scope="module")
def validators(application):
    return Validators(application)


@pytest.fixture
def desk(cast):
    with unit_of_work():
        return make_desk(cast)


def test_a_checklist_is_worked_off_with_plain_forms(browser, desk):
    alice, path = browser(desk.cast.alice), f"/cases/{desk.case.number}"
    assert alice.post(f"{path}/checklist", {"text": "Ring <b>"}).status_code == 303
    assert alice.post(f"{path}/checklist", {"text": "Write", "user": "bob", "due_on": "2026-12-24"}).status_code == 303
    side = alice.get(f"{path}/side").text
    first, second = dict.fromkeys(re.findall(r"/checklist/(\d+)", side))
    assert "Ring &lt;b&gt;" in side
    assert "2026-12-24" in side
    assert alice.post(f"{path}/checklist/{first}", {"do": "tick"}).status_code == 303
    assert alice.post(f"{path}/checklist/{second}", {"do": "up"}).status_code == 303
    head = alice.get(f"{path}/head").text
    assert "✓ 1/2" in head
    assert alice.post(f"{path}/checklist/{first}", {"text": "Ring twice"}).status_code == 303
    side = alice.get(f"{path}/side").text
    assert side.index("Write") < side.index("Ring twice")
    assert alice.post(f"{path}/checklist/{first}", {"do": "remove"}).status_code == 303
    assert alice.post(f"{path}/checklist/{first}", {"do": "tick"}).status_code == 404
    assert alice.post(f"{path}/checklist", {"text": ""}).status_code == 422
    assert alice.post(f"{path}/checklist", {"text": "x", "due_on": "soon"}).status_code == 422
    alice.post("/views/layout", {"layout": "table", "columns": ["checklist"], "back": "/inbox/team"})
    assert "0/1" in alice.get(f"/search?q={desk.case.number}").text


def test_lists_are_kept_in_the_settings(browser, desk):
    admin, alice = browser(desk.cast.ada), browser(desk.cast.alice)
    assert admin.get("/settings/checklists").status_code == 200
    bad = admin.post("/settings/checklists", {"name": "Gas leak", "items": " "})
    assert bad.status_code == 422
    assert "one point a line" in bad.text
    made = admin.post(
        "/settings/checklists", {"name": "Gas leak", "items": "Shut the valve\nCall", "must_be_done": "on"}
    )
    assert made.status_code == 303
    place = made.location.partition("?")[0]
    assert "Checklist saved" in admin.get(place).text
    assert admin.post(place, {"name": "Gas", "items": "Shut", "version": "9"}).status_code == 409
    path = f"/cases/{desk.case.number}"
    assert "Gas leak" in alice.get(f"{path}/side").text
    assert alice.post(f"{path}/checklist", {"template": place.rpartition("/")[2]}).status_code == 303
    assert "before closing" in alice.get(f"{path}/side").text
    assert admin.post(f"{place}/delete").status_code == 303
    assert admin.get(place).status_code == 404


def test_programs_work_it_off_too(application, validators, desk):
    alice, admin = Client(application, desk.cast.alice, validators), Client(application, desk.cast.ada, validators)
    path = f"/cases/{desk.case.number}/checklist"
    made = alice.post(path, {"text": "Ring", "user": "bob"})
    assert made.status_code == 201
    item = made.json["items"][-1]["id"]
    done = alice.call("PATCH", f"{path}/{item}", json={"is_done": True, "user": "", "due_on": "2026-12-24"}).json
    assert (done["done"], done["items"][-1]["done_by"], done["items"][-1]["user"]) == (1, "alice", None)
    assert alice.get(path).json == done
    row = admin.post("/checklists", {"name": "Gas", "items": ["Shut"]}).json
    assert (
        admin.call("PUT", f"/checklists/{row['id']}", json={"name": "Gas", "items": ["Shut it"], "version": 1}).json[
            "version"
        ]
        == 2
    )
    assert alice.post(path, {"template": row["id"]}).json["total"] == 2
    assert alice.call("DELETE", f"{path}/{item}").json["total"] == 1
    assert row["id"] in [each["id"] for each in alice.get("/checklists").json["items"]]
    assert admin.call("DELETE", f"/checklists/{row['id']}").status_code == 200
    assert alice.post("/checklists", {"name": "Gas", "items": ["x"]}).status_code == 403
