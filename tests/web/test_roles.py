"""Roles of a desk's own through the door: made, given, in force at once, never more than their maker may do."""

from __future__ import annotations

import pytest

from app.audit.service import chain_events
from app.db import unit_of_work
from app.identity import queries, roles, service
from app.identity.models import Role
from tests.support.desk import make_desk
from tests.support.people import make_user


def own_role(key, *rights, copy_of=Role.AGENT):
    with unit_of_work():
        return roles.make(key, roles.Wish(key.title(), rights), copy_of=copy_of)


@pytest.fixture
def ada(browser, cast):
    return browser(cast.ada)


def given(user, role):
    with unit_of_work():
        service.change_user(user.id, role=role)


def test_a_role_is_copied_ticked_given_and_counts_at_once(ada, browser, cast, wire):
    form = ada.get("/settings/roles/new?copy=agent").text
    assert 'value="cases_reply" checked' in form
    assert 'value="people" checked' not in form
    made = ada.post("/settings/roles", {
        "copy": "agent", "key": "reader", "name": "Reader", "name_zh": "读者", "rights": ["cases_new", "contacts_see"],
    })  # fmt: skip
    assert made.location == "/settings/roles/reader?saved=1"
    person = {"name": "Bob", "login": "bob", "role": "reader", "locale": "", "email": ""}
    assert ada.post(f"/people/{cast.bob.id}", person).status_code == 303
    bob = browser(cast.bob)
    assert "Reader" in bob.get("/inbox/mine").text
    contacts = bob.get("/contacts").text
    assert "Add a contact" not in contacts
    assert bob.post("/contacts", {"name": "Somebody"}).status_code == 403
    with unit_of_work():
        version = roles.get("reader").version
    changed = {"name": "Reader", "rights": ["contacts_edit"], "version": str(version)}
    wire.sent.clear()
    assert ada.post("/settings/roles/reader", changed).status_code == 303
    # Their open streams were admitted with other rights.
    assert {"topic": "ended", "teams": [], "users": [cast.bob.id]} in wire.sent
    assert "Add a contact" in bob.get("/contacts").text
    assert ada.post("/settings/roles/reader", changed).status_code == 409
    page = ada.get("/settings/roles/reader").text
    assert "Bob" in page
    assert "Add and change contacts" in page
    refused = ada.post("/settings/roles/reader/delete", {})
    assert refused.status_code == 409
    assert "Bob" in refused.text


def test_built_in_roles_are_shown_and_stay(ada):
    page = ada.get("/settings/roles/manager").text
    assert "Do the tasks and steps of all teams" in page
    assert ada.post("/settings/roles/manager", {"name": "Boss", "rights": []}).status_code == 404
    assert ada.post("/settings/roles/manager/delete", {}).status_code == 404
    assert ada.post("/settings/roles", {"copy": "agent", "key": "manager", "name": "Me"}).status_code == 409


def test_nobody_hands_out_more_than_he_has(browser, cast):
    keeper = own_role("keeper", "people", "roles", "teams", "cases_new")
    own_role("strong", "channels")
    with unit_of_work():
        kim = make_user("kim", teams=(cast.service_team,))
    given(kim, keeper)
    kim = browser(kim)
    new = kim.post("/settings/roles", {"copy": "agent", "key": "sly", "name": "Sly", "rights": ["people", "channels"]})
    assert new.status_code == 403
    assert kim.post("/settings/roles", {"copy": "admin", "key": "sly", "name": "Sly", "rights": []}).status_code == 403
    assert kim.post("/settings/roles/strong", {"name": "Strong", "rights": []}).status_code == 403
    assert 'value="admin"' not in kim.get("/people").text
    person = {"name": "Zed", "login": "zed", "role": "admin"}
    assert kim.post("/people", person).status_code == 403
    # Who could set an administrator's password would be one.
    for path in ("", "/password", "/password/link", "/active"):
        assert (
            kim.post(f"/people/{cast.ada.id}{path}", {"name": "Ada", "login": "ada", "role": "keeper"}).status_code
            == 403
        )
    page = kim.get(f"/people/{cast.ada.id}").text
    assert "ask somebody who may do it too" in page
    assert "Give a new password" not in page
    assert "/settings/roles" in kim.get("/settings").text
    assert (
        kim.post("/settings/roles", {"copy": "agent", "key": "fair", "name": "Fair", "rights": ["people"]}).status_code
        == 303
    )
    with unit_of_work():
        assert queries.viewer(cast.ada.id).role is Role.ADMIN


def test_who_may_not_write_to_customers_keeps_notes(browser, cast):
    with unit_of_work():
        case = make_desk(cast).case
    given(cast.bob, own_role("silent", "cases_new", "cases_work"))
    bob = browser(cast.bob)
    page = bob.get(f"/cases/{case.number}").text
    assert 'name="kind" value="note"' in page
    assert 'name="kind" value="reply"' not in page
    assert bob.post(f"/cases/{case.number}/messages", {"kind": "reply", "text": "Hello"}).status_code == 403
    assert bob.post(f"/cases/{case.number}/messages", {"kind": "note", "text": "Hello"}).status_code < 400
    assert bob.get(f"/cases/{case.number}/merge").status_code == 403


def test_the_api_makes_gives_changes_and_deletes_roles(ada, cast):
    made = ada.request("POST", "/api/v1/roles", json={"key": "clerk", "name": "Clerk", "rights": ["cases_reply"]})
    assert made.status_code == 201
    assert made.json["rights"] == ["cases_work", "cases_reply"]
    assert made.json["counts_as"] == "agent"
    changed = ada.request("PATCH", f"/api/v1/users/{cast.bob.id}", json={"role": "clerk"})
    assert changed.json["role"] == "clerk"
    assert ada.request("DELETE", "/api/v1/roles/clerk").status_code == 409
    wrong = ada.request("PATCH", "/api/v1/roles/clerk", json={"rights": ["everything"]})
    assert wrong.status_code == 422
    less = ada.request("PATCH", "/api/v1/roles/clerk", json={"rights": [], "version": made.json["version"]})
    assert less.json["rights"] == []
    assert [row["key"] for row in ada.get("/api/v1/roles").json["items"]] == [
        "agent",
        "manager",
        "designer",
        "admin",
        "clerk",
    ]
    assert ada.request("PATCH", f"/api/v1/users/{cast.bob.id}", json={"role": "king"}).status_code == 422
    ada.request("PATCH", f"/api/v1/users/{cast.bob.id}", json={"role": "agent"})
    assert ada.request("DELETE", "/api/v1/roles/clerk").status_code == 200
    with unit_of_work():
        kinds = [event["kind"] for event in chain_events(f"user:{cast.bob.id}")]
    assert kinds.count("user_changed") == 2
