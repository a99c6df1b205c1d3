"""The settings in the desk: calendars with their days, and queues; each change on the record, none lost to another's."""

from __future__ import annotations

import io
import re
from datetime import date

import pytest

from app.audit.service import chain_events
from app.cases import service as cases
from app.db import unit_of_work
from app.routing import service as routing
from app.sla import days, policies
from app.sla import service as sla
from app.sla.days import Day
from app.sla.policies import Draft
from app.web import kept
from tests.web.matrix import make_world

HOURS = {"hours_mon": "09:00-12:00, 13:00-18:00", "hours_sat": "22:00-24:00"}
NEW = {"name": "Shanghai", "key": "shanghai", "timezone": "Asia/Shanghai", **HOURS}
FILE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:x
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20200501
RRULE:FREQ=YEARLY
SUMMARY:Labour <b>Day</b>
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART:20260501T100000Z
SUMMARY:Meeting
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def ada(browser, cast):
    """The administrator at the screen."""
    return browser(cast.ada)


@pytest.fixture
def mona(browser, cast):
    """The manager at the screen."""
    return browser(cast.mona)


@pytest.fixture
def calendar(db):
    """A calendar that is there already."""
    with unit_of_work():
        return sla.save_calendar("business", name="Business hours").id


def row(calendar_id):
    with unit_of_work():
        found = sla.get_calendar(calendar_id)
        return (
            found.version,
            found.name,
            dict(found.weekly),
            list(found.holidays),
            dict(found.extra_days),
            dict(found.day_names),
        )


def kinds(chain):
    with unit_of_work():
        return [event["kind"] for event in chain_events(chain)]


# ---------------------------------------------------------------- who sees what
def test_managers_look_and_administrators_change(ada, mona, browser, cast, calendar):
    assert "/settings/queues" in mona.get("/settings").text
    assert 'href="/people"' not in mona.get("/settings").text.split("<main")[1]
    shown = mona.get(f"/settings/calendars/{calendar}").text
    assert "disabled" in shown
    assert "/delete" not in shown
    assert mona.post(f"/settings/calendars/{calendar}", {"name": "Mine"}).status_code == 403
    assert browser(cast.alice).get("/settings").status_code == 403
    assert "/settings" in ada.get("/people").text


# ---------------------------------------------------------------- calendars
def test_a_calendar_is_made_changed_and_deleted(ada):
    made = ada.post("/settings/calendars", NEW)
    assert made.status_code == 303
    calendar_id = int(re.search(r"/calendars/(\d+)", made.headers["Location"])[1])
    version, name, weekly, *_ = row(calendar_id)
    assert (name, weekly) == ("Shanghai", {"mon": ["09:00-12:00", "13:00-18:00"], "sat": ["22:00-24:00"]})
    changed = {**NEW, "name": "Pudong", "version": str(version), "hours_sat": ""}
    assert ada.post(f"/settings/calendars/{calendar_id}", changed).status_code == 303
    assert row(calendar_id)[1:3] == ("Pudong", {"mon": ["09:00-12:00", "13:00-18:00"]})
    assert "09:00-12:00, 13:00-18:00" in ada.get(f"/settings/calendars/{calendar_id}").text
    assert ada.post(f"/settings/calendars/{calendar_id}/delete", {}).status_code == 303
    assert kinds(f"calendar:{calendar_id}") == ["calendar_saved", "calendar_saved", "calendar_removed"]


@pytest.mark.parametrize(
    "changes",
    [{"key": "business"}, {"key": "Not a key"}, {"name": ""}, {"timezone": "Mars/Olympus"}, {"timezone": ""},
     {"hours_mon": "9 to 5"}, {"hours_mon": "18:00-09:00"}, {"hours_mon": "", "hours_sat": ""}],
)  # fmt: skip
def test_a_refused_calendar_keeps_what_was_typed(ada, calendar, changes):
    refused = ada.post("/settings/calendars", {**NEW, **changes})
    assert refused.status_code in {409, 422}
    assert 'role="alert"' in refused.text
    if "hours_sat" not in changes:
        assert 'value="22:00-24:00"' in refused.text


def test_the_second_of_two_who_edit_at_once_is_told(ada, calendar):
    version = str(row(calendar)[0])
    change = {"name": "First", "timezone": "UTC", **HOURS, "version": version}
    assert ada.post(f"/settings/calendars/{calendar}", change).status_code == 303
    refused = ada.post(f"/settings/calendars/{calendar}", {**change, "name": "Second"})
    assert refused.status_code == 409
    assert "Somebody else has changed this meanwhile" in refused.text
    assert row(calendar)[1] == "First"


def test_a_calendar_that_a_queue_uses_stays_and_says_so(ada, cast, calendar):
    with unit_of_work():
        routing.save_queue("night", name="Night", team_id=cast.repairs.id, calendar_id=calendar)
    refused = ada.post(f"/settings/calendars/{calendar}/delete", {})
    assert refused.status_code == 409
    assert "night" in refused.text
    assert row(calendar)[1] == "Business hours"


def test_what_a_limit_would_come_to_is_counted(ada, calendar):
    assert "UTC" in ada.get(f"/settings/calendars/{calendar}/count?hours=8").text
    assert 'value="12.5"' in ada.get(f"/settings/calendars/{calendar}?hours=12.5").text
    for odd in ("nan", "-1", "1e99", "x"):
        assert ada.get(f"/settings/calendars/{calendar}/count?hours={odd}").status_code == 200


# ---------------------------------------------------------------- days
def test_days_are_added_in_a_row_and_removed(ada, calendar):
    path = f"/settings/calendars/{calendar}/days"
    asked = {"first": "2026-12-24", "last": "2026-12-26", "name": "Christmas", "version": str(row(calendar)[0])}
    assert ada.post(path, asked).status_code == 303
    assert row(calendar)[3] == ["2026-12-24", "2026-12-25", "2026-12-26"]
    assert ada.post(path, asked).status_code == 409
    assert ada.post(path, {"first": "2026-12-28", "hours": "9:00-12:00"}).status_code == 303
    assert row(calendar)[4] == {"2026-12-28": ["09:00-12:00"]}
    assert ada.post(path, {"remove": "1", "day": "2026-12-24"}).status_code == 303
    assert row(calendar)[3] == ["2026-12-25", "2026-12-26"]
    assert ada.post(path, {"remove": "1"}).status_code == 422
    assert "calendar_days_removed" in kinds(f"calendar:{calendar}")


@pytest.mark.parametrize("asked", [{"first": "soon"}, {"first": ""}, {"first": "2026-12-24", "last": "2026-12-01"},
                                   {"first": "2026-12-24", "hours": "late"}])  # fmt: skip
def test_refused_days_are_explained(ada, calendar, asked):
    refused = ada.post(f"/settings/calendars/{calendar}/days", asked)
    assert refused.status_code == 422
    assert 'id="days-error"' in refused.text


def test_a_file_is_shown_before_it_is_taken(ada, calendar):
    path = f"/settings/calendars/{calendar}"
    shown = ada.post(f"{path}/import", {"years": "2", "file": (io.BytesIO(FILE.encode()), "off.ics")})
    assert shown.status_code == 200
    assert "Labour &lt;b&gt;Day&lt;/b&gt;" in shown.text
    assert "Meeting" in shown.text
    assert "it has hours" in shown.text
    assert row(calendar)[3] == []
    year = date.today().year
    taken = ada.post(f"{path}/take", {"day": f"{year}-05-01||Labour Day", "source": "file off.ics"})
    assert taken.status_code == 303
    assert row(calendar)[5] == {f"{year}-05-01": "Labour Day"}
    assert ada.post(f"{path}/import", {"file": (io.BytesIO(b"nothing"), "x.ics")}).status_code == 422
    assert ada.post(f"{path}/import", {}).status_code == 422
    assert ada.post(f"{path}/take", {"day": "x|y|z"}).status_code == 422


def test_public_holidays_are_shown_before_they_are_taken(ada, calendar):
    path = f"/settings/calendars/{calendar}/holidays"
    assert 'value="DE"' in ada.get(path).text
    assert 'value="BY"' in ada.get(f"{path}?country=DE").text
    with unit_of_work():
        days.add_days(calendar, [Day(date(2026, 1, 1))])
    shown = ada.get(f"{path}?country=DE&region=BY&year=2026").text
    assert "2026-01-06|" in shown
    assert "2026-01-01|" not in shown
    assert ada.get(f"{path}?country=XX&year=2026").status_code == 422
    assert ada.get(f"{path}?country=DE&year=1800").status_code == 422


# ---------------------------------------------------------------- queues
def test_a_queue_is_made_and_changed(ada, cast, calendar):
    asked = {
        "name": "Night",
        "name_zh": "夜班",
        "key": "night",
        "team": str(cast.service_team.id),
        "calendar": str(calendar),
    }
    made = ada.post("/settings/queues", asked)
    assert made.status_code == 303
    path = re.sub(r"\?.*", "", made.headers["Location"])
    version = re.search(r'name="version" value="(\d+)"', ada.get(path).text)[1]
    change = {**asked, "team": str(cast.repairs.id), "version": version}
    assert ada.post(path, change).status_code == 303
    assert ada.post(path, change).status_code == 409
    assert "Repairs" in ada.get("/settings/queues").text
    assert ada.post("/settings/queues", asked).status_code == 409
    assert ada.post("/settings/queues", {**asked, "key": "other", "name": ""}).status_code == 422
    assert ada.post("/settings/queues", {**asked, "key": "other", "team": "0"}).status_code == 404


# ---------------------------------------------------------------- service levels
LEVEL = {
    "name": "Gold", "name_zh": "金牌", "is_enabled": "true", "first_response": "1.5", "first_response_unit": "h",
    "resolution": "90", "resolution_unit": "m", "priority": "urgent", "type": "incident, request", "tier": "Gold",
    "pauses": "waiting", "warn_percent": "80", "warn_who": "agent", "breach_who": "lead", "calendar": "",
}  # fmt: skip


def levels():
    with unit_of_work():
        return [(policy.name, dict(policy.targets), dict(policy.conditions)) for policy in policies.policies()]


def test_a_service_level_is_made_changed_moved_and_deleted(ada, mona, calendar):
    assert ada.post("/settings/service-levels", LEVEL).status_code == 303
    conditions = {"priority": ["urgent"], "type": ["incident", "request"], "tier": ["gold"]}
    assert levels() == [("Gold", {"first_response": 5400, "resolution": 5400}, conditions)]
    assert (
        ada.post(
            "/settings/service-levels", {"name": "Standard", "first_response": "8", "is_enabled": "true"}
        ).status_code
        == 303
    )
    shown = ada.get("/settings/service-levels").text
    path = re.search(r'href="(/settings/service-levels/\d+)">\s*Standard', shown)[1]
    assert ada.post(path, {"move": "up"}).status_code == 303
    assert [name for name, *_ in levels()] == ["Standard", "Gold"]
    assert "disabled" in mona.get(path).text
    assert mona.post(path, {"move": "down"}).status_code == 403
    version = re.search(r'name="version" value="(\d+)"', ada.get(path).text)[1]
    change = {
        "name": "Basic",
        "first_response": "30",
        "first_response_unit": "m",
        "version": version,
        "calendar": str(calendar),
    }
    assert ada.post(path, change).status_code == 303
    assert ada.post(path, change).status_code == 409
    assert 'value="30"' in ada.get(path).text
    assert "switched off" in ada.get("/settings/service-levels").text
    assert ada.post(f"/settings/calendars/{calendar}/delete", {}).status_code == 409
    assert ada.post(f"{path}/delete", {}).status_code == 303
    assert [name for name, *_ in levels()] == ["Gold"]


@pytest.mark.parametrize(
    "changes",
    [{"name": ""}, {"first_response": "", "resolution": ""}, {"first_response": "soon"}, {"first_response": "5000"},
     {"warn_percent": "100"}, {"pauses": "sleeping"}, {"warn_who": "everybody"}, {"priority": "super"}, {"resolution": "nan"}],
)  # fmt: skip
def test_a_refused_service_level_keeps_what_was_typed(ada, changes):
    refused = ada.post("/settings/service-levels", {**LEVEL, **changes})
    assert refused.status_code == 422
    assert 'id="policy-error"' in refused.text
    assert 'value="incident, request"' in refused.text
    assert levels() == []


def test_the_tester_says_which_holds_and_why(ada, cast):
    with unit_of_work():
        world = make_world(cast)
        number = world.case.number
    ada.post("/settings/service-levels", LEVEL)
    ada.post("/settings/service-levels", {"name": "Standard", "first_response": "8", "is_enabled": "true"})
    shown = ada.get(f"/settings/service-levels?case={number}").text
    assert f"Standard holds for {number}." in shown
    assert "asked for urgent" in " ".join(shown.split())
    assert "There is no such case" in ada.get("/settings/service-levels?case=RB-1999-000001").text


def test_the_case_shows_its_clocks_and_the_inbox_its_ring(ada, cast, calendar):
    with unit_of_work():
        routing.save_queue("service", name="Service", team_id=cast.service_team.id, calendar_id=calendar)
        policies.save(
            None, Draft("Standard", targets={"first_response": 3600 * 8, "resolution": 3600 * 80}, pauses=["waiting"])
        )
    with unit_of_work():
        world = make_world(cast)
        case_id, number = world.case.id, world.case.number
    shown = ada.get(f"/cases/{number}").text
    assert "First response" in shown
    assert "first response · Standard · Business hours" in shown
    assert "first response · Standard · Business hours" in ada.get("/inbox/all").text
    with unit_of_work():
        cases.change(cases.lock(case_id), {"status": "waiting"})
    kept.clear()
    assert "rests · first response · Standard · Business hours" in ada.get("/inbox/all").text.replace("paused", "rests")
    assert "rests: waiting" in " ".join(ada.get(f"/cases/{number}").text.split())
