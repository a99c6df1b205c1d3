"""The REST API for service levels and the clocks of cases."""

from __future__ import annotations

import pytest

from app.db import unit_of_work
from app.routing import service as routing
from app.sla import service as sla
from tests.web.api_client import Client, Validators
from tests.web.matrix import make_world

NEW = {
    "name": "Gold", "name_zh": "金牌", "conditions": {"priority": ["urgent"], "tier": ["Gold"]}, "calendar": "business",
    "targets": {"first_response": 3600, "resolution": 36000}, "pauses": ["waiting"], "warn_percent": 80, "warn_who": ["agent"],
    "breach_who": ["lead"],
}  # fmt: skip


@pytest.fixture(scope="module")
def validators(application):
    """One for all tests of this module."""
    return Validators(application)


@pytest.fixture
def client(application, validators, cast):
    """A way to make clients, with a queue and its calendar."""
    with unit_of_work():
        calendar = sla.save_calendar("business", name="Business hours")
        routing.save_queue("service", name="Service", team_id=cast.service_team.id, calendar_id=calendar.id)
    return lambda user: Client(application, user, validators)


def test_a_service_level_is_made_changed_and_deleted(client, cast):
    ada = client(cast.ada)
    made = ada.post("/service-levels", NEW).json
    assert (made["conditions"], made["calendar"]) == ({"priority": ["urgent"], "tier": ["gold"]}, "business")
    path = f"/service-levels/{made['id']}"
    changed = ada.call("PUT", path, json={**NEW, "name": "Golden", "version": made["version"]})
    assert (changed.status_code, changed.json["name"]) == (200, "Golden")
    assert ada.call("PUT", path, json={**NEW, "version": made["version"]}).status_code == 409
    assert [row["name"] for row in client(cast.mona).get("/service-levels").json["items"]] == ["Golden"]
    assert client(cast.mona).post("/service-levels", NEW).status_code == 403
    assert ada.call("DELETE", path).json == {"id": made["id"]}
    assert ada.call("DELETE", path).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [{"targets": {}}, {"targets": {"first_response": 1}}, {"targets": {"lunch": 3600}}, {"conditions": {"colour": ["red"]}},
     {"conditions": {"priority": ["super"]}}, {"warn_percent": 0}, {"pauses": ["open"]}, {"breach_who": ["everybody"]},
     {"name": " "}, {"more": 1}],
)  # fmt: skip
def test_impossible_service_levels_are_refused(client, cast, changes):
    assert client(cast.ada).post("/service-levels", {**NEW, **changes}).status_code == 422


def test_an_unknown_calendar_is_not_there(client, cast):
    assert client(cast.ada).post("/service-levels", {**NEW, "calendar": "none"}).status_code == 404


def test_a_case_tells_its_clocks_and_why_a_service_level_holds(client, cast):
    ada = client(cast.ada)
    ada.post("/service-levels", NEW)
    standard = ada.post("/service-levels", {"name": "Standard", "targets": {"first_response": 7200}}).json
    with unit_of_work():
        number = make_world(cast).case.number
    told = client(cast.alice).get(f"/cases/{number}/clocks").json
    assert [(row["kind"], row["state"], row["calendar"]) for row in told["items"]] == [
        ("first_response", "running", "business")
    ]
    assert [(row["policy"], row["holds"], row["field"]) for row in told["verdicts"]] == [
        ("Gold", False, "priority"), ("Standard", True, ""),
    ]  # fmt: skip
    assert client(cast.charlie).get(f"/cases/{number}/clocks").status_code == 404
    refused = ada.call("DELETE", f"/service-levels/{standard['id']}")
    assert (refused.status_code, refused.json["code"]) == (409, "policy_in_use")
