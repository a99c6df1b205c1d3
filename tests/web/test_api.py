"""The REST API against real processes: reading, writing, acting, paging, rights, and the OpenAPI document it is described by."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from openapi_spec_validator import validate
from sqlalchemy import select

from app import events
from app.audit.models import AuditEvent
from app.cases.models import Case
from app.clock import utcnow
from app.db import unit_of_work
from app.identity import service
from app.messaging.models import Delivery, Direction, Message
from tests.support.desk import CASE_BPMN, CHASE, FORM, make_case, make_desk
from tests.support.people import make_user
from tests.web.api_client import V1, Client, Validators


@pytest.fixture
def desk(cast):
    """Dana's case with Alice's team, with a work order that Charlie's team holds."""
    with unit_of_work():
        return make_desk(cast)


@pytest.fixture
def erin(desk):
    """Somebody of a third team."""
    with unit_of_work():
        return make_user("erin", teams=(service.save_team("billing", name="Billing"),))


@pytest.fixture(scope="module")
def validators(application):
    """One for all tests of this module."""
    return Validators(application)


@pytest.fixture
def client(application, validators):
    """Make a client of a user."""
    return lambda user: Client(application, user, validators)


# ---------------------------------------------------------------- the document
def test_the_document_is_valid_and_describes_every_route(application, browser, db):
    described = browser().get(f"{V1}/openapi.json").json
    validate(described)
    routes = {
        r.rule
        for r in application.url_map.iter_rules()
        if r.rule.startswith(V1) and not r.rule.endswith("openapi.json")
    }
    assert len(described["paths"]) == len(routes)
    ids = [op["operationId"] for path in described["paths"].values() for op in path.values()]
    assert len(ids) == len(set(ids))
    for path in described["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            assert {"401", "403", "404", "422"} <= set(operation["responses"])


def test_who_am_i(client, cast):
    me = client(cast.alice).get("/me").json
    assert "cases_reply" in me["rights"]
    assert "people" not in me["rights"]
    del me["rights"]
    assert me == {"login": "alice", "name": "Alice", "role": "agent", "teams": ["service"]}


# ---------------------------------------------------------------- cases
def test_a_case_says_what_can_be_done_about_it(client, desk):
    found = client(desk.cast.alice).get(f"/cases/{desk.case.number}").json
    assert (found["number"], found["team"], found["contact"]) == (desk.case.number, "service", "Dana")
    offered = {(a["verb"], a["work_order"]): a["may_perform"] for a in found["actions"]}
    assert offered == {
        ("chase", None): True, ("reply", None): True, ("seal", None): False,
        ("chase", desk.order.number): True, ("reply", desk.order.number): False,
    }  # fmt: skip
    assert [(t["name"], t["may_complete"]) for t in found["tasks"]] == [("Handle", True), ("Mend", False)]
    assert [order["number"] for order in found["work_orders"]] == [desk.order.number]


def numbers(answer):
    return [row["number"] for row in answer.json["items"]]


def test_lists_hold_only_what_one_may_see(client, desk, erin):
    for user, sees in (
        (desk.cast.alice, 1), (desk.cast.bob, 1), (desk.cast.charlie, 1), (desk.cast.mona, 1), (desk.cast.ada, 1),
        (desk.cast.desi, 1), (erin, 0),
    ):  # fmt: skip
        assert len(numbers(client(user).get("/cases"))) == sees, user.login
        assert len(numbers(client(user).get("/work-orders"))) == sees, user.login
        assert len(client(user).get("/tasks").json["items"]) == 2 * sees, user.login
        assert len(numbers(client(user).get("/cases", q="leak"))) == sees, user.login


@pytest.mark.parametrize(
    "query,count",
    [
        ({"status": "new"}, 4), ({"status": "archived"}, 0), ({"queue": "service"}, 4), ({"queue": "x"}, 0), ({"team": "service"}, 3),
        ({"team": "none"}, 0), ({"team": "repairs"}, 1), ({"assignee": "bob"}, 1), ({"assignee": "me"}, 0),
        ({"assignee": "none"}, 3), ({"channel": "email"}, 4), ({"channel": "sms"}, 0), ({"priority": "urgent"}, 1),
        ({"priority": "normal"}, 3), ({"open": "true"}, 4), ({"open": "false"}, 0), ({"q": "third"}, 1),
        ({"team": "service", "assignee": "bob"}, 1), ({"q": "third", "priority": "low"}, 0),
    ],
)  # fmt: skip
def test_filters(client, desk, query, count):
    with unit_of_work() as session:
        for number in ("second", "third"):
            make_case(desk.cast, desk.account, subject=f"The {number}")
        other = make_case(desk.cast, desk.account, subject="Elsewhere", team_id=desk.cast.repairs.id)
        session.get(Case, desk.case.id).assignee_id = desk.cast.bob.id
        session.get(Case, other.id).priority = "urgent"
    assert len(numbers(client(desk.cast.mona).get("/cases", **query))) == count


def test_only_what_changed_since(client, desk):
    later = (utcnow() + timedelta(hours=1)).isoformat()
    earlier = (utcnow() - timedelta(hours=1)).isoformat()
    alice = client(desk.cast.alice)
    assert numbers(alice.get("/cases", updated_since=later)) == []
    assert numbers(alice.get("/cases", updated_since=earlier)) == [desk.case.number]


@pytest.mark.parametrize("order", ["touched", "due"])
def test_pages_hold_every_case_once_even_while_new_ones_come_in(client, desk, order):
    with unit_of_work() as session:
        made = [make_case(desk.cast, desk.account, subject=f"Case {n}") for n in range(6)]
        for n, case in enumerate(made[:3]):
            session.get(Case, case.id).due_at = utcnow() + timedelta(hours=n // 2)
        expected = {desk.case.number, *(case.number for case in made)}
    seen, cursor = [], None
    while True:
        page = client(desk.cast.alice).get("/cases", limit=2, order=order, **({"cursor": cursor} if cursor else {}))
        seen += numbers(page)
        cursor = page.json["next_cursor"]
        if cursor is None:
            break
        if order == "touched":
            with unit_of_work():
                make_case(desk.cast, desk.account, subject="Another")
    assert len(seen) == len(set(seen))
    assert expected <= set(seen)


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "nonsense"}, {"cursor": "W10"}, {"limit": 0}, {"limit": 201}, {"limit": "x"}, {"status": "gone"}, {"order": "x"},
        {"updated_since": "yesterday"}, {"updated_since": "2026-01-01T00:00:00"}, {"colour": "red"}, {"q": "x" * 1001},
        {"cursor": "WyJkdWUiLG51bGwsMV0"}, {"priority": "x' or 1=1"},
    ],
)  # fmt: skip
def test_wrong_queries_are_named(client, desk, query):
    answer = client(desk.cast.alice).get("/cases", **query)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == next(iter(query))


def test_unknown_teams_and_people_are_not_found(client, desk):
    assert client(desk.cast.alice).get("/cases", team="nowhere").status_code == 404
    assert client(desk.cast.alice).get("/cases", assignee="nobody").status_code == 404


# ---------------------------------------------------------------- writing
def messages_of(case, direction):
    with unit_of_work() as session:
        return session.scalars(select(Message).where(Message.case_id == case.id, Message.direction == direction)).all()


def test_a_reply_goes_to_the_customer_in_the_name_of_its_writer(client, desk, bell):
    answer = client(desk.cast.alice).post(f"/cases/{desk.case.number}/messages", {"kind": "reply", "text": "We come."})
    assert answer.status_code == 201
    (message,) = messages_of(desk.case, Direction.OUT)
    assert (message.author, message.user_id, message.text) == ("Alice", desk.cast.alice.id, "We come.")
    assert message.recipients["to"] == [["dana@example.org", "Dana"]]
    with unit_of_work() as session:
        delivery = session.scalars(select(Delivery)).one()
        written = session.scalars(select(AuditEvent).where(AuditEvent.kind == "message_written")).one()
    assert ("deliver", delivery.id) in bell.rung
    assert written.actor == f"user:{desk.cast.alice.id}"


def test_a_note_stays_inside(client, desk):
    assert (
        client(desk.cast.alice)
        .post(f"/cases/{desk.case.number}/messages", {"kind": "note", "text": "Careful"})
        .status_code
        == 201
    )
    assert len(messages_of(desk.case, Direction.NOTE)) == 1
    with unit_of_work() as session:
        assert session.scalars(select(Delivery)).all() == []


def test_the_same_key_writes_once_and_answers_the_same(client, desk):
    alice, path = client(desk.cast.alice), f"/cases/{desk.case.number}/messages"
    first = alice.post(path, {"kind": "reply", "text": "Once"}, key="k1")
    again = alice.post(path, {"kind": "reply", "text": "Once"}, key="k1")
    assert first.json == again.json
    assert again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(messages_of(desk.case, Direction.OUT)) == 1
    assert alice.post(path, {"kind": "reply", "text": "Twice"}, key="k1").status_code == 422
    assert client(desk.cast.bob).post(path, {"kind": "reply", "text": "Bob"}, key="k1").status_code == 201
    assert alice.post(path, {"kind": "reply", "text": "x"}, key="k" * 201).status_code == 422


def test_a_refused_call_does_not_use_its_key_up(client, desk):
    alice, path = client(desk.cast.alice), f"/cases/{desk.case.number}/actions"
    assert alice.post(path, {"verb": "chase"}, key="k1").status_code == 422
    assert alice.post(path, {"verb": "chase", "values": {"text": "Late"}}, key="k1").status_code == 200


def test_a_reply_that_crosses_a_newer_message_is_refused(client, desk):
    alice, path = client(desk.cast.alice), f"/cases/{desk.case.number}/messages"
    first = alice.post(path, {"kind": "reply", "text": "One"}).json["id"]
    client(desk.cast.bob).post(path, {"kind": "reply", "text": "Two"})
    answer = alice.post(path, {"kind": "reply", "text": "Three", "seen_message_id": first})
    assert (answer.status_code, answer.json["code"]) == (409, "stale_reply")
    assert len(messages_of(desk.case, Direction.OUT)) == 2


@pytest.mark.parametrize(
    "body",
    [
        {}, {"kind": "reply"}, {"kind": "reply", "text": ""}, {"kind": "shout", "text": "x"}, {"kind": "note", "text": "  "},
        {"kind": "note", "text": "x", "case_id": 7}, {"kind": "note", "text": "x", "user_id": 1}, [], "x", {"kind": "reply", "text": "x", "to": []},
    ],
)  # fmt: skip
def test_wrong_bodies_write_nothing(client, desk, body):
    answer = client(desk.cast.alice).call("POST", f"/cases/{desk.case.number}/messages", json=body)
    assert answer.status_code == 422
    assert messages_of(desk.case, Direction.NOTE) == messages_of(desk.case, Direction.OUT) == []


def test_what_is_no_json_is_refused(client, desk):
    alice, path = client(desk.cast.alice), f"/cases/{desk.case.number}/messages"
    assert (
        alice.call("POST", path, data="kind=note&text=x", content_type="application/x-www-form-urlencoded").status_code
        == 422
    )
    assert alice.call("POST", path, data="{", content_type="application/json").status_code == 422


def test_the_timeline_is_read_backwards(client, desk):
    alice, path = client(desk.cast.alice), f"/cases/{desk.case.number}"
    for number in range(5):
        alice.post(f"{path}/messages", {"kind": "note", "text": f"Note {number}"})
    page = alice.get(f"{path}/timeline", limit=3).json
    assert [message["text"] for message in page["messages"]] == ["Note 2", "Note 3", "Note 4"]
    older = alice.get(f"{path}/timeline", limit=3, cursor=page["previous_cursor"]).json
    assert [message["text"] for message in older["messages"]] == ["It leaks.", "Note 0", "Note 1"]
    assert older["previous_cursor"] is None
    seqs = [event["seq"] for event in older["events"] + page["events"]]
    assert seqs == sorted(set(seqs))
    assert seqs[0] == 1


# ---------------------------------------------------------------- actions and tasks
def test_an_action_moves_the_process_with_the_values_of_its_form(client, desk):
    alice, path = client(desk.cast.alice), f"/cases/{desk.case.number}/actions"
    wrong = alice.post(path, {"verb": "chase"})
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "text")
    done = alice.post(path, {"verb": "chase", "values": {"text": "Where are you?", "case_id": 99}})
    assert done.status_code == 200
    with unit_of_work() as session:
        taken = session.scalars(select(AuditEvent).where(AuditEvent.kind == "action_taken")).one()
    assert taken.data["values"] == {"text": "Where are you?"}
    assert taken.actor == f"user:{desk.cast.alice.id}"


def test_a_work_orders_action_is_for_its_holder(client, desk):
    path, body = f"/cases/{desk.case.number}/actions", {"verb": "reply", "work_order": desk.order.number}
    assert client(desk.cast.alice).post(path, body).status_code == 403
    assert client(desk.cast.charlie).post(path, body).status_code == 200


def test_what_is_not_on_offer_or_not_for_one(client, desk):
    alice, path = client(desk.cast.alice), f"/cases/{desk.case.number}/actions"
    assert alice.post(path, {"verb": "archive"}).json["code"] == "not_on_offer"
    assert alice.post(path, {"verb": "chase", "work_order": "WO-1999-1"}).status_code == 409
    assert alice.post(path, {"verb": "seal"}).status_code == 403
    assert client(desk.cast.mona).post(path, {"verb": "seal"}).status_code == 200
    assert [a["verb"] for a in alice.get(path).json["items"]] == ["chase", "reply", "seal", "chase", "reply"]


def task_of(client, user, name="Handle"):
    return next(task for task in client(user).get("/tasks").json["items"] if task["name"] == name)


def test_a_task_is_completed_once(client, desk):
    alice, task = client(desk.cast.alice), task_of(client, desk.cast.alice)
    detail = alice.get(f"/tasks/{task['id']}").json
    assert [field["key"] for field in detail["fields"]] == ["outcome", "answer"]
    path = f"/tasks/{task['id']}/complete"
    wrong = alice.post(path, {"values": {"outcome": "maybe"}})
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "outcome")
    done = alice.post(path, {"values": {"outcome": "again"}})
    assert [t["name"] for t in done.json["tasks"]] == ["Mend", "Handle"]
    assert alice.post(path, {"values": {"outcome": "again"}}).status_code == 409


def test_tasks_are_for_those_whom_the_process_names(client, desk, erin):
    task = task_of(client, desk.cast.alice)
    body = {"values": {"outcome": "again"}}
    assert client(desk.cast.charlie).post(f"/tasks/{task['id']}/complete", body).status_code == 403
    assert client(desk.cast.desi).post(f"/tasks/{task['id']}/complete", body).status_code == 403
    assert client(erin).post(f"/tasks/{task['id']}/complete", body).status_code == 404
    mine = client(desk.cast.charlie).get("/tasks", mine="true").json["items"]
    assert [each["name"] for each in mine] == ["Mend"]
    assert len(client(desk.cast.mona).get("/tasks", mine="true").json["items"]) == 2
    assert client(desk.cast.desi).get("/tasks", mine="true").json["items"] == []
    assert len(client(desk.cast.alice).get("/tasks", case=desk.case.number).json["items"]) == 2


def test_a_task_is_taken_and_given_back(client, desk):
    alice, task = client(desk.cast.alice), task_of(client, desk.cast.alice)
    assert alice.post(f"/tasks/{task['id']}/claim").json["assignee_id"] == desk.cast.alice.id
    assert alice.post(f"/tasks/{task['id']}/claim", {"take": False}).json["assignee_id"] is None
    other = task_of(client, desk.cast.alice, "Mend")
    assert alice.post(f"/tasks/{other['id']}/claim").status_code == 403


# ---------------------------------------------------------------- work orders and history
@pytest.mark.parametrize(
    "query,count",
    [({}, 1), ({"state": "dispatched"}, 1), ({"state": "archived"}, 0), ({"open": "true"}, 1), ({"open": "false"}, 0),
     ({"team": "repairs"}, 1), ({"team": "service"}, 0), ({"mine": "true"}, 0), ({"overdue": "true"}, 0)],
)  # fmt: skip
def test_work_orders_are_listed(client, desk, query, count):
    assert len(numbers(client(desk.cast.alice).get("/work-orders", **query))) == count


def test_a_work_order_is_read_by_who_holds_it(client, desk, erin):
    assert client(desk.cast.charlie).get("/work-orders", mine="true").json["items"][0]["fields"] == {"where": "cellar"}
    found = client(desk.cast.charlie).get(f"/work-orders/{desk.order.number}").json
    assert (found["case"], found["team"], found["state"]) == (desk.case.number, "repairs", "dispatched")
    assert client(erin).get(f"/work-orders/{desk.order.number}").status_code == 404


def test_the_history_carries_hashes_and_the_verdict(client, desk):
    alice, path = client(desk.cast.alice), f"/cases/{desk.case.number}/history"
    found = alice.get(path).json
    assert found["is_intact"] is True
    assert found["head"] == found["events"][-1]["hash"]
    assert [event["seq"] for event in found["events"]] == list(range(1, len(found["events"]) + 1))
    proof = alice.get(f"{path}/proof").json
    assert proof["head"] == found["head"]
    with unit_of_work() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.kind == "case_opened")).one()
        event.data = {**event.data, "subject": "Something else"}
    broken = alice.get(path).json
    assert (broken["is_intact"], broken["bad_seq"]) == (False, event.seq)


# ---------------------------------------------------------------- processes
def test_designers_deploy_and_publish(client, desk):
    desi = client(desk.cast.desi)
    body = {"key": "service_case", "bpmn": CASE_BPMN.replace("Handle", "Handle it"), "note": "Second",
            "files": {"handle.json": json.dumps(FORM), "chase.json": json.dumps(CHASE)}}  # fmt: skip
    made = desi.post("/processes", body)
    assert (made.status_code, made.json["version"], made.json["is_published"]) == (201, 2, False)
    assert desi.post("/processes", body).json["version"] == 2
    assert desi.post("/processes/service_case/versions/2/publish", {"note": "Live"}).json["is_published"] is True
    assert desi.post("/processes/service_case/versions/1/publish").json["is_published"] is True
    assert desi.get("/processes/service_case/versions/2").json["is_published"] is False
    assert desi.get("/processes/service_case/versions/9").status_code == 404
    assert {row["key"] for row in desi.get("/processes").json["items"]} == {"service_case", "work_order"}


def test_what_can_not_run_is_kept_with_its_findings_and_not_published(client, desk):
    body = {"key": "broken", "bpmn": CASE_BPMN.replace('targetRef="end"/>', 'targetRef="nowhere"/>')}
    made = client(desk.cast.desi).post("/processes", body)
    assert made.json["is_executable"] is False
    assert any(finding["severity"] == "error" for finding in made.json["findings"])
    assert client(desk.cast.desi).post("/processes/broken/versions/1/publish").status_code == 409
    assert client(desk.cast.desi).post("/processes", {**body, "key": "broken2", "publish": True}).status_code == 409
    assert client(desk.cast.desi).get("/processes/broken2/versions/1").status_code == 404


def test_others_do_not_deploy(client, desk):
    body = {"key": "x", "bpmn": CASE_BPMN}
    for user in (desk.cast.alice, desk.cast.mona):
        assert client(user).post("/processes", body).status_code == 403
    assert client(desk.cast.alice).get("/processes").status_code == 403
    assert client(desk.cast.mona).get("/processes").status_code == 200


# ---------------------------------------------------------------- other people's things
@pytest.mark.parametrize(
    "method,path,body",
    [
        ("GET", "/cases/{case}", None), ("GET", "/cases/{case}/timeline", None), ("GET", "/cases/{case}/actions", None),
        ("GET", "/cases/{case}/history", None), ("GET", "/cases/{case}/history/proof", None),
        ("POST", "/cases/{case}/messages", {"kind": "note", "text": "x"}),
        ("POST", "/cases/{case}/actions", {"verb": "chase", "values": {"text": "x"}}),
        ("GET", "/work-orders/{order}", None), ("GET", "/tasks/{task}", None), ("GET", "/tasks?case={case}", None),
        ("POST", "/tasks/{task}/complete", {"values": {"outcome": "again"}}), ("POST", "/tasks/{task}/claim", {}),
    ],
)  # fmt: skip
def test_another_teams_things_are_not_there(client, desk, erin, *, method, path, body):
    task = task_of(client, desk.cast.alice)["id"]
    real = path.format(case=desk.case.number, order=desk.order.number, task=task)
    gone = path.format(case="RB-1999-000001", order="WO-1999-00001", task=999_999_999)
    before = _events()
    answers = [client(erin).call(method, each, json=body) for each in (real, gone)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json == answers[1].json
    assert _events() == before
    assert client(desk.cast.alice).call(method, real, json=body).status_code < 400


def _events():
    with unit_of_work() as session:
        return session.scalars(select(AuditEvent.hash).where(AuditEvent.chain.like("case:%"))).all()


def test_designers_look_but_do_not_write(client, desk):
    desi = client(desk.cast.desi)
    assert desi.get(f"/cases/{desk.case.number}").status_code == 200
    assert desi.post(f"/cases/{desk.case.number}/messages", {"kind": "note", "text": "x"}).status_code == 403
    assert (
        desi.post(f"/cases/{desk.case.number}/actions", {"verb": "chase", "values": {"text": "x"}}).status_code == 403
    )


def test_cookies_write_over_the_api_only_with_the_form_token(browser, desk):
    alice, path = browser(desk.cast.alice), f"{V1}/cases/{desk.case.number}/messages"
    body = {"kind": "note", "text": "x"}
    assert alice.client.post(path, json=body).status_code == 403
    assert alice.client.post(path, json=body, headers={"X-CSRF-Token": alice.csrf}).status_code == 201


def test_events_name_the_token_holder_and_nobody_else(client, desk):
    client(desk.cast.bob).post(f"/cases/{desk.case.number}/messages", {"kind": "note", "text": "x"})
    with unit_of_work() as session:
        noted = session.scalars(select(AuditEvent).where(AuditEvent.kind == "note_written")).one()
    assert (noted.actor, noted.actor_name) == (f"user:{desk.cast.bob.id}", "Bob")
    assert events.current_actor() == events.SYSTEM
