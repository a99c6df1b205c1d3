"""Tags, watching, snooze and links on the page of a case, in lists and through the API."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.cases import around, linking, snoozing, tags
from app.cases import service as cases
from app.clock import utcnow
from app.db import unit_of_work
from tests.support.desk import make_case, make_desk
from tests.web.api_client import Client, Validators
from tests.web.test_merging import listed


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


def around_of(case):
    with unit_of_work():
        return around.of_case(case.id)


def test_tags_are_put_on_and_taken_off_and_shown_in_lists(browser, desk):
    alice = browser(desk.cast.alice)
    assert alice.post(f"{path(desk.case)}/tags", {"tag": "Boiler, <b>, three, four"}).status_code == 303
    page = alice.get(path(desk.case)).text
    assert "Boiler" in page
    assert "&lt;b&gt;" in page
    listed = alice.get("/inbox/team").text
    assert '<span class="chip tag">Boiler</span>' in listed
    assert '<span class="chip tag" title="three">+1</span>' in listed
    assert '<option value="Boiler">' in alice.get(f"{path(desk.case)}/tags").text
    assert alice.post(f"{path(desk.case)}/tags/remove", {"tag": "boiler"}).status_code == 303
    assert around_of(desk.case).tags == ("<b>", "four", "three")
    assert alice.post(f"{path(desk.case)}/tags", {"tag": " "}).status_code == 422
    changed = alice.request("POST", f"{path(desk.case)}/tags", data={"tag": "x"}, headers={"HX-Request": "true"})
    assert (changed.status_code, changed.headers["HX-Trigger"]) == (204, f"rb:case-{desk.case.id}")


def test_watching(browser, desk):
    alice = browser(desk.cast.alice)
    alice.post(f"{path(desk.case)}/watch")
    assert around_of(desk.case).watching == {desk.cast.alice.id}
    assert "Stop watching" in alice.get(path(desk.case)).text
    alice.post(f"{path(desk.case)}/watch", {"stop": "1"})
    assert around_of(desk.case).watching == set()


def test_a_case_is_laid_aside_and_taken_up_again(browser, desk):
    alice = browser(desk.cast.alice)
    alice.post(f"{path(desk.case)}/assign", {"user": "alice"})
    for values in (
        {"for": "1d"},
        {"for": "reply"},
        {"for": "at", "at": (utcnow() + timedelta(days=2)).isoformat()[:16]},
    ):
        assert alice.post(f"{path(desk.case)}/snooze", {**values, "note": "Call Dana"}).status_code == 303
        assert desk.case.number not in listed(alice, "mine")
        assert "laid aside" in alice.get("/inbox/snoozed").text
        assert "Call Dana" in alice.get(path(desk.case)).text
        alice.post(f"{path(desk.case)}/snooze/end")
        assert desk.case.number in listed(alice, "mine")
    for values in ({}, {"for": "at", "at": "soon"}, {"for": "at", "at": "2001-01-01T10:00"}):
        assert alice.post(f"{path(desk.case)}/snooze", values).status_code == 422
    with unit_of_work():
        snoozing.snooze(cases.lock(desk.case.id), user_id=desk.cast.alice.id, until=None)
        snoozing.end(cases.lock(desk.case.id), back="customer")
    assert "back: the customer wrote" in alice.get(path(desk.case)).text
    assert "back: the customer wrote" in alice.get("/inbox/mine").text


def test_links_show_on_both_cases_and_hide_what_is_not_for_the_reader(browser, desk, other):
    alice = browser(desk.cast.alice)
    made = alice.post(f"{path(desk.case)}/links", {"role": "parent_of", "to": other.number.lower()})
    assert made.status_code == 303
    assert "parent of" in alice.get(path(desk.case)).text
    shown = alice.get(path(other)).text
    assert re.search(rf"child of.{{0,200}}{desk.case.number}", shown, re.DOTALL)
    with unit_of_work():
        cases.change(cases.lock(desk.case.id), {"team_id": desk.cast.repairs.id, "subject": "Secret leak"})
    assert "Secret leak" not in alice.get(path(other)).text
    link_id = around_of(other).links[0].link_id
    assert alice.post(f"{path(other)}/links", {"to": desk.case.number}).status_code == 404
    assert alice.post(f"{path(other)}/links/{link_id}/remove").status_code == 303
    for values in ({"to": ""}, {"to": other.number}, {"to": other.number, "role": "x"}):
        assert alice.post(f"{path(other)}/links", values).status_code == 422


def test_who_only_looks_changes_nothing(browser, desk):
    desi = browser(desk.cast.desi)
    assert desi.get(path(desk.case)).status_code == 200
    for route in ("tags", "watch", "snooze", "links"):
        assert desi.post(f"{path(desk.case)}/{route}", {"tag": "x"}).status_code == 403


def test_all_of_it_by_api(client, desk, other):
    alice = client(desk.cast.alice)
    api = f"/cases/{desk.case.number}"
    assert alice.post(f"{api}/tags", {"tags": ["Boiler", "VIP"]}).json["tags"] == ["Boiler", "VIP"]
    assert alice.post(f"{api}/tags", {"tags": ["vip"], "remove": True}).json["tags"] == ["Boiler"]
    assert alice.get("/tags", q="boi").json == {"items": ["Boiler"]}
    assert alice.post(f"{api}/watch").json["watchers"] == ["alice"]
    assert alice.post(f"{api}/watch", {"watch": False}).json["watchers"] == []
    later = (utcnow() + timedelta(hours=2)).isoformat()
    assert alice.post(f"{api}/snooze", {"until": later, "note": "n"}).json["snooze"]["note"] == "n"
    assert alice.post(f"{api}/snooze", {"until": later[:19]}).status_code == 422
    assert alice.post(f"{api}/snooze", {"end": True}).json["snooze"]["back"] == "agent"
    made = alice.post(f"{api}/links", {"to": other.number, "role": "duplicate_of"})
    assert made.status_code == 201
    [link] = made.json["links"]
    assert (link["role"], link["case"], link["subject"]) == ("duplicate_of", other.number, "No hot water")
    assert alice.call("DELETE", f"{api}/links/{link['id']}").json["links"] == []
    assert alice.get(f"{api}/around").json["merged_into"] is None


def test_lists_ask_once_for_all_marks(browser, desk):
    from tests.support.statements import recorded

    alice = browser(desk.cast.alice)
    alice.get("/inbox/team")
    with recorded() as few:
        alice.get("/inbox/team")
    with unit_of_work():
        for number in range(5):
            case = make_case(desk.cast, desk.account, subject=f"Case {number}")
            tags.add(cases.lock(case.id), f"tag{number}")
            linking.link(cases.lock(case.id), cases.lock(desk.case.id), role="related")
    with recorded() as many:
        alice.get("/inbox/team")
    assert len(many) == len(few)
