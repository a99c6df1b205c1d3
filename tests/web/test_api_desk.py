"""The REST API beyond cases: files, channel accounts, people, stuck steps and mails that were not taken in."""

from __future__ import annotations

import io

import pytest

from app.cases.models import Case
from app.db import unit_of_work
from app.identity import queries as identity
from app.messaging.models import ChannelAccount, Envelope, EnvelopeState
from app.workflow.models import Fault
from app.workorders.models import WorkOrder
from tests.support.desk import make_case, make_desk
from tests.web.api_client import Client, Validators
from tests.web.matrix import make_world

SMTP = {"smtp_host": "127.0.0.1", "smtp_port": 9, "smtp_security": "none"}


@pytest.fixture(scope="module")
def validators(application):
    """One for all tests of this module."""
    return Validators(application)


@pytest.fixture
def client(application, validators):
    """Make a client of a user."""
    return lambda user: Client(application, user, validators)


@pytest.fixture
def desk(cast):
    """Dana's case with Alice's team."""
    with unit_of_work():
        return make_desk(cast)


@pytest.fixture
def world(cast):
    """One of everything."""
    with unit_of_work():
        return make_world(cast)


# ---------------------------------------------------------------- files
def upload(client, case, content=b"%PDF", name="offer.pdf", kind="application/pdf"):
    data = {"file": (io.BytesIO(content), name, kind)}
    return client.call("POST", f"/cases/{case.number}/files", data=data, content_type="multipart/form-data")


@pytest.mark.parametrize("kind", ["reply", "note"])
def test_a_file_is_uploaded_sent_and_downloaded(client, desk, kind):
    alice, path = client(desk.cast.alice), f"/cases/{desk.case.number}"
    made = upload(alice, desk.case)
    assert (made.status_code, made.json["name"], made.json["size"]) == (201, "offer.pdf", 4)
    body = {"kind": kind, "text": "See attached.", "files": [made.json["upload"]]}
    assert alice.post(f"{path}/messages", body).status_code == 201
    (file,) = alice.get(f"{path}/timeline").json["messages"][-1]["files"]
    assert (file["name"], file["media_type"], file["sha256"]) == ("offer.pdf", "application/pdf", made.json["sha256"])
    got = alice.download(f"/attachments/{file['id']}")
    assert (got.status_code, got.data, got.mimetype) == (200, b"%PDF", "application/octet-stream")
    assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''offer.pdf"
    assert client(desk.cast.bob).download(f"/attachments/{file['id']}").status_code == 200


def test_a_file_is_for_those_who_see_its_case(client, world):
    path = f"/attachments/{world.attachment.id}"
    assert client(world.cast.alice).download(path).data == b"bytes"
    hidden, missing = client(world.cast.charlie).get(path), client(world.cast.charlie).get("/attachments/999999999")
    assert (hidden.status_code, hidden.json) == (404, missing.json)


@pytest.mark.parametrize(
    "name,kept",
    [("../../etc/passwd", "passwd"), ("a<b>:c.txt", "a_b__c.txt"), ("\u200b", "file"), ("\u200b.htaccess", "htaccess")],
)
def test_names_are_made_harmless(client, desk, name, kept):
    assert upload(client(desk.cast.alice), desk.case, name=name).json["name"] == kept


def test_what_is_no_file_is_refused(client, desk, monkeypatch):
    alice, path = client(desk.cast.alice), f"/cases/{desk.case.number}/files"
    assert alice.post(path, {}).json["code"] == "file_missing"
    assert upload(alice, desk.case, content=b"").json["code"] == "bad_file"
    monkeypatch.setenv("MAX_UPLOAD_BYTES", "65536")
    from app.settings import settings

    settings.cache_clear()
    try:
        assert upload(alice, desk.case, content=b"x" * 65537).status_code == 422
        assert upload(alice, desk.case, content=b"x" * 65536).status_code == 201
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_an_upload_is_of_one_user_on_one_case(client, desk):
    with unit_of_work():
        other = make_case(desk.cast, desk.account, subject="Another")
    token = upload(client(desk.cast.alice), desk.case).json["upload"]

    def send(user, case, files):
        return client(user).post(f"/cases/{case.number}/messages", {"kind": "note", "text": "x", "files": files})

    for user, case, files in (
        (desk.cast.bob, desk.case, [token]), (desk.cast.alice, other, [token]), (desk.cast.alice, desk.case, [token + "x"]),
        (desk.cast.alice, desk.case, [token, "nonsense"]), (desk.cast.alice, desk.case, [token] * 21),
    ):  # fmt: skip
        answer = send(user, case, files)
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "files")
    assert send(desk.cast.alice, desk.case, [token]).status_code == 201


# ---------------------------------------------------------------- channel accounts
def account(**changes):
    given = {
        "kind": "email",
        "provider": "smtp",
        "name": "Sales",
        "address": "sales@ringback.test",
        "settings": {**SMTP, "address": "sales@ringback.test"},
    }
    return {**given, **changes}


def test_providers_say_what_their_accounts_need(client, cast):
    listed = client(cast.ada).get("/providers").json["items"]
    smtp = next(each for each in listed if each["provider"] == "smtp")
    assert "smtp_host" in smtp["settings"]["properties"]
    assert smtp["secrets"]


def test_accounts_are_added_changed_and_never_tell_their_secrets(client, desk):
    ada = client(desk.cast.ada)
    secret = next(e for e in ada.get("/providers").json["items"] if e["provider"] == "smtp")["secrets"][0]
    made = ada.post("/accounts", account(settings={**SMTP, "address": "sales@ringback.test", secret: "hunter2hunter2"}))
    assert made.status_code == 201, made.text
    path = f"/accounts/{made.json['id']}"
    assert made.json["secrets"] == [secret]
    changed = ada.call(
        "PATCH", path, json={"name": "Sales team", "settings": {"smtp_port": 25}, "version": made.json["version"]}
    )
    assert (changed.json["name"], changed.json["settings"]["smtp_port"], changed.json["secrets"]) == (
        "Sales team",
        25,
        [secret],
    )
    assert changed.json["settings"]["smtp_host"] == "127.0.0.1"
    assert ada.call("PATCH", path, json={"name": "x", "version": made.json["version"]}).status_code == 409
    for answer in (made, changed, ada.get(path), ada.get("/accounts")):
        assert "hunter2" not in answer.text
    with unit_of_work() as session:
        kept = session.get(ChannelAccount, made.json["id"])
        assert "hunter2" not in f"{kept.config} {kept.secrets}"


def test_an_account_is_tried(client, desk):
    ada = client(desk.cast.ada)
    made = ada.post("/accounts", account()).json
    tried = ada.post(f"/accounts/{made['id']}/test").json
    assert (made["outbound"]["state"], tried["outbound"]["state"]) == ("unknown", "failing")
    assert tried["outbound"]["detail"]
    assert ada.get(f"/accounts/{made['id']}").json["outbound"]["state"] == "failing"


@pytest.mark.parametrize(
    "changes,status",
    [
        ({"provider": "pigeon"}, 404), ({"settings": {"address": "sales@ringback.test", "smtp_port": "x"}}, 422),
        ({"queue": "nowhere"}, 422), ({"name": " "}, 422), ({"address": "desk@ringback.test"}, 409), ({"colour": "red"}, 422),
    ],
)  # fmt: skip
def test_wrong_accounts_are_refused(client, desk, changes, status):
    assert client(desk.cast.ada).post("/accounts", account(**changes)).status_code == status


# ---------------------------------------------------------------- people
NEW = {"login": "Frank", "password": "correct horse battery", "name": "Frank", "teams": ["service"]}


def test_users_are_added_changed_and_shut_out(client, cast):
    ada = client(cast.ada)
    made = ada.post("/users", NEW)
    assert (made.status_code, made.json["login"], made.json["teams"]) == (201, "frank", ["service"])
    assert "password" not in made.text
    path = f"/users/{made.json['id']}"
    assert ada.call("PATCH", path, json={"name": "Frank B.", "role": "manager"}).json["role"] == "manager"
    with unit_of_work():
        frank = client(identity.get_user(made.json["id"]))
    assert frank.get("/me").json["role"] == "manager"
    assert ada.call("PATCH", path, json={"is_active": False}).json["is_active"] is False
    assert frank.get("/me").status_code == 401
    listed = {user["login"]: user for user in ada.get("/users").json["items"]}
    assert (listed["frank"]["is_active"], listed["alice"]["teams"]) == (False, ["service"])


@pytest.mark.parametrize(
    "changes,status",
    [({"login": "alice"}, 409), ({"login": "a b"}, 422), ({"password": "x"}, 422), ({"teams": ["nowhere"]}, 404),
     ({"role": "god"}, 422), ({"locale": "xx"}, 422)],
)  # fmt: skip
def test_wrong_users_are_refused_as_a_whole(client, cast, changes, status):
    assert client(cast.ada).post("/users", {**NEW, **changes}).status_code == status
    assert "frank" not in {user["login"] for user in client(cast.ada).get("/users").json["items"]}


def test_somebody_must_remain_who_can_manage(client, cast):
    ada = client(cast.ada)
    for change in ({"role": "agent"}, {"is_active": False}):
        assert ada.call("PATCH", f"/users/{cast.ada.id}", json=change).json["code"] == "last_admin"
    assert ada.get("/me").json["role"] == "admin"


def test_teams_have_members(client, cast):
    ada = client(cast.ada)
    made = ada.post("/teams", {"key": "billing", "name": "Billing", "name_zh": "账务"}).json
    path = f"/teams/{made['id']}/members/{cast.bob.id}"
    assert ada.call("PUT", path, json={"is_lead": True}).json["members"] == [
        {"user_id": cast.bob.id, "login": "bob", "is_lead": True}
    ]
    assert ada.call("DELETE", path).json["members"] == []
    assert ada.call("DELETE", path).status_code == 404
    assert ada.call("PUT", f"/teams/{made['id']}/members/999999").status_code == 404
    assert {team["key"] for team in ada.get("/teams").json["items"]} == {"service", "repairs", "billing"}


# ---------------------------------------------------------------- what waits for an operator
def test_stuck_steps_are_listed_to_operators_who_may_see_the_case(client, world):
    for user in (world.cast.ada, world.cast.mona, world.cast.desi):
        (row,) = client(user).get("/faults").json["items"]
        assert (row["id"], row["case"], row["code"]) == (world.fault.id, world.case.number, "failed")
    with unit_of_work() as session:
        session.get(Case, world.case.id).team_id = session.get(WorkOrder, world.order.id).team_id = (
            world.cast.repairs.id
        )
    desi = client(world.cast.desi)
    assert desi.get("/faults").json["items"] == []
    assert desi.post(f"/faults/{world.fault.id}/retry").status_code == 404


def test_a_fault_is_resolved_once(client, world):
    ada = client(world.cast.ada)
    with unit_of_work() as session:
        session.get(Fault, world.fault.id).resolved_at = world.fault.created_at
    for how in ("retry", "skip"):
        assert ada.post(f"/faults/{world.fault.id}/{how}").json["code"] == "fault_resolved"
    assert ada.get("/faults").json["items"] == []


def test_mails_that_failed_are_replayed(client, world, bell):
    ada = client(world.cast.ada)
    assert ada.get("/envelopes", state="dropped").json["items"] == []
    (row,) = ada.get("/envelopes").json["items"]
    assert (row["id"], row["state"]) == (world.envelope.id, "failed")
    assert ada.post(f"/envelopes/{row['id']}/replay").json["state"] == "received"
    assert ("ingest", row["id"]) in bell.rung
    assert ada.post(f"/envelopes/{row['id']}/replay").json["code"] == "not_replayable"
    assert ada.post("/envelopes/999999/replay").status_code == 404


def test_pages_of_mails(client, world):
    with unit_of_work() as session:
        made = [
            Envelope(account_id=world.account.id, external_id=f"x{n}", digest=world.envelope.digest, meta={},
                     received_at=world.envelope.received_at, state=EnvelopeState.DROPPED)
            for n in range(4)
        ]  # fmt: skip
        session.add_all(made)
        session.flush()
    ada, seen, cursor = client(world.cast.ada), [], None
    while cursor is not None or not seen:
        page = ada.get("/envelopes", limit=2, **({"cursor": cursor} if cursor else {})).json
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert seen == sorted({world.envelope.id, *(each.id for each in made)}, reverse=True)
