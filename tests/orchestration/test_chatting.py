"""Chats from the agent's side: what is said is there at once, typing and ticks, what the process hears, the end."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.cases.models import Case
from app.db import unit_of_work
from app.errors import Conflict, Invalid
from app.messaging import delivery
from app.messaging.chats import limits, shown, visitors
from app.messaging.chats.models import Chat
from app.messaging.models import Delivery, Message
from app.orchestration.chatting import beginning, talking
from app.orchestration.intake import ingest_waiting
from app.workflow.models import Visit
from tests.support.chats import KEY, make_widget
from tests.support.desk import make_desk
from tests.support.people import make_cast


@pytest.fixture
def desk(db):
    """A desk with a widget and a chat that has begun."""
    limits._own.clear()
    with unit_of_work():
        made = make_desk(make_cast())
        make_widget()
    return made


def chat_of(text="Where is my order?", **given):
    """A visitor has said something, and it was taken in."""
    with unit_of_work():
        account, config = beginning.widget(KEY)
        chat, _token = beginning.begin(account, config, {"name": "Dana", **given})
        beginning.take(account, chat, {"id": "line-one", "text": text})
    ingest_waiting()
    with unit_of_work() as session:
        return session.get(Chat, chat.id)


def case_of(chat):
    with unit_of_work() as session:
        return session.get(Case, chat.case_id)


def say(desk, chat, text="Let me look.", who="alice", **more):
    person = getattr(desk.cast, who)
    with unit_of_work():
        return talking.say(chat.case_id, user_id=person.id, author=person.name, text=text, **more)


def seen_by_visitor(chat):
    with unit_of_work():
        return [(line["text"], line["from"]) for line in shown.lines(visitors.get(chat.id))]


def test_what_an_agent_says_is_there_at_once_and_the_visitor_is_told(desk, wire, bell):
    chat = chat_of()
    wire.sent.clear()
    message_id = say(desk, chat)
    assert seen_by_visitor(chat)[-1] == ("Let me look.", "Alice")
    assert {"topic": "visitor", "teams": [], "users": [], "chat": chat.id, "last": message_id} in wire.sent
    assert case_of(chat).assignee_id == desk.cast.alice.id


def test_a_line_is_delivered_once_and_its_state_follows_the_visitors_browser(desk, bell):
    chat = chat_of()
    message_id = say(desk, chat)
    with unit_of_work() as session:
        row = session.scalars(select(Delivery).where(Delivery.message_id == message_id)).one()
    assert delivery.deliver(row.id)
    with unit_of_work():
        talking.came(visitors.get(chat.id), got=message_id)
    with unit_of_work() as session:
        assert session.get(Delivery, row.id).state == "delivered"
        assert session.get(Chat, chat.id).got_id == message_id


def test_several_lines_in_a_row_are_one_answer_for_the_process(desk):
    chat = chat_of()

    def heard():
        with unit_of_work() as session:
            return session.scalars(select(func.count()).where(Visit.element_id == "on_reply")).one()

    before = heard()
    say(desk, chat, "One moment.")
    first = heard()
    for text in ("I have found it.", "It comes tomorrow."):
        say(desk, chat, text)
    assert before < first == heard()


def test_people_speak_at_the_same_time_without_a_conflict(desk):
    chat = chat_of()
    say(desk, chat)
    with unit_of_work():
        account, _config = beginning.widget(KEY)
        beginning.take(account, visitors.get(chat.id), {"id": "line-two", "text": "And quickly!"})
    ingest_waiting()
    say(desk, chat, "Yes.")
    assert [text for text, _who in seen_by_visitor(chat)][-2:] == ["And quickly!", "Yes."]


def test_a_chat_that_a_colleague_has_is_theirs(desk):
    chat = chat_of()
    say(desk, chat)
    with pytest.raises(Conflict, match="Alice answers"):
        say(desk, chat, who="bob")


def test_a_line_without_words_or_with_too_many_is_refused(desk):
    chat = chat_of()
    with pytest.raises(Invalid):
        say(desk, chat, "  ")
    with pytest.raises(Invalid, match="5000"):
        say(desk, chat, "x" * 5001)


def test_a_chat_that_is_over_takes_nothing_more(desk, wire):
    chat = chat_of()
    with unit_of_work():
        talking.end(visitors.get(chat.id), by="agent")
    assert any(item["topic"] == "visitor" and item.get("ended") == "agent" for item in wire.sent)
    with pytest.raises(Conflict, match="over"):
        say(desk, chat)
    assert case_of(chat).archived_at is None


def test_typing_and_reading_are_told_to_the_visitor(desk, wire):
    chat = chat_of()
    wire.sent.clear()
    with unit_of_work():
        talking.agent_types(case_of(chat), name="Alice", is_typing=True)
    with unit_of_work() as session:
        newest = session.scalars(select(Message.id).where(Message.case_id == chat.case_id)).one()
        talking.seen(chat.case_id, newest)
        talking.seen(chat.case_id, newest)
    told = [item for item in wire.sent if item["topic"] == "visitor"]
    assert [item.get("typing") for item in told if "typing" in item] == [True]
    assert [item["seen"] for item in told if "seen" in item] == [newest]


def test_an_acknowledgement_is_a_short_word_in_the_chat(desk):
    """The shipped letters are for mail; a chat has words of its own where there are some."""
    from app.knowledge import service as knowledge
    from app.orchestration import capabilities

    with unit_of_work():
        knowledge.save_template("hello", "en", subject="A letter", body="Dear {{ case.contact_name }}, …")
        knowledge.save_template("hello.chat", "en", subject="", body="Hi {{ case.contact_name }}!")
        knowledge.save_template("only_mail", "en", subject="A letter", body="Dear all")
        assert capabilities.words("hello", "chat", "en", {"case": {"contact_name": "Dana"}}).body == "Hi Dana!"
        assert capabilities.words("hello", "email", "en", {"case": {"contact_name": "Dana"}}).body == "Dear Dana, …"
        assert capabilities.words("only_mail", "chat", "en", {}).body == "Dear all"
