"""What screens say about themselves and are told about others; only those who may see a case learn who is on it."""

from __future__ import annotations

import pytest

from app.cases import service as cases
from app.db import unit_of_work
from app.web import presence as pages
from tests.support.desk import make_desk
from tests.web.api_client import Client, Validators

HERE = {"screen": "tab1"}


@pytest.fixture
def desk(cast, valkey_url):
    with unit_of_work():
        return make_desk(cast)


def test_two_on_one_case_see_each_other_and_leave(browser, cast, desk):
    alice, bob = browser(cast.alice), browser(cast.bob)
    number, case_id = desk.case.number, desk.case.id
    assert alice.post("/presence", data={**HERE, "case": number, "doing": "reply"}).json["people"] == [
        {"id": cast.alice.id, "name": cast.alice.name, "doing": "reply"}
    ]
    assert len(bob.post("/presence", data={**HERE, "case": number}).json["people"]) == 2
    [listed] = bob.get("/presence").json["cases"]
    assert (listed["case"], len(listed["people"])) == (case_id, 2)
    assert alice.post("/presence", data={**HERE, "left": case_id}).status_code == 204
    assert [p["name"] for p in bob.get("/presence").json["cases"][0]["people"]] == [cast.bob.name]


def test_another_team_neither_comes_nor_sees(application, browser, cast, desk):
    with unit_of_work():
        case = cases.open_case(
            subject="A leak", channel="email", contact_id=None, contact_name="Dana", team_id=cast.service_team.id
        )
    browser(cast.alice).post("/presence", data={**HERE, "case": case.number})
    charlie = browser(cast.charlie)
    assert charlie.post("/presence", data={**HERE, "case": case.number}).status_code == 404
    assert charlie.get("/presence").json == {"cases": []}
    path = f"/cases/{case.number}/presence"
    validators = Validators(application)
    assert Client(application, cast.charlie, validators).get(path).status_code == 404
    assert [p["name"] for p in Client(application, cast.bob, validators).get(path).json["people"]] == [cast.alice.name]


@pytest.mark.parametrize(
    "given", [{"screen": ""}, {"screen": "a b"}, {**HERE, "doing": "sleep"}, {"screen": "x" * (pages.MAX_SCREEN + 1)}]
)
def test_a_screen_says_who_it_is_and_what_it_does(browser, cast, desk, given):
    assert browser(cast.alice).post("/presence", data={"case": desk.case.number, **given}).status_code == 422
