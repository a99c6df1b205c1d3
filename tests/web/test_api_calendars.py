"""The REST API for business calendars and queues."""

from __future__ import annotations

import pytest

from app.audit import service as audit
from app.db import unit_of_work
from app.identity import service as identity
from tests.web.api_client import Client, Validators

HOURS = {"mon": ["09:00-12:00", "13:00-18:00"], "tue": ["09:00-18:00"], "sat": ["22:00-24:00"], "sun": ["00:00-06:00"]}
NEW = {
    "key": "shanghai", "name": "Shanghai", "timezone": "Asia/Shanghai", "weekly": HOURS,
    "holidays": ["2026-10-05", "2026-10-05"], "extra_days": {"2026-10-10": ["09:00-18:00"]},
}  # fmt: skip
QUEUE = {"key": "night", "name": "Night", "name_zh": "夜班", "team": "service", "calendar": "shanghai"}


@pytest.fixture(scope="module")
def validators(application):
    """One for all tests of this module."""
    return Validators(application)


@pytest.fixture
def ada(application, validators, cast):
    """An administrator's client."""
    return Client(application, cast.ada, validators)


def kinds(chain):
    with unit_of_work():
        return [event["kind"] for event in audit.chain_events(chain)]


def test_a_calendar_is_made_changed_asked_and_deleted(ada):
    made = ada.post("/calendars", NEW)
    assert (made.status_code, made.json["weekly"], made.json["holidays"]) == (200, HOURS, ["2026-10-05"])
    path = f"/calendars/{made.json['id']}"
    asked = ada.get(f"{path}/preview", hours=4, start="2026-09-28T03:00:00Z").json
    assert asked["due"] == "2026-09-28T08:00:00Z"
    changed = ada.post("/calendars", {**NEW, "name": "Pudong", "weekly": {"mon": ["09:00-18:00"]}}).json
    assert (changed["id"], changed["name"]) == (made.json["id"], "Pudong")
    assert ada.get(f"{path}/preview", hours=4, start="2026-09-28T03:00:00Z").json["due"] == "2026-09-28T07:00:00Z"
    assert [row["key"] for row in ada.get("/calendars").json["items"]].count("shanghai") == 1
    assert ada.call("DELETE", path).json == {"id": made.json["id"]}
    assert ada.call("DELETE", path).status_code == ada.get(f"{path}/preview").status_code == 404
    assert kinds(f"calendar:{made.json['id']}") == ["calendar_saved", "calendar_saved", "calendar_removed"]


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "Not a key"}, {"key": ""}, {"name": " "}, {"name": "a\u0000b"}, {"timezone": "Mars/Olympus"},
        {"timezone": ""}, {"timezone": "../etc/passwd"}, {"weekly": {}}, {"weekly": {"mon": []}},
        {"weekly": {"someday": ["09:00-18:00"]}}, {"weekly": {"mon": ["18:00-09:00"]}}, {"weekly": {"mon": "09:00-18:00"}},
        {"weekly": {"mon": ["09:00-12:00", "11:00-18:00"]}}, {"weekly": {"mon": ["25:00-26:00"]}},
        {"holidays": ["1st of May"]}, {"holidays": ["2026-02-30"]}, {"extra_days": {"x": []}}, {"more": 1},
    ],
)  # fmt: skip
def test_impossible_calendars_are_refused(ada, changes):
    refused = ada.post("/calendars", {**NEW, **changes})
    assert refused.status_code == 422
    assert refused.json["detail"]
    assert "shanghai" not in {row["key"] for row in ada.get("/calendars").json["items"]}


@pytest.mark.parametrize(
    "asked",
    [{"hours": 0}, {"hours": -1}, {"hours": 1e9}, {"hours": "nan"}, {"start": "2026-09-28T03:00:00"}, {"start": "soon"},
     {"start": "9999-12-30T00:00:00Z", "hours": 2000}],
)  # fmt: skip
def test_questions_without_an_answer_are_refused(ada, asked):
    made = ada.post("/calendars", NEW).json
    assert ada.get(f"/calendars/{made['id']}/preview", **asked).status_code == 422


def test_a_queue_has_a_team_and_a_calendar_which_then_stays(ada):
    calendar = ada.post("/calendars", NEW).json
    made = ada.post("/queues", QUEUE).json
    assert {key: made[key] for key in QUEUE} == QUEUE
    refused = ada.call("DELETE", f"/calendars/{calendar['id']}")
    assert (refused.status_code, refused.json["code"]) == (409, "calendar_in_use")
    assert "night" in refused.json["detail"]
    ada.post("/calendars", {**NEW, "key": "other"})
    assert ada.post("/queues", {**QUEUE, "calendar": "other", "team": "repairs"}).json["id"] == made["id"]
    (listed,) = [row for row in ada.get("/queues").json["items"] if row["key"] == "night"]
    assert (listed["team"], listed["calendar"]) == ("repairs", "other")
    assert ada.call("DELETE", f"/calendars/{calendar['id']}").status_code == 200
    assert kinds(f"queue:{made['id']}") == ["queue_saved", "queue_saved"]


@pytest.mark.parametrize(
    "changes,status",
    [({"team": "nowhere"}, 404), ({"calendar": "none"}, 404), ({"key": "A b"}, 422), ({"name": ""}, 422),
     ({"name_zh": "\u0007"}, 422)],
)  # fmt: skip
def test_wrong_queues_are_refused(ada, changes, status):
    ada.post("/calendars", NEW)
    assert ada.post("/queues", {**QUEUE, **changes}).status_code == status


def test_an_archived_team_gets_no_queue(ada):
    ada.post("/calendars", NEW)
    with unit_of_work():
        identity.archive_team(identity.save_team("gone", name="Gone").id)
    assert ada.post("/queues", {**QUEUE, "team": "gone"}).json["code"] == "team_archived"
