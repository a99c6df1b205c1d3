"""Contacts on the desk: everybody who works on cases knows the customers, and nobody learns of cases that are not for them."""

from __future__ import annotations

import pytest

from app.cases import queries as case_queries
from app.contacts import keeping, merging, organizations, queries
from app.contacts import service as contacts
from app.db import unit_of_work
from app.orchestration import writing
from tests.support.desk import make_case, make_desk


@pytest.fixture
def desk(cast):
    with unit_of_work():
        return make_desk(cast)


@pytest.fixture
def dana(desk):
    return desk.case.contact_id


@pytest.fixture
def alice(browser, desk):
    return browser(desk.cast.alice)


CARD = {
    "name": "Dana Weiß",
    "language": "de",
    "timezone": "Asia/Shanghai",
    "tier": "gold",
    "warning": "Deaf: always write.",
}


def test_the_list_searches_filters_and_says_when_nobody_fits(alice, dana):
    assert f"/contacts/{dana}" in alice.get("/contacts").text
    assert f"/contacts/{dana}" in alice.get("/contacts?q=dana@ex").text
    assert f"/contacts/{dana}" not in alice.get("/contacts?tier=gold").text
    assert "Nobody fits" in alice.get("/contacts?q=zzz").text
    assert alice.get("/contacts?after=rubbish").status_code == 422


def test_pages_by_hand(alice, desk):
    with unit_of_work():
        for number in range(55):
            keeping.create({"name": f"Person {number:02}"}, [])
    first = alice.get("/contacts?q=person").text
    assert "Person 49" in first
    assert "Person 50" not in first
    following = first.split('href="/contacts?')[-1].split('"')[0].replace("&amp;", "&")
    assert "Person 54" in alice.get(f"/contacts?{following}").text


def test_a_contact_is_made_by_hand_and_refused_with_what_was_typed(alice, dana):
    form = {"name": "Tom", "kind": "email", "address": "dana@example.org"}
    refused = alice.post("/contacts", form)
    assert refused.status_code == 409
    assert "belongs to Dana already" in refused.text
    assert 'value="dana@example.org"' in refused.text
    made = alice.post("/contacts", {**form, "address": "tom@example.org"})
    assert made.status_code == 303
    assert "tom@example.org" in alice.get(made.location).text


def test_the_card_is_changed_and_open_cases_show_the_new_name(alice, desk, dana):
    page = alice.get(f"/contacts/{dana}").text
    version = page.split('name="version" value="')[1].split('"')[0]
    assert alice.post(f"/contacts/{dana}", {**CARD, "version": version, "organization": ""}).status_code == 303
    page = alice.get(f"/contacts/{dana}").text
    assert 'class="warning" role="note"' in page
    with unit_of_work():
        assert case_queries.get(desk.case.id).contact_name == "Dana Weiß"
    again = alice.post(f"/contacts/{dana}", {**CARD, "name": "Eve", "version": version})
    assert again.status_code == 409
    assert 'value="Eve"' in again.text
    wrong = alice.post(f"/contacts/{dana}", {**CARD, "organization": "Nowhere"})
    assert wrong.status_code == 422
    assert "There is no organization of this name" in wrong.text


def test_addresses_are_added_checked_and_removed(alice, dana):
    alice.post(f"/contacts/{dana}/points", {"kind": "voice", "address": "+49 170 1234567"})
    assert "+491701234567" in alice.get(f"/contacts/{dana}").text
    with unit_of_work():
        point = queries.points(dana)[-1].id
    alice.post(f"/contacts/{dana}/points/{point}", {"verified": "true"})
    assert "checked</span>" in alice.get(f"/contacts/{dana}").text
    alice.post(f"/contacts/{dana}/points/{point}", {"remove": "true"})
    assert 'value="false"' not in alice.get(f"/contacts/{dana}").text
    bad = alice.post(f"/contacts/{dana}/points", {"kind": "voice", "address": "call me"})
    assert bad.status_code == 422
    assert "with its country code" in bad.text


def test_cases_of_other_teams_stay_hidden(browser, desk, dana):
    with unit_of_work():
        hidden = make_case(desk.cast, desk.account, subject="Secret of repairs", team_id=desk.cast.repairs.id)
    seen = browser(desk.cast.alice).get(f"/contacts/{dana}").text
    assert desk.case.number in seen
    assert hidden.number not in seen
    assert "Secret of repairs" not in seen
    panel = browser(desk.cast.alice).get(f"/cases/{desk.case.number}").text
    assert hidden.number not in panel
    assert hidden.number in browser(desk.cast.mona).get(f"/contacts/{dana}").text
    assert browser(desk.cast.desi).get(f"/contacts/{dana}").status_code == 403
    assert f"/contacts/{dana}" not in browser(desk.cast.desi).get(f"/cases/{desk.case.number}").text


def test_two_people_are_looked_at_merged_and_taken_apart(alice, desk, dana):
    with unit_of_work():
        home = keeping.create({"name": "Dana", "warning": "dog"}, [("email", "dana@home.example")])
    assert "Perhaps the same person" in alice.get(f"/contacts/{dana}").text
    preview = alice.get(f"/contacts/{dana}/merge?other={home}").text
    assert "Are these one person?" in preview
    assert "The same name: Dana" in preview
    assert alice.get(f"/contacts/{dana}/merge").status_code == 422
    assert alice.post(f"/contacts/{dana}/merge", {"other": home}).status_code == 303
    assert alice.get(f"/contacts/{home}").location.endswith(f"/contacts/{dana}")
    assert "dana@home.example" in alice.get(f"/contacts/{dana}").text
    assert "dog" in alice.get(f"/cases/{desk.case.number}").text
    assert alice.post(f"/contacts/{home}/unmerge").status_code == 303
    assert "dana@home.example" not in alice.get(f"/contacts/{dana}").text.split("Perhaps")[0]
    assert alice.post(f"/contacts/{dana}/apart", {"other": home}).status_code == 303
    assert "Perhaps the same person" not in alice.get(f"/contacts/{dana}").text


# ---------------------------------------------------------------- beside a case
def test_the_panel_beside_a_case(alice, desk, dana):
    with unit_of_work():
        other = make_case(desk.cast, desk.account, subject="Another leak")
        house = organizations.save(None, name="House", tier="vip", warning="Pays late")
        keeping.change(dana, {**CARD, "tier": "", "organization_id": house.id})
    page = alice.get(f"/cases/{desk.case.number}").text
    for shown in (
        "Deaf: always write.",
        "Pays late",
        "tier-vip",
        "German",
        f"/organizations/{house.id}",
        other.number,
        "Local time",
    ):
        assert shown in page


def test_the_panel_is_changed_in_place_and_without_script(alice, desk, dana):
    path = f"/cases/{desk.case.number}/customer"
    assert alice.get(path).location.endswith(f"/contacts/{dana}")
    htmx = {"HX-Request": "true"}
    assert 'name="warning"' in alice.get(path, headers=htmx).text
    shown = alice.post(path, CARD, headers=htmx)
    assert "Deaf: always write." in shown.text
    assert 'name="warning"' not in shown.text
    assert alice.post(path, {**CARD, "tier": "iron"}, headers=htmx).status_code == 422
    assert alice.post(path, CARD).location.endswith(f"/cases/{desk.case.number}")


def test_the_panel_proposes_whom_to_look_at(alice, desk, dana):
    path = f"/cases/{desk.case.number}/customer/alike"
    htmx = {"HX-Request": "true"}
    assert "Perhaps" not in alice.get(path, headers=htmx).text
    with unit_of_work():
        home = keeping.create({"name": "dana"}, [("email", "dana@home.example")])
    found = alice.get(path, headers=htmx).text
    assert f"/contacts/{dana}/merge?other={home}" in found
    assert "The same name" in found
    assert alice.get(path).location.endswith(f"/contacts/{dana}")


def test_the_search_at_the_top_finds_people_too(alice, browser, desk, dana):
    assert f"/contacts/{dana}" in alice.get("/search?q=dana@ex").text
    assert f"/contacts/{dana}" not in browser(desk.cast.desi).get("/search?q=dana@ex").text


def test_an_answer_goes_where_the_case_came_from_also_when_people_are_merged(alice, desk, dana):
    with unit_of_work():
        other = keeping.create({"name": "Dana"}, [("email", "office@example.org")])
        merging.merge(other, dana)
        assert writing.customer(case_queries.get(desk.case.id)) == [("dana@example.org", "Dana")]
    assert 'value="dana@example.org"' in alice.get(f"/cases/{desk.case.number}").text


# ---------------------------------------------------------------- organizations
def test_organizations(alice, dana):
    made = alice.post("/organizations", {"name": "House", "domains": "example.org, house.example", "tier": "gold"})
    page = alice.get(made.location).text
    assert "1 contact writes from these domains" in page
    assert alice.post(f"{made.location}/adopt").status_code == 303
    assert f"/contacts/{dana}" in alice.get(made.location).text
    assert "house.example" in alice.get("/organizations?q=house").text
    refused = alice.post("/organizations", {"name": "Other", "domains": "house.example"})
    assert refused.status_code == 409
    assert "belongs to House already" in refused.text
    assert alice.post(made.location, {"name": "House", "domains": "gmail.com"}).status_code == 422
    with unit_of_work():
        assert queries.tier_of(contacts.find_or_create("email", "new@house.example").id) == "gold"
