"""Sending from the case page and by API: waiting replies, steps, filters, read marks, completion of addresses."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.audit import service as audit
from app.clock import utcnow
from app.contacts import service as contacts
from app.db import session, unit_of_work
from app.messaging import composing, drafts, held
from app.messaging.models import Direction, Message
from app.orchestration import driving, writing
from app.workflow.models import Task, TaskState
from tests.support.desk import make_desk
from tests.web.api_client import Client, Validators
from tests.web.test_case_page import _messages, _write_in


@pytest.fixture(scope="module")
def validators(application):
    return Validators(application)


@pytest.fixture
def client(application, validators):
    return lambda user: Client(application, user, validators)


@pytest.fixture
def desk(cast):
    with unit_of_work():
        made = make_desk(cast)
        composing.keep_habits(cast.alice.id, undo=30)
        return made


def path(desk):
    return f"/cases/{desk.case.number}"


def _waiting(desk):
    with unit_of_work():
        return held.waiting(desk.case.id)


def send(browser, desk, text="We come.", **fields):
    return browser.post(f"{path(desk)}/messages", data={"kind": "reply", "text": text, **fields})


def test_a_reply_waits_is_shown_and_can_be_taken_back(browser, cast, desk):
    alice = browser(cast.alice)
    assert send(alice, desk).status_code == 303
    shown = alice.get(path(desk)).text
    assert "not sent yet" in shown
    row = _waiting(desk)
    assert alice.post(f"/held/{row.id}/undo").status_code == 303
    shown = alice.get(path(desk)).text
    assert "not sent yet" not in shown
    assert re.search(r"<textarea[^>]*>We come\.</textarea>", shown)
    assert alice.post(f"/held/{row.id}/undo").status_code == 409


def test_later_is_in_the_writers_own_time(browser, cast, desk):
    at = (utcnow() + timedelta(days=2)).replace(hour=9, minute=30, second=0, microsecond=0)
    alice = browser(cast.alice)
    given = {"how": "later", "send_at": at.strftime("%Y-%m-%dT%H:%M"), "send_zone": "Asia/Shanghai"}
    assert send(alice, desk, **given).status_code == 303
    assert _waiting(desk).due_at == at - timedelta(hours=8)
    assert "comes back to its writer" in alice.get(path(desk)).text


@pytest.mark.parametrize("at", ["", "tomorrow", "2001-01-01T10:00"])
def test_a_time_that_is_none_is_refused_and_nothing_is_lost(browser, cast, desk, at):
    assert send(browser(cast.alice), desk, how="later", send_at=at).status_code == 422
    assert _waiting(desk) is None


def test_send_and_step_asks_for_the_form_and_does_both(browser, cast, desk):
    with unit_of_work():
        task = session().query(Task.id).where(Task.state == TaskState.OPEN).order_by(Task.id).first()[0]
    alice = browser(cast.alice)
    asked = send(alice, desk, how=f"step-{task}")
    assert asked.status_code == 200
    assert 'name="outcome"' in asked.text
    assert _waiting(desk) is None
    assert alice.post(f"{path(desk)}/step/{task}", data={}).status_code == 422
    assert alice.post(f"{path(desk)}/step/{task}", data={"outcome": "resolved"}).status_code == 303
    assert (
        _waiting(desk).step == {"task": task, "values": {"outcome": "resolved", "answer": ""}}
        or _waiting(desk).step["values"]["outcome"] == "resolved"
    )


def test_whoever_does_not_hold_the_task_is_offered_to_ask_or_to_take_over(browser, cast, desk):
    with unit_of_work():
        task = session().query(Task.id).where(Task.state == TaskState.OPEN).order_by(Task.id).first()[0]
        driving.claim_task(task, cast.bob.id)
    alice = browser(cast.alice)
    assert f"{cast.bob.name} answers this case." in alice.get(path(desk)).text
    assert send(alice, desk).status_code == 409
    assert send(alice, desk, kind="note").status_code == 303
    assert alice.post(f"{path(desk)}/ask").status_code == 303
    assert alice.post(f"{path(desk)}/take-over").status_code == 303
    assert "answers this case." not in alice.get(path(desk)).text
    assert send(alice, desk).status_code == 303


def test_filters_show_their_part_and_are_remembered(browser, cast, desk):
    with unit_of_work():
        writing.note(desk.case.id, user_id=cast.bob.id, author="Bob", text="Between us")
    alice = browser(cast.alice)
    assert "Between us" in alice.get(path(desk)).text
    talk = alice.get(f"{path(desk)}?show=talk").text
    assert "Between us" not in talk
    assert "It leaks." in talk
    assert "Between us" not in alice.get(path(desk)).text
    steps = alice.get(f"{path(desk)}?show=steps").text
    assert _messages(steps) == []
    assert "Process started" in steps
    assert alice.get(f"{path(desk)}?show=else").status_code == 422


def test_300_messages_open_at_the_end_and_older_ones_come_by_pages(browser, cast, desk):
    with unit_of_work():
        _write_in(desk.case, 299)
    alice = browser(cast.alice)
    page, seen = alice.get(path(desk)).text, []
    while True:
        seen = _messages(page) + seen
        link = re.search(r'href="(/cases/[^"]*before=\d+)"', page)
        if link is None:
            break
        page = alice.get(link[1].replace("&amp;", "&")).text
    assert len(seen) == 300
    assert seen == sorted(seen, key=int)
    again = alice.get(f"{path(desk)}/timeline?since={seen[200]}").text
    assert _messages(again) == seen[200:]


def test_where_one_left_off(browser, cast, desk):
    alice = browser(cast.alice)
    assert 'id="unread"' not in alice.get(path(desk)).text
    with unit_of_work():
        writing.note(desk.case.id, user_id=cast.bob.id, author="Bob", text="New to Alice")
    first = alice.get(path(desk)).text
    assert first.index('id="unread"') < first.index("New to Alice")
    assert 'id="unread"' not in alice.get(path(desk)).text


def test_addresses_are_completed(browser, cast, desk):
    with unit_of_work():
        contacts.find_or_create("email", "danube@example.org", name="River")
        contacts.find_or_create("email", "erin@example.org", name="Erin")
    found = browser(cast.alice).get(f"{path(desk)}/addresses?q=bob@example.org, dan").text
    assert "danube@example.org" in found
    assert "erin@" not in found
    assert "@" not in browser(cast.alice).get(f"{path(desk)}/addresses?q=d").text


def test_the_draft_tells_its_version(browser, cast, desk):
    alice, url = browser(cast.alice), f"{path(desk)}/draft"
    first = alice.post(url, data={"text": "Here", "draft_version": ""})
    assert first.status_code == 204
    version = first.headers["X-Draft-Version"]
    assert alice.post(url, data={"text": "Here and there", "draft_version": version}).status_code == 204
    assert alice.post(url, data={"text": "Lost?", "draft_version": version}).status_code == 409
    with unit_of_work():
        assert drafts.get(desk.case.id, cast.alice.id).text == "Here and there"


def test_words_from_another_machine_are_not_sent_over(browser, cast, desk):
    alice = browser(cast.alice)
    known = alice.post(f"{path(desk)}/draft", data={"kind": "reply", "text": "We come."}).headers["X-Draft-Version"]
    elsewhere = {"kind": "reply", "text": "We come on Monday.", "draft_version": known, "draft_mark": "m1"}
    assert alice.post(f"{path(desk)}/draft", data=elsewhere).status_code == 204
    refused = send(alice, desk, draft_version=known)
    assert (refused.status_code, refused.headers["X-Error-Code"]) == (409, "draft_moved")
    assert _waiting(desk) is None
    assert send(alice, desk, draft_version=known, draft_after="m0,m1").status_code == 303, (
        "a save of one's own, not heard of"
    )


def test_the_same_by_api(client, cast, desk):
    alice = client(cast.alice)
    at = (utcnow() + timedelta(days=1)).isoformat()
    made = alice.post(f"{path(desk)}/held", {"text": "We come.", "send_at": at})
    assert made.status_code == 201
    assert alice.post(f"{path(desk)}/messages", {"kind": "reply", "text": "Twice"}).status_code == 409
    held_id = made.json["id"]
    assert alice.get(f"/held/{held_id}").json["outcome"] == ""
    assert alice.post(f"/held/{held_id}/undo").json["outcome"] == "undone"
    assert alice.post(f"/held/{held_id}/now").status_code == 409
    assert alice.post(f"/held/{held_id}/sideways").status_code == 422
    assert alice.post(f"{path(desk)}/turn", {"do": "ask"}).status_code == 409
    assert alice.post(f"{path(desk)}/turn", {"do": "take"}).json["assignee"] == cast.alice.id
    with unit_of_work():
        assert session().query(Message).where(Message.direction == Direction.OUT).count() == 0


def test_a_shared_draft_is_shown_to_colleagues_and_taken_over(browser, client, cast, desk):
    alice, bob = browser(cast.alice), browser(cast.bob)
    assert alice.post(f"{path(desk)}/draft/share", data={"text": " ", "shared": "1"}).status_code == 422
    written = {"text": "We come", "draft_version": "", "shared": "1"}
    assert alice.post(f"{path(desk)}/draft/share", data=written).status_code == 303
    assert "Colleagues see this draft" in alice.get(path(desk)).text
    assert "We come" in bob.get(f"{path(desk)}/drafts").text
    [draft] = client(cast.bob).get(f"{path(desk)}/drafts").json["drafts"]
    assert (draft["holder"], draft["text"], draft["is_shared"]) == (cast.alice.id, "We come", True)
    assert bob.post(f"{path(desk)}/drafts/{cast.alice.id}/take").status_code == 303
    assert re.search(r"<textarea[^>]*>We come</textarea>", bob.get(path(desk)).text)
    assert client(cast.alice).post(f"{path(desk)}/drafts/take", {"holder": cast.bob.id}).status_code == 200
    assert client(cast.alice).post(f"{path(desk)}/drafts/take", {"holder": cast.bob.id}).status_code == 409
    assert send(alice, desk).status_code == 303
    assert _waiting(desk).writers == [cast.alice.id, cast.bob.id]
    with unit_of_work():
        kinds = [event["kind"] for event in audit.chain_events(f"case:{desk.case.id}")]
    assert [kind for kind in kinds if kind.startswith("draft_")] == ["draft_shared", "draft_taken", "draft_taken"]


def test_a_draft_is_kept_and_shared_by_api(client, cast, desk):
    alice = client(cast.alice)
    [kept] = alice.call("PUT", f"{path(desk)}/drafts", json={"text": "We come", "is_shared": True}).json["drafts"]
    assert (kept["is_shared"], kept["writers"]) == (True, [cast.alice.id])
    assert alice.call("PUT", f"{path(desk)}/drafts", json={"text": "Late"}).status_code == 409
