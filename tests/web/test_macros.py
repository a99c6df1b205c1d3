"""Macros through the door: made in the settings, run from a case, from Ctrl-K, on many cases and by the API."""

from __future__ import annotations

import pytest

from app.cases import service as cases
from app.db import unit_of_work
from tests.support.desk import make_desk
from tests.web.api_client import Client, Validators

STEPS = [
    {"kind": "note", "params": {"texts": {"en": "For {{ customer.name }}: [[what]]"}}},
    {"kind": "fields", "params": {"priority": "high"}},
]


@pytest.fixture
def desk(cast):
    with unit_of_work():
        return make_desk(cast)


def priority(desk):
    with unit_of_work():
        return cases.lock(desk.case.id).priority


def test_the_pages_make_arrange_copy_and_delete_them(browser, desk):
    alice, bob = browser(desk.cast.alice), browser(desk.cast.bob)
    assert "＋" in alice.get("/settings/macros/new").text
    form = {"name": "Flood", "shared": f"team:{desk.cast.service_team.id}", "on": "1"}
    drawn = alice.post("/settings/macros", {**form, "do": "add:verb"}).text
    assert 'name="s0.verb"' in drawn
    asked = {**form, "step": ["0", "1"], "s0.kind": "verb", "s0.verb": "chase", "s1.kind": "tags", "s1.add": "Flood"}
    assert 'name="s0.v.text"' in alice.post("/settings/macros", {**asked, "do": "look:0"}).text
    assert 'name="s1.verb"' in alice.post("/settings/macros", {**asked, "do": "down:0"}).text
    wrong = alice.post("/settings/macros", asked)
    assert wrong.status_code == 422
    assert "The form is not filled in: text." in wrong.text
    place = alice.post("/settings/macros", {**asked, "s0.v.text": "Late"}).location.removesuffix("?saved=1")
    listed = bob.get("/settings/macros?q=flood").text
    assert "Process: Chase (Late)" in listed
    assert "disabled" in bob.get(place).text
    assert bob.post(f"{place}/switch", {}).status_code == 403
    copy = bob.post(f"{place}/copy", {}).location
    assert "Copy of Flood" in bob.get(copy).text
    assert alice.post(f"{place}/move", {"up": "1"}).status_code == 303
    assert alice.post(f"{place}/switch", {}).status_code == 303
    assert bob.get(f"/cases/{desk.case.number}/macros").text.count("Copy of Flood") == 1
    assert alice.post(f"{place}/delete", {}).status_code == 303
    assert alice.get(place).status_code == 404


def test_one_is_found_looked_at_and_run_on_a_case(application, browser, desk):
    client = Client(application, desk.cast.alice, Validators(application))
    number = desk.case.number
    made = client.post("/macros", {"name": "Flood", "steps": STEPS, "shared": "team", "team": "service"}).json
    assert made["steps"][1]["says"] == "Priority → high"
    where = f"/cases/{number}/macros/{made['id']}"
    bob = browser(desk.cast.bob)
    assert bob.get(f"/cases/{number}/canned?q=flo").json["macros"][0]["name"] == "Flood"
    assert where in bob.get(f"/palette?q=flood&case={number}").text
    assert "before you send: [[what]]" in bob.get(where).text
    looked = bob.post(where, {"look": "1", "blank.what": "a pump"}).text
    assert "For Dana: a pump" in looked
    assert priority(desk) == "normal"
    assert bob.post(where, {}).status_code == 422
    assert priority(desk) == "normal"
    assert bob.post(where, {"blank.what": "a pump"}).status_code == 303
    assert priority(desk) == "high"
    assert "Flood" in bob.get(f"/cases/{number}?tab=audit").text
    path = bob.post("/bulk", {"pick": number, "pick_kind": "macro", "pick_what": made["id"]}).headers["Location"]
    assert "1 cannot be changed" in bob.get(path).text
    assert 'name="blank.what"' in bob.get(f"/bulk/new?pick={number}&pick_kind=macro").text
    many = {"pick": number, "pick_kind": "macro", "pick_what": made["id"], "blank.what": "a pump"}
    assert "For Dana: a pump" in bob.get(bob.post("/bulk", many).headers["Location"]).text
    assert bob.get(f"/bulk/new?pick={number}&pick_kind=custom").status_code == 200


def test_the_api_makes_changes_looks_runs_and_deletes(application, desk):
    validators = Validators(application)
    alice, charlie = (Client(application, user, validators) for user in (desk.cast.alice, desk.cast.charlie))
    made = alice.post("/macros", {"name": "Flood", "steps": STEPS}).json
    path, where = f"/macros/{made['id']}", f"/cases/{desk.case.number}/macros/{made['id']}"
    assert charlie.get("/macros").json["items"] == []
    assert charlie.post(where, {}).status_code == 404
    looked = alice.post(f"{where}/preview", {}).json
    assert (looked["stopped_at"], looked["steps"][1]["changes"]) == (0, None)
    assert "[[what]]" in looked["why"]
    refused = alice.post(where, {})
    assert (refused.status_code, priority(desk)) == (422, "normal")
    first = alice.post(where, {"answers": {"what": "a pump"}}, key="once")
    again = alice.post(where, {"answers": {"what": "a pump"}}, key="once")
    assert (first.json, again.headers["Idempotency-Replayed"]) == (again.json, "true")
    assert alice.get("/macros").json["items"][0]["uses"] == 1
    changed = {"name": "Water", "steps": STEPS[1:], "is_on": False, "version": 1}
    assert alice.call("PUT", path, json=changed).json["version"] == 2
    assert alice.call("PUT", path, json=changed).status_code == 409
    assert alice.post(where, {}).status_code == 409
    bad = alice.post("/macros", {"name": "Bad", "steps": [*STEPS, {"kind": "verb", "params": {"verb": "explode"}}]})
    assert [each["field"] for each in bad.json["errors"]] == ["steps.2"]
    assert alice.call("DELETE", path).json == {"id": made["id"]}
