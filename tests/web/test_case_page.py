"""The page of a case: what is kept of it never crosses from one viewer to another, and nothing that changed is missed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import UndefinedError
from sqlalchemy import update

from app import blobs
from app.clock import utcnow
from app.contacts import service as contacts
from app.db import session, unit_of_work
from app.messaging import drafts, store
from app.messaging.models import Delivery, DeliveryState, Message
from app.orchestration import moving, writing
from app.web import kept
from channels.port import Address, InboundMessage
from tests.support.desk import CASE_BPMN, deploy, make_case, make_desk
from tests.support.statements import recorded

TOKENS = re.compile(r'name="csrf" value="([^"]*)"')


@pytest.fixture
def desk(cast):
    with unit_of_work():
        return make_desk(cast)


def _path(desk):
    return f"/cases/{desk.case.number}"


def _messages(text):
    return re.findall(r'id="message-(\d+)"', text)


def _write_in(case, count):
    dana = contacts.find_or_create("email", "dana@example.org", name="Dana")
    interaction = store.interaction_for(
        case.id, kind="email", account_id=case.account_id, contact_id=dana.id, subject="x"
    )
    for number in range(count):
        store.store_inbound(
            InboundMessage(f"<{case.number}-{number}@example.org>", Address("dana@example.org", "Dana"), subject="x",
                           text=f"Line {number} <script>"),
            case_id=case.id, kind="email", contact_id=dana.id, author="Dana", reason="new", raw_digest=blobs.put(b"raw"),
            interaction_id=interaction,
        )  # fmt: skip


def test_each_session_gets_its_own_tokens(browser, cast, desk):
    alice, bob, again = browser(cast.alice), browser(cast.bob), browser(cast.alice)
    for someone in (alice, bob, again, alice):
        assert set(TOKENS.findall(someone.get(_path(desk)).text)) == {someone.csrf}


def test_who_may_only_look_gets_no_forms_that_others_had(browser, cast, desk):
    assert "/move" in browser(cast.alice).get(_path(desk)).text
    seen = browser(cast.desi).get(_path(desk)).text
    assert "It leaks." in seen
    assert "/move" not in seen
    assert "/move" in browser(cast.alice).get(_path(desk)).text


def test_each_reads_in_their_language(browser, cast, desk):
    alice = browser(cast.alice)
    assert "Why here?" in alice.get(_path(desk)).text
    assert "Why here?" not in alice.get(_path(desk) + "?lang=zh").text


def test_a_change_of_the_delivery_shows(browser, cast, desk):
    with unit_of_work():
        writing.reply(desk.case.id, text="We come.", user_id=cast.alice.id, author="Alice")
    alice = browser(cast.alice)
    assert "queued" in alice.get(_path(desk)).text
    with unit_of_work():
        session().execute(update(Delivery).values(state=DeliveryState.BOUNCED, detail="no such mailbox"))
    seen = alice.get(_path(desk)).text
    assert "no such mailbox" in seen
    assert "/again" in seen


def test_a_moved_message_is_told_from_the_one_that_was_there(browser, cast, desk):
    with unit_of_work():
        other = make_case(cast, desk.account, subject="Another")
        [moved] = session().query(Message.id).where(Message.case_id == desk.case.id).one()
    alice = browser(cast.alice)
    assert str(moved) in _messages(alice.get(_path(desk)).text)
    with unit_of_work():
        moving.move_to_case(moved, other.id)
    assert str(moved) not in _messages(alice.get(_path(desk)).text)
    assert "moved here" in alice.get(f"/cases/{other.number}").text


def test_mail_is_shown_as_text(browser, cast, desk):
    with unit_of_work():
        _write_in(desk.case, 2)
    alice = browser(cast.alice)
    for _ in range(2):
        seen = alice.get(_path(desk)).text
        assert "Line 1 &lt;script&gt;" in seen
        assert "Line 1 <script>" not in seen


def test_older_messages_come_on_demand(browser, cast, desk):
    with unit_of_work():
        _write_in(desk.case, 40)
    alice = browser(cast.alice)
    first = alice.get(_path(desk)).text
    shown = _messages(first)
    assert len(shown) == 30
    before = re.search(r"timeline\?show=all&amp;before=(\d+)", first)[1]
    older = alice.get(f"{_path(desk)}/timeline?before={before}").text
    assert len(_messages(older)) == 11
    assert not set(_messages(older)) & set(shown)


def test_a_page_costs_few_statements_whatever_is_on_it(browser, cast, desk):
    alice = browser(cast.alice)
    alice.get(_path(desk))
    with recorded() as few:
        alice.get(_path(desk))
    with unit_of_work():
        _write_in(desk.case, 40)
    alice.get(_path(desk))
    with recorded() as many:
        alice.get(_path(desk))
    assert len(many) <= len(few) <= 16
    assert not [statement for statement in many if "m.text" in statement], "what was drawn before is not read again"


def test_a_draft_and_what_came_in_since(browser, cast, desk):
    with unit_of_work():
        drafts.save(desk.case.id, cast.alice.id, kind="reply", text="Dear Dana")
        _write_in(desk.case, 1)
    assert "Dear Dana" in browser(cast.alice).get(_path(desk)).text
    assert "I have read them" in browser(cast.alice).get(_path(desk)).text
    assert "Dear Dana" not in browser(cast.bob).get(_path(desk)).text


def test_other_cases_of_the_customer_only_as_far_as_they_may_be_known(browser, cast, desk):
    with unit_of_work():
        hidden = make_case(cast, desk.account, subject="For repairs alone", team_id=cast.repairs.id)
    assert hidden.number in browser(cast.mona).get(_path(desk)).text
    seen = browser(cast.alice).get(_path(desk)).text
    assert hidden.number not in seen
    assert "For repairs alone" not in seen


def test_names_of_steps_in_the_readers_language(browser, cast, desk):
    label = '<ringback:label lang="zh" text="处理来件"/>'
    with unit_of_work():
        deploy("service_case", CASE_BPMN.replace("<bpmn:extensionElements><ringback:assignment",
                                                 f"<bpmn:extensionElements>{label}<ringback:assignment"))  # fmt: skip
        case = make_case(cast, desk.account, subject="In Chinese")
    alice = browser(cast.alice)
    assert "<td>处理来件</td>" in alice.get(f"/cases/{case.number}?tab=process&lang=zh").text
    assert "<td>Handle</td>" in alice.get(f"/cases/{case.number}?tab=process&lang=en").text


# ---------------------------------------------------------------- the shelf
def test_a_piece_cannot_ask_who_is_looking(application):
    with application.test_request_context("/"), pytest.raises(UndefinedError):
        kept.piece("layout.html", "key", {})


def test_pieces_are_bounded():
    shelf = kept.Shelf(100)
    for number in range(100):
        shelf.put(number, ("x" * 10,))
    assert shelf.get(99) == ("x" * 10,)
    assert shelf.get(0) is None
    shelf.put("large", ("x" * 11,))
    assert shelf.get("large") is None


def test_what_is_used_stays():
    shelf = kept.Shelf(100)
    shelf.put("mine", ("y",))
    for number in range(100):
        shelf.put(number, ("x" * 10,))
        assert shelf.get("mine") == ("y",)


def test_a_page_says_since_when_it_knows_the_news(browser, cast, desk):
    before = utcnow()
    [at] = re.findall(r'data-place="@(\d+)-0"', browser(cast.alice).get(_path(desk)).text)
    assert timedelta(seconds=-1) < datetime.fromtimestamp(int(at) / 1000, UTC) - before < timedelta(seconds=60)
