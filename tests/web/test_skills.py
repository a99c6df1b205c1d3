"""Skills through the door: the settings, a person's page, and giving a case to somebody who knows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.audit.service import chain_events
from app.cases import service as cases
from app.cases.filtering import checking
from app.cases.filtering.names import scope_of
from app.cases.filtering.reading import parse
from app.clock import utcnow
from app.db import unit_of_work
from app.identity import queries, skills
from app.sla import service as sla
from tests.support.desk import make_desk
from tests.web.api_client import Client, Validators


@pytest.fixture
def desk(cast):
    with unit_of_work():
        skills.make("gas", name="Gas", name_zh="燃气")
        skills.make("water", name="Water")
        skills.set_levels(cast.bob.id, {"gas": 3})
        skills.set_levels(cast.charlie.id, {"gas": 1})
        return make_desk(cast)


def test_skills_are_kept_in_the_settings_and_on_people(browser, desk):
    ada, alice = browser(desk.cast.ada), desk.cast.alice
    assert ada.post("/settings/skills", {"key": "heat", "name": "Heating"}).status_code == 303
    again = ada.post("/settings/skills", {"key": "heat", "name": "Heating"})
    assert again.status_code == 409
    assert "There is already a skill heat." in again.text
    assert ada.post(f"/people/{alice.id}/skills", {"skill-heat": "2", "skill-gas": ""}).status_code == 303
    assert "Heating 2" in ada.get("/settings/skills").text
    assert '<option value="2" selected>' in ada.get(f"/people/{alice.id}/skills").text
    assert ada.post("/settings/skills/heat", {"name": " "}).status_code == 422
    assert ada.post("/settings/skills/heat", {"delete": "1"}).status_code == 303
    with unit_of_work():
        changes = [e["data"]["changes"] for e in chain_events(f"user:{alice.id}") if e["kind"] == "skills_changed"]
    assert changes == [{"heat": {"from": "–", "to": "2"}}, {"heat": {"from": "2", "to": "–"}}]
    assert browser(alice).get("/settings/skills").status_code == 403


def test_a_case_is_given_to_somebody_who_knows(browser, desk):
    alice, path = browser(desk.cast.alice), f"/cases/{desk.case.number}/assign"
    page = alice.get(path).text
    # Of the case's own team first; a designer works on no case.
    assert page.index("<b>Bob</b>") < page.index("<b>Charlie</b>")
    assert "<b>Desi</b>" not in page
    found = alice.get(f"{path}?skill=gas").text
    assert "Gas 3" in found
    assert "<b>Mona</b>" not in found
    assert "Nobody who works on cases has this skill." in alice.get(f"{path}?skill=water").text
    assert alice.post(path, {"user": "bob"}).status_code in {204, 303}
    assert "has it" in alice.get(path).text


def test_cases_are_found_by_what_their_agent_knows(browser, desk):
    with unit_of_work():
        cases.assign(cases.lock(desk.case.id), desk.cast.bob.id)
    with unit_of_work():
        scope = scope_of(queries.viewer(desk.cast.mona.id))
        asked = ["skill:gas", "skill:燃气", "skill:water", "skill:any", "skill:none", "-skill:gas"]
        plain = checking.load()
        assert checking.check([parse(each) for each in asked], plain, scope) == []
        assert [checking.holds(parse(each), plain[0], scope) for each in asked] == [
            True,
            True,
            False,
            True,
            False,
            False,
        ]
    mona = browser(desk.cast.mona)
    assert desk.case.number in mona.get("/search?q=skill:gas").text
    assert desk.case.number not in mona.get("/search?q=skill:water").text


def test_the_api_keeps_skills(application, desk):
    ada = Client(application, desk.cast.ada, Validators(application))
    assert ada.post("/skills", {"key": "heat", "name": "Heating"}).status_code == 201
    given = ada.call("PUT", f"/users/{desk.cast.alice.id}/skills", json={"skills": {"heat": 2}})
    assert given.json["skills"] == {"heat": 2}
    assert ada.call("PUT", f"/users/{desk.cast.alice.id}/skills", json={"skills": {"heat": 9}}).status_code == 422
    assert ada.call("PUT", "/skills/heat", json={"name": "Warmth"}).json["people"] == 1
    assert ada.call("DELETE", "/skills/heat").status_code == 200
    assert [row["key"] for row in ada.get("/skills").json["items"]] == ["gas", "water"]


def test_who_is_outside_their_hours_is_marked(browser, application, desk):
    cast, ada = desk.cast, browser(desk.cast.ada)
    with unit_of_work():
        day = (utcnow() + timedelta(days=3)).strftime("%a").lower()
        never = sla.save_calendar("never", name="Never", spec={"timezone": "UTC", "weekly": {day: ["09:00-10:00"]}})
    assert ada.post(f"/people/{cast.bob.id}/hours", {"calendar": str(never.id)}).status_code == 303
    assert f'<option value="{never.id}" selected>' in ada.get(f"/people/{cast.bob.id}/absences").text
    page = browser(cast.alice).get(f"/cases/{desk.case.number}/assign").text
    assert page.count("off duty now") == 1
    assert "?ask=bob" in page
    asked = browser(cast.alice).get(f"/cases/{desk.case.number}/assign?ask=bob").text
    assert "works again from" in asked
    assert 'name="user" value="bob"' in asked
    at_work = browser(cast.alice).get(f"/cases/{desk.case.number}/assign?ask=alice").text
    assert "works again from" not in at_work, "nobody asks about who is there"
    api = Client(application, cast.ada, Validators(application))
    assert api.get(f"/users/{cast.bob.id}/working-hours").json == {"calendar": "never", "is_off_duty": True}
    assert api.call("PUT", f"/users/{cast.bob.id}/working-hours", json={"calendar": None}).json["is_off_duty"] is False
    assert ada.post(f"/teams/{cast.service_team.id}/hours", {"calendar": str(never.id)}).status_code == 303
    assert api.get(f"/teams/{cast.service_team.id}/working-hours").json["calendar"] == "never"
    assert "Working hours set" in ada.get(f"/people/{cast.bob.id}").text
