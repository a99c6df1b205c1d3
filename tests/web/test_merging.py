"""Merging and taking apart in the desk and by API: what will happen is said before, and the merged number leads on."""

from __future__ import annotations

import re

import pytest

from app.cases import service as cases
from app.cases import tags
from app.db import unit_of_work
from app.identity import queries as people
from app.orchestration import merging, writing
from tests.support.desk import make_case, make_desk
from tests.web.api_client import Client, Validators


@pytest.fixture(scope="module")
def validators(application):
    return Validators(application)


@pytest.fixture
def client(application, validators):
    return lambda user: Client(application, user, validators)


@pytest.fixture
def desk(cast):
    with unit_of_work():
        return make_desk(cast)


@pytest.fixture
def other(desk):
    with unit_of_work():
        return make_case(desk.cast, desk.account, subject="No hot water")


def path(case):
    return f"/cases/{case.number}"


def listed(person, view):
    """The cases in a list; tabs of open cases are none of it."""
    return re.findall(r'class="item[^>]*href="/cases/([^"]+)"', person.get(f"/inbox/{view}").text)


def merge(desk, other):
    with unit_of_work():
        merging.merge(desk.case.id, other.id)


def test_what_will_happen_is_said_before(browser, desk, other):
    with unit_of_work():
        tags.add(cases.lock(desk.case.id), "Boiler")
        cases.assign(cases.lock(other.id), desk.cast.bob.id)
    alice = browser(desk.cast.alice)
    assert other.number in alice.get(f"{path(desk.case)}/merge").text
    page = alice.get(f"{path(desk.case)}/merge?into={other.number.lower()}").text
    for said in (desk.order.number, "Boiler", "1 received, 0 written and 0 notes", "Bob", "It is held"):
        assert said in page
    once = re.search(r'name="once" value="([^"]+)"', page)[1]
    for _again in range(2):
        done = alice.post(f"{path(desk.case)}/merge", {"into": other.number, "once": once})
        assert (done.status_code, done.location) == (303, path(other))
    with unit_of_work():
        assert "merged" in {notice.kind for notice in people.notices(desk.cast.bob.id)}
    refused = alice.get(f"{path(other)}/merge?into={desk.case.number}").text
    assert "This case is merged into" in refused
    assert 'value="RB' not in re.sub(r'id="into"[^>]*', "", refused)
    assert alice.get(f"{path(desk.case)}/merge?into=RB-1999-000001").status_code == 404


def test_the_merged_number_leads_to_the_survivor(browser, desk, other):
    merge(desk, other)
    alice = browser(desk.cast.alice)
    led = alice.get(path(desk.case))
    assert (led.status_code, led.location) == (303, path(other))
    page = alice.get(path(other)).text
    assert f"{path(desk.case)}/unmerge" in page
    assert len(re.findall(r'id="message-', page)) == 2
    assert f">{desk.case.number}</span>" in page  # whose message it is
    own = alice.get(f"{path(desk.case)}?tab=audit").text
    assert "It is worked on there" in own
    assert "/messages" not in own
    assert desk.case.number not in listed(alice, "team")
    assert alice.post(f"{path(desk.case)}/messages", {"kind": "note", "text": "x"}).status_code == 409
    with unit_of_work():
        cases.change(cases.lock(other.id), {"team_id": desk.cast.repairs.id})
    assert alice.get(path(desk.case)).status_code == 200  # the survivor is not for her


def test_taking_apart(browser, desk, other):
    merge(desk, other)
    with unit_of_work():
        writing.note(other.id, user_id=desk.cast.alice.id, author="Alice", text="Both are one")
    alice = browser(desk.cast.alice)
    page = alice.get(f"{path(desk.case)}/unmerge").text
    assert "1 go back" in page
    assert alice.post(f"{path(desk.case)}/unmerge").location == path(desk.case)
    assert alice.get(path(desk.case)).status_code == 200
    assert alice.get(f"{path(desk.case)}/unmerge").status_code == 404
    assert len(re.findall(r'id="message-', alice.get(path(other)).text)) == 2  # its own and the note


def test_merging_is_for_those_who_see_both(browser, desk, other):
    with unit_of_work():
        cases.change(cases.lock(other.id), {"team_id": desk.cast.repairs.id})
    alice = browser(desk.cast.alice)
    assert alice.get(f"{path(desk.case)}/merge?into={other.number}").status_code == 404
    assert alice.post(f"{path(desk.case)}/merge", {"into": other.number}).status_code == 404
    assert browser(desk.cast.desi).post(f"{path(desk.case)}/merge", {"into": other.number}).status_code == 403
    assert alice.post(f"{path(desk.case)}/merge", {"into": ""}).status_code == 422


def test_by_api(client, desk, other):
    alice, api = client(desk.cast.alice), f"/cases/{desk.case.number}"
    foreseen = alice.get(f"{api}/merge", into=other.number).json
    assert (foreseen["received"], foreseen["work_orders"], foreseen["refusal"]) == (1, [desk.order.number], "")
    made = alice.post(f"{api}/merge", {"into": other.number}, key="once")
    assert made.json["into"] == other.number
    assert alice.post(f"{api}/merge", {"into": other.number}, key="once").json == made.json
    assert alice.get(api).json["merged_into"] == other.number
    assert alice.get(api).json["status"] == "merged"
    assert alice.get(f"/cases/{other.number}/around").json["merged"] == [desk.case.number]
    assert alice.post(f"{api}/merge", {"into": other.number}).status_code == 409
    assert {task["case"] for task in alice.get("/tasks").json["items"]} == {other.number}
    assert alice.get(f"{api}/unmerge").json["messages"] == 1
    assert alice.post(f"{api}/unmerge").json["undone_at"]
    assert alice.post(f"{api}/unmerge").status_code == 404
    assert alice.get(api).json["merged_into"] is None
