"""Time spent on the page of a case, on the sheet, as CSV and through the API."""

from __future__ import annotations

import csv
import io
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


def test_time_is_booked_with_plain_forms_and_summed_up(browser, desk):
    alice, path = browser(desk.cast.alice), f"/cases/{desk.case.number}"
    given = {"minutes": "25", "day": "2024-11-02", "note": "=1+1 <b>", "category": "phone"}
    assert alice.post(f"{path}/time", given).status_code == 303
    side = alice.get(f"{path}/side").text
    assert "25 minutes" in side
    assert "=1+1 &lt;b&gt;" in side
    [entry] = set(re.findall(rf"{path}/time/(\d+)", side))
    assert browser(desk.cast.bob).post(f"{path}/time/{entry}", given).status_code == 403
    assert alice.post(f"{path}/time/{entry}", {**given, "minutes": "30"}).status_code == 303
    assert alice.post(f"{path}/time", {"minutes": "many"}).status_code == 422
    assert alice.post(f"{path}/time", {"minutes": "5", "day": "soon"}).status_code == 422
    days = "from=2024-11-02&to=2024-11-02"
    assert desk.case.number in alice.get(f"/time?{days}").text
    assert desk.case.number not in browser(desk.cast.bob).get(f"/time?{days}").text
    file = alice.get(f"/time.csv?{days}")
    assert "attachment" in file.headers["Content-Disposition"]
    told = [row for row in csv.DictReader(io.StringIO(file.text.lstrip("\ufeff"))) if row["case"] == desk.case.number]
    assert [(row["minutes"], row["note"]) for row in told] == [("30", "'=1+1 <b>")]
    assert alice.get("/time?from=2024-11-02&to=2024-11-01").status_code == 422
    assert alice.post(f"{path}/time/{entry}", {"do": "remove"}).status_code == 303
    assert "30 minutes" not in alice.get(f"{path}/side").text


def test_the_timer_is_found_again_elsewhere(browser, desk):
    alice, path = browser(desk.cast.alice), f"/cases/{desk.case.number}"
    assert alice.post(f"{path}/timer", {"do": "start"}).status_code == 303
    assert 'id="timer-stop"' in browser(desk.cast.alice).get(path).text
    assert 'id="timer-stop"' not in browser(desk.cast.bob).get(path).text
    assert alice.post(f"{path}/timer", {"do": "start"}).status_code == 409
    assert alice.post(f"{path}/timer", {"do": "stop", "note": "Rang"}).status_code == 303
    assert "Rang" in alice.get(f"{path}/side").text
    assert alice.post(f"{path}/timer", {"do": "discard"}).status_code == 409


def test_programs_book_time_too(application, validators, desk):
    alice, path = Client(application, desk.cast.alice, validators), f"/cases/{desk.case.number}"
    made = alice.post(f"{path}/time", {"minutes": 5, "day": "2024-11-03"})
    assert (made.status_code, made.json["minutes"]) == (201, 5)
    entry = made.json["items"][0]["id"]
    assert alice.call("PUT", f"{path}/time/{entry}", json={"minutes": 7, "day": "2024-11-03"}).json["minutes"] == 7
    found = alice.get("/time", first="2024-11-03", last="2024-11-03").json
    assert found["by_case"][desk.case.number] == 7
    assert alice.post(f"{path}/timer", {"do": "start"}).json["timer_since"]
    assert alice.post(f"{path}/timer", {"do": "discard"}).json["timer_since"] is None
    assert alice.call("DELETE", f"{path}/time/{entry}").json == alice.get(f"{path}/time").json
