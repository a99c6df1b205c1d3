"""Chats at the desk by plain forms: available, offered, taken, spoken in, joined, handed over, ended."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app import jobs
from app.cases.models import Case
from app.db import unit_of_work
from app.messaging.chats import limits
from app.messaging.chats.models import Chat
from app.orchestration.chatting import seats
from app.orchestration.chatting.models import ChatOffer
from app.orchestration.intake import ingest_waiting
from tests.support.chats import VisitorBrowser, make_widget
from tests.support.desk import make_desk


@pytest.fixture
def desk(cast, monkeypatch):
    """Dana's case beside a widget."""
    monkeypatch.setattr(limits, "_count", lambda key, _seconds: limits._count_here(key))
    limits._own.clear()
    with unit_of_work():
        made = make_desk(cast)
        make_widget()
        return made


@pytest.fixture
def visitor(application, desk):
    """Somebody who has asked something."""
    found = VisitorBrowser(application)
    found.begin(name="Yusuf")
    found.say("Is it open?")
    ingest_waiting()
    return found


def number():
    with unit_of_work() as session:
        return session.scalars(select(Case.number).where(Case.channel == "chat")).one()


def offer():
    with unit_of_work() as session:
        return session.scalars(select(ChatOffer).where(ChatOffer.outcome == "")).one()


def test_a_chat_from_the_offer_to_the_end(browser, desk, visitor):
    alice = browser(desk.cast.alice)
    assert alice.post("/chats/available", {"available": "1", "capacity": "2"}).status_code == 303
    jobs.run(seats.ROUTE, 0)
    page = alice.get("/chats").text
    assert "Yusuf" in page
    assert "Is it open?" in alice.get("/chats/tray", headers={"HX-Request": "true"}).text
    taken = alice.post(f"/chats/offers/{offer().id}/take")
    assert taken.location == f"/cases/{number()}"
    assert 'data-chat-url="/cases/' in alice.get(taken.location).text
    assert alice.post(f"/cases/{number()}/chat", {"text": "Until six.", "once": "m1"}).status_code == 303
    assert alice.post(f"/cases/{number()}/chat", {"text": "Until six.", "once": "m1"}).status_code == 303
    assert [line["text"] for line in visitor.lines()] == ["Is it open?", "Until six."]
    alice.post(f"/cases/{number()}/chat/end")
    assert visitor.ask("lines").json["state"] == "ended"
    refused = alice.post(f"/cases/{number()}/chat", {"text": "One more thing"})
    assert refused.status_code == 409


def test_the_plain_form_of_the_composer_sends_at_once(browser, desk, visitor):
    bob = browser(desk.cast.bob)
    sent = bob.post(f"/cases/{number()}/messages", {"kind": "reply", "text": "Yes.", "last_message": "0"})
    assert sent.status_code == 303
    assert [line["from"] for line in visitor.lines()] == ["", "Bob"]


def test_an_offer_is_for_the_one_it_was_made_to(browser, desk, visitor):
    alice = browser(desk.cast.alice)
    alice.post("/chats/available", {"available": "1"})
    jobs.run(seats.ROUTE, 0)
    assert browser(desk.cast.bob).post(f"/chats/offers/{offer().id}/take").status_code == 404
    assert alice.post(f"/chats/offers/{offer().id}/decline").status_code == 303
    assert alice.post("/chats/available", {"available": "1", "capacity": "99"}).status_code == 422


def test_two_speak_and_one_hands_over(browser, desk, visitor):
    alice, bob = browser(desk.cast.alice), browser(desk.cast.bob)
    alice.post(f"/cases/{number()}/chat", {"text": "Hello"})
    assert bob.post(f"/cases/{number()}/chat", {"text": "And me"}).status_code == 409
    bob.post(f"/cases/{number()}/chat/join")
    assert bob.post(f"/cases/{number()}/chat", {"text": "And me"}).status_code == 303
    bob.post(f"/cases/{number()}/chat/leave")
    page = alice.get(f"/cases/{number()}/chat/hand-over").text
    assert f'value="user-{desk.cast.bob.id}"' in page
    assert f'value="user-{desk.cast.alice.id}"' not in page
    assert alice.post(f"/cases/{number()}/chat/hand-over", {"to": "nobody"}).status_code == 422
    assert alice.post(f"/cases/{number()}/chat/hand-over", {"to": f"user-{desk.cast.bob.id}"}).status_code == 303
    bob.post(f"/chats/offers/{offer().id}/take")
    with unit_of_work() as session:
        assert session.scalars(select(Case.assignee_id).where(Case.channel == "chat")).one() == desk.cast.bob.id
    assert bob.post(f"/cases/{number()}/chat/hand-over", {"to": "queue-service"}).status_code == 303
    with unit_of_work() as session:
        assert session.scalars(select(Chat.waiting_since)).one() is not None


def test_whoever_may_not_see_the_case_has_no_part_in_its_chat(browser, desk, visitor):
    charlie = browser(desk.cast.charlie)
    for path in ("chat", "chat/join", "chat/end", "chat/hand-over", "chat/signs"):
        assert charlie.post(f"/cases/{number()}/{path}", {"text": "x"}).status_code == 404
    assert "Yusuf" not in charlie.get("/chats").text
