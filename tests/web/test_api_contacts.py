"""The REST API for contacts and organizations."""

from __future__ import annotations

import pytest

from app.db import unit_of_work
from tests.support.desk import make_case, make_desk
from tests.web.api_client import Client, Validators

DANA = {
    "name": "Dana Weiß", "language": "de", "timezone": "Europe/Berlin", "tier": "gold", "warning": "deaf",
    "points": [{"kind": "email", "address": "Dana@Home.example"}, {"kind": "voice", "address": "+49 30 1234567"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def validators(application):
    """One for all tests of this module."""
    return Validators(application)


@pytest.fixture
def desk(cast):
    with unit_of_work():
        return make_desk(cast)


@pytest.fixture
def alice(application, validators, desk):
    return Client(application, desk.cast.alice, validators)


def test_a_contact_is_made_found_changed_and_read(alice):
    made = alice.post("/contacts", DANA, key="once")
    assert made.status_code == 201
    assert alice.post("/contacts", DANA, key="once").json == made.json
    assert alice.post("/contacts", DANA).status_code == 409
    path = f"/contacts/{made.json['id']}"
    assert [point["address"] for point in made.json["points"]] == ["dana@home.example", "+49301234567"]
    assert [row["id"] for row in alice.get("/contacts", q="1234 567", tier="gold").json["items"]] == [made.json["id"]]
    version = made.json["version"]
    changed = alice.call("PATCH", path, json={"name": "Dana", "tier": "", "version": version}).json
    assert (changed["name"], changed["tier"], changed["language"]) == ("Dana", "", "de")
    assert alice.call("PATCH", path, json={"name": "Eve", "version": version}).status_code == 409
    assert [event["kind"] for event in alice.get(f"{path}/events").json["items"]] == [
        "contact_created", "contact_changed", "contact_changed",
    ]  # fmt: skip
    point = made.json["points"][1]["id"]
    assert alice.call("PATCH", f"{path}/points/{point}", json={"is_verified": True}).json["points"][1]["is_verified"]
    assert len(alice.call("DELETE", f"{path}/points/{point}").json["points"]) == 1
    assert (
        alice.post(f"{path}/points", {"kind": "sms", "address": "0049 170 1"}).json["points"][1]["address"] == "+491701"
    )


@pytest.mark.parametrize(
    "changes",
    [{"tier": "iron"}, {"name": ""}, {"name": "\u0000"}, {"timezone": "Mars"}, {"language": "x" * 13}, {"more": 1},
     {"organization_id": 999}, {"points": [{"kind": "pigeon", "address": "x"}]}, {"points": [{"kind": "email", "address": "x"}]}],
)  # fmt: skip
def test_what_is_refused(alice, changes):
    answer = alice.post("/contacts", {**DANA, **changes})
    assert answer.status_code in {404, 422}
    assert alice.get("/contacts", q="home.example").json["items"] == []


def test_pages(alice):
    for number in range(3):
        alice.post("/contacts", {"name": f"Person {number}"})
    first = alice.get("/contacts", q="person", limit=2).json
    second = alice.get("/contacts", q="person", limit=2, cursor=first["next_cursor"]).json
    assert [row["name"] for row in first["items"] + second["items"]] == ["Person 0", "Person 1", "Person 2"]
    assert second["next_cursor"] is None
    assert alice.get("/contacts", cursor="rubbish").status_code == 422


def test_history_shows_only_cases_one_may_see(alice, desk):
    with unit_of_work():
        make_case(desk.cast, desk.account, subject="Hidden", team_id=desk.cast.repairs.id)
    seen = alice.get(f"/contacts/{desk.case.contact_id}/history").json
    assert [row["number"] for row in seen["cases"]] == [desk.case.number]
    assert [(row["kind"], row["case"]) for row in seen["last"]] == [("email", desk.case.number)]


def test_merging(alice, desk):
    dana = desk.case.contact_id
    other = alice.post("/contacts", {**DANA, "name": "Dana"}).json["id"]
    [candidate] = alice.get(f"/contacts/{dana}/candidates").json["items"]
    assert (candidate["id"], candidate["hints"][0]["kind"]) == (other, "name")
    preview = alice.get(f"/contacts/{other}/merge", other=dana).json
    assert (preview["cases"], preview["open_cases"], preview["interactions"]) == (1, 1, 1)
    merged = alice.post(f"/contacts/{other}/merge", {"other": dana, "why": "on the phone"}).json
    assert merged["id"] == alice.get(f"/contacts/{dana}").json["id"] == other
    assert merged["merged"] == [{"id": dana, "name": "Dana", "into": other}]
    assert alice.post(f"/contacts/{other}/merge", {"other": dana}).status_code == 409
    seen = alice.get(f"/contacts/{dana}").json["version"]
    assert alice.call("PATCH", f"/contacts/{dana}", json={"tier": "vip", "version": seen}).json["own_tier"] == "vip"
    assert alice.post(f"/contacts/{dana}/unmerge").json["id"] == dana
    assert alice.post(f"/contacts/{dana}/unmerge").status_code == 409
    assert alice.post(f"/contacts/{dana}/apart", {"other": other}).json == {"items": []}


def test_organizations(alice):
    made = alice.post("/organizations", {"name": "House", "tier": "gold", "domains": ["example.org"]}).json
    path = f"/organizations/{made['id']}"
    assert alice.post(f"{path}/adopt").json == {"members": 1}
    assert [row["tier"] for row in alice.get("/contacts", organization=made["id"]).json["items"]] == ["gold"]
    changed = alice.call("PATCH", path, json={"warning": "pays late", "version": made["version"]}).json
    assert (changed["warning"], changed["domains"]) == ("pays late", ["example.org"])
    assert alice.call("PATCH", path, json={"name": "X", "version": made["version"]}).status_code == 409
    assert alice.get(path).json == changed
    assert alice.get("/organizations", q="hou").json["items"] == [changed]
    assert alice.post("/organizations", {"name": "Other", "domains": ["example.org"]}).status_code == 409
