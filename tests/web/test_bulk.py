"""Bulk actions through the door: selection in lists, preview, start, result, undo, the tray, the API."""

from __future__ import annotations

import re

import pytest

from app import jobs
from app.db import unit_of_work
from app.orchestration.bulk import runs
from tests.support.desk import make_case, make_desk
from tests.web.api_client import Client, Validators


@pytest.fixture
def desk(cast):
    with unit_of_work():
        return make_desk(cast)


def work(run_id):
    for lane in range(runs.LANES):
        jobs.run(runs.JOB, run_id * runs.LANES + lane)


def test_cases_are_selected_looked_at_changed_and_taken_back(browser, desk):
    alice, number = browser(desk.cast.alice), desk.case.number
    listed = alice.get("/inbox/team").text
    assert f'value="{number}" form="bulk-bar"' in listed
    for kind in ("fields", "tags", "watch", "snooze", "reply", "note", "verb", "task", "merge"):
        assert alice.get(f"/bulk/new?pick={number}&pick_kind={kind}").status_code == 200
    assert alice.get("/bulk/new").status_code == 422
    answer = alice.post(
        "/bulk", {"pick_all": "1", "pick_q": "is:open team:service", "pick_kind": "fields", "priority": "high"}
    )
    assert answer.status_code == 303
    path = answer.headers["Location"]
    assert "1 will change" in alice.get(path).text
    assert browser(desk.cast.bob).get(path).status_code == 404
    alice.post(f"{path}/start")
    work(int(path.rpartition("/")[2]))
    page = alice.get(path).text
    assert "1 changed" in page
    assert path in alice.get("/jobs").text
    back = alice.post(f"{path}/undo").headers["Location"]
    work(int(back.rpartition("/")[2]))
    assert "1 changed" in alice.get(back).text


def test_a_verb_with_its_form_is_performed_on_several(browser, desk):
    with unit_of_work():
        other = make_case(desk.cast, desk.account, subject="Another")
    alice = browser(desk.cast.alice)
    picked = {"pick": [desk.case.number, other.number], "pick_kind": "verb", "pick_what": "chase"}
    refused = alice.get(alice.post("/bulk", picked).headers["Location"]).text
    assert "2 cannot be changed" in refused
    path = alice.post("/bulk", {**picked, "text": "Where is it?"}).headers["Location"]
    assert "2 will change" in alice.get(path).text


def test_a_reply_shows_its_text_for_each_case(browser, desk):
    alice = browser(desk.cast.alice)
    path = alice.post("/bulk", {
        "pick": desk.case.number, "pick_kind": "reply", "text": "Dear {{customer}}, about {{number}}",
    }).headers["Location"]  # fmt: skip
    page = alice.get(path).text
    assert f"Dear Dana, about {desk.case.number}" in page
    assert re.search("cannot be called back", page)


def test_the_api_offers_the_same(application, desk):
    client = Client(application, desk.cast.alice, Validators(application))
    asked = {"kind": "tags", "params": {"add": "Flood"}, "query": "team:service"}
    made = client.post("/bulk", asked).json
    assert (made["state"], made["counts"]["will_change"]) == ("preview", 1)
    assert client.get(f"/bulk/{made['id']}/cases", outcome="changed").json["items"][0]["number"] == desk.case.number
    assert client.post(f"/bulk/{made['id']}/start").json["state"] == "running"
    assert client.post(f"/bulk/{made['id']}/start").status_code == 409
    work(made["id"])
    assert client.get("/bulk").json["items"][0]["counts"]["changed"] == 1
    undone = client.post(f"/bulk/{made['id']}/undo").json
    assert client.post(f"/bulk/{undone['id']}/stop").json["state"] == "stopped"
    assert client.post(f"/bulk/{undone['id']}/again").json["undo_of"] == made["id"]
    assert client.post("/bulk", {"kind": "tags", "params": {}, "query": "team:service"}).status_code == 422
    assert Client(application, desk.cast.charlie, Validators(application)).get(f"/bulk/{made['id']}").status_code == 404
