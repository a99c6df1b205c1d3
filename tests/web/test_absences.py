"""People who are away: noted, shown where work is given, told through who stands in; what they have in hand is handed over."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from app.cases import service as cases
from app.cases.models import Case
from app.clock import utcnow
from app.db import forget, session, unit_of_work
from app.errors import Invalid
from app.identity import absences, colleagues, queries
from app.orchestration import parties, standing_in
from app.web.absent import person_options
from tests.support.desk import make_desk
from tests.web.api_client import Client, Validators


@pytest.fixture
def desk(cast):
    with unit_of_work():
        return make_desk(cast)


def days(first, last):
    today = utcnow().date()
    return {"first": (today + timedelta(first)).isoformat(), "last": (today + timedelta(last)).isoformat()}


def test_an_absence_is_noted_shown_and_taken_away(browser, desk):
    cast, mona = desk.cast, browser(desk.cast.mona)
    path = f"/people/{cast.alice.id}/absences"
    assert mona.post(path, {"kind": "vacation", "stand_in": cast.bob.id, **days(-2, 3)}).status_code == 303
    page = mona.get("/absences").text
    assert "away until" in page
    assert "vacation" in page
    assert mona.post(path, {"kind": "sick", **days(3, 9)}).status_code == 409
    assert mona.post(path, {"kind": "sick", **days(20, 19)}).status_code == 422
    assert mona.post(path, {"kind": "sick", "stand_in": cast.alice.id, **days(20, 21)}).status_code == 422
    assert "away until" in browser(cast.ada).get("/people").text
    with unit_of_work():
        [row] = absences.of_user(cast.alice.id)
    assert mona.post(f"/people/{cast.bob.id}/absences/{row.id}/delete", {}).status_code == 404
    assert mona.post(f"{path}/{row.id}/delete", {}).status_code == 303
    assert "away until" not in mona.get("/absences").text
    assert browser(cast.alice).get("/absences").status_code == 403


def test_who_stands_in_is_told_while_a_colleague_is_away_and_not_before(desk):
    alice, bob = desk.cast.alice.id, desk.cast.bob.id
    for first, told in ((5, {alice}), (-1, {alice, bob})):
        with unit_of_work():
            wish = absences.Wish("vacation", **days(first, first + 2), stand_in_id=bob)
            absences.add(alice, wish, zone=absences.ZoneInfo("UTC"))
            before = {user: len(queries.notices(user)) for user in (alice, bob)}
            parties.tell([alice], kind="escalated", text="escalated", link="/")
            assert {user for user in before if len(queries.notices(user)) > before[user]} == told


def test_what_somebody_has_in_hand_goes_to_a_colleague(browser, desk):
    cast, mona = desk.cast, browser(desk.cast.mona)
    with unit_of_work():
        cases.assign(cases.lock(desk.case.id), cast.alice.id)
    path = f"/people/{cast.alice.id}"
    assert desk.case.number in mona.get(f"{path}/absences").text
    assert mona.post(f"{path}/hand-over", {"to": ""}).status_code == 422
    assert mona.post(f"{path}/hand-over", {"to": cast.bob.id}).status_code == 303
    with unit_of_work() as work:
        assert work.get_one(Case, desk.case.id).assignee_id == cast.bob.id
        assert not standing_in.in_hand(cast.alice.id).cases
        assert any("yours now" in notice.text for notice in queries.notices(cast.bob.id))
        with pytest.raises(Invalid, match="does not work on cases"):
            standing_in.hand_over(cast.bob.id, to=cast.desi.id)


def test_the_api_notes_absences_and_hands_over(application, desk):
    cast = desk.cast
    client = Client(application, cast.mona, Validators(application))
    made = client.post(f"/users/{cast.alice.id}/absences", {"kind": "sick", "stand_in": cast.bob.login, **days(0, 1)})
    assert made.status_code == 201
    assert client.get(f"/users/{cast.alice.id}/absences").json["items"] == [made.json]
    handed = client.post(f"/users/{cast.alice.id}/hand-over", {"to": cast.bob.login})
    assert set(handed.json) == {"cases", "tasks", "work_orders"}
    assert client.call("DELETE", f"/users/{cast.alice.id}/absences/{made.json['id']}").status_code == 200


def test_choices_of_people_mark_who_is_away_and_follow_every_change(application, cast):
    with unit_of_work(), application.test_request_context("/?lang=en"):
        before = person_options(colleagues.active(), "bob")
        assert '<option value="bob" selected>' in before
        assert "away until" not in before
        queries.get_user(cast.bob.id).name = "Bob <b>Builder</b>"
        session().flush()
        forget()
        assert "Bob &lt;b&gt;Builder" in person_options(colleagues.active(), "")
        first = utcnow().date()
        absences.add(cast.bob.id, absences.Wish("vacation", first.isoformat(), first.isoformat()), zone=ZoneInfo("UTC"))
        assert f"away until {first.isoformat()}" in person_options(colleagues.active(), "")
        queries.get_user(cast.bob.id).is_active = False
        session().flush()
        forget()
        assert "bob" not in person_options(colleagues.active(), "")
