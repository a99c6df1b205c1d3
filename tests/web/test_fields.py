"""Custom fields in the settings, on the page of a case, on paper and through the API."""

from __future__ import annotations

import pytest

from app.db import unit_of_work
from tests.support.desk import make_desk
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


def test_a_field_is_made_filled_in_and_retired(browser, desk):
    admin, alice = browser(desk.cast.ada), browser(desk.cast.alice)
    assert "No custom field yet" in admin.get("/settings/fields").text
    bad = admin.post("/settings/fields", {"key": "colour", "kind": "choice", "name": "Colour"})
    assert bad.status_code == 422
    assert "what can be chosen" in bad.text
    given = {
        "key": "colour",
        "kind": "choice",
        "name": "Colour",
        "name_zh": "颜色",
        "choices": "red | Red <b> | 红\nblue",
    }
    assert admin.post("/settings/fields", given).status_code == 303
    assert admin.post("/settings/fields", {"key": "seen_on", "kind": "date", "name": "Seen on"}).status_code == 303
    assert "Custom field saved" in admin.get("/settings/fields/colour").text

    path = f"/cases/{desk.case.number}"
    assert "Red &lt;b&gt;" in alice.get(f"{path}/fields").text
    wrong = alice.post(f"{path}/fields", {"field.colour": "red", "field.seen_on": "soon"})
    assert wrong.status_code == 422
    assert 'value="soon"' in wrong.text
    assert 'id="field-seen_on-error"' in wrong.text
    filled = alice.post(f"{path}/fields", {"field.colour": "red", "field.seen_on": "2026-11-30"})
    assert filled.status_code == 303
    assert "Red &lt;b&gt;" in alice.get(path).text
    assert "2026-11-30" in alice.get(f"{path}/print").text
    assert "Fields changed" in alice.get(f"{path}?tab=audit").text

    version = {"version": "1", "name": "Colour", "choices": "blue", "is_retired": "on"}
    assert admin.post("/settings/fields/colour", version).status_code == 303
    assert "retired" in admin.get("/settings/fields").text
    assert admin.post("/settings/fields/colour", version).status_code == 409
    assert "field.colour" not in alice.get(f"{path}/fields").text
    assert "red" in alice.get(path).text


def test_fields_through_the_api(client, desk):
    admin, alice = client(desk.cast.ada), client(desk.cast.alice)
    body = {"key": "parts", "kind": "choices", "name": "Parts", "choices": [{"value": "pump"}, {"value": "valve"}]}
    assert admin.post("/fields", body).status_code == 201
    assert alice.post("/fields", body).status_code == 403
    path = f"/cases/{desk.case.number}/fields"
    assert alice.call("PATCH", path, json={"fields": {"parts": ["valve", "pump"]}}).json["fields"] == {
        "parts": ["valve", "pump"]
    }
    refused = alice.call("PATCH", path, json={"fields": {"parts": ["wheel"]}})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["field"] == "parts"
    assert alice.call("PATCH", path, json={"fields": {"parts": None}}).json["fields"] == {"parts": []}
    changed = {"name": "Spare parts", "choices": body["choices"], "is_retired": True, "version": 1}
    assert admin.call("PUT", "/fields/parts", json=changed).json["is_retired"] is True
    assert [row["name"] for row in alice.get("/fields").json["items"]] == ["Spare parts"]


def test_a_field_is_searched_completed_and_shown_in_a_table(browser, desk):
    admin, alice, path = browser(desk.cast.ada), browser(desk.cast.alice), f"/cases/{desk.case.number}"
    given = {"key": "col_colour", "kind": "choice", "name": "Paint", "choices": "red | Red <i> | 红\nblue"}
    assert admin.post("/settings/fields", given).status_code == 303
    assert alice.post(f"{path}/fields", {"field.col_colour": "red"}).status_code == 303
    offered = alice.get("/search/complete?q=field.col_").json["choices"]
    assert offered == [{"text": "field.col_colour:", "hint": "Paint"}]
    assert alice.get("/search/complete?q=field.col_colour:").json["choices"][0]["text"] == "red"
    assert 'value="field.col_colour"' in alice.get("/views/layout").text
    chosen = {"layout": "table", "columns": ["status", "field.col_colour"], "back": "/inbox/team"}
    assert alice.post("/views/layout", chosen).status_code == 303
    page = alice.get("/search?q=field.col_colour:red").text
    assert desk.case.number in page
    assert "Paint" in page
    assert "Red &lt;i&gt;" in page
    assert desk.case.number not in alice.get("/search?q=field.col_colour:blue").text
    assert "one of red, blue" in alice.get("/search?q=field.col_colour:green").text
    assert alice.post("/views/layout", {**chosen, "columns": ["field.col_nothing"]}).status_code == 422
