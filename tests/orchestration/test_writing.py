"""Replies and notes: to whom, through which account, and what the process hears of them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.cases.models import Case
from app.db import unit_of_work
from app.errors import Conflict, Invalid, NotFound
from app.messaging import accounts, drafts, outbox
from app.messaging.models import Delivery, Direction, Message
from app.orchestration import writing
from app.workflow.models import Visit
from tests.support.desk import make_desk
from tests.support.people import make_cast


@pytest.fixture
def desk(session):
    """Dana's case, in an open unit of work."""
    return make_desk(make_cast())


def reply(desk, text="We come.", **more):
    return writing.reply(desk.case.id, user_id=desk.cast.alice.id, author="Alice", text=text, **more)


def test_a_reply_answers_the_customer_through_the_cases_account(session, desk, bell):
    message = session.get(Message, reply(desk))
    assert message.recipients["to"] == [["dana@example.org", "Dana"]]
    assert message.subject == "Re: A leak"
    delivery = session.scalars(select(Delivery)).one()
    assert delivery.account_id == desk.account.id
    assert session.get(Case, desk.case.id).first_reply_at is not None


def test_the_process_hears_of_it(session, desk):
    reply(desk)
    assert session.scalars(select(Visit.element_id).where(Visit.element_id == "on_reply")).first() == "on_reply"


def test_sending_drops_the_draft(session, desk):
    drafts.save(desk.case.id, desk.cast.alice.id, kind="reply", text="We c")
    reply(desk)
    assert drafts.get(desk.case.id, desk.cast.alice.id) is None


def test_a_subject_that_is_an_answer_already_stays(session, desk):
    session.get(Case, desk.case.id).subject = "RE: A leak"
    assert session.get(Message, reply(desk)).subject == "RE: A leak"
    assert session.get(Message, reply(desk, subject="Another")).subject == "Another"


def test_without_a_customer_somebody_must_be_named(session, desk):
    session.get(Case, desk.case.id).contact_id = None
    with pytest.raises(Invalid) as error:
        reply(desk)
    assert "to" in error.value.fields
    assert session.get(Message, reply(desk, to=[("erin@example.org", "")])).recipients["to"][0][0] == "erin@example.org"


def test_a_case_without_an_account_uses_one_of_its_channel(session, desk):
    case = session.get(Case, desk.case.id)
    case.account_id = None
    reply(desk)
    accounts.get(desk.account.id).is_enabled = False
    session.flush()
    with pytest.raises(Invalid, match="switched on"):
        reply(desk)


def test_a_reply_that_crosses_another_is_refused_but_notes_do_not_count(session, desk):
    seen = reply(desk)
    writing.note(desk.case.id, user_id=desk.cast.bob.id, author="Bob", text="I am on it")
    second = reply(desk, "More", seen_message_id=seen)
    with pytest.raises(Conflict) as error:
        reply(desk, "And more", seen_message_id=seen)
    assert error.value.facts["newest"] == second


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_is_not_sent(session, desk, text):
    with pytest.raises(Invalid):
        reply(desk, text)
    with pytest.raises(Invalid):
        writing.note(desk.case.id, user_id=desk.cast.alice.id, author="Alice", text=text)


def test_a_note_goes_nowhere(session, desk):
    made = writing.note(desk.case.id, user_id=desk.cast.alice.id, author="Alice", text="Careful")
    assert session.get(Message, made).direction is Direction.NOTE
    assert session.scalars(select(Delivery)).all() == []


def test_cases_that_do_not_exist(db):
    with unit_of_work(), pytest.raises(NotFound):
        writing.note(999_999_999, user_id=1, author="x", text="x")


def test_what_the_desk_sends_by_itself_holds_no_reply_up_but_a_colleagues_words_do(session, desk):
    seen = drafts.last_message_id(desk.case.id)
    automatic = outbox.Outgoing(
        case_id=desk.case.id, case_number=desk.case.number, account_id=desk.account.id, contact_id=None,
        to=[("holder@example.org", "")], subject="A work order for you", text="Please accept it.", auto=True,
    )  # fmt: skip
    outbox.queue(automatic, author="Ringback")
    reply(desk, seen_message_id=seen)
    with pytest.raises(Conflict) as error:
        reply(desk, "Again.", seen_message_id=seen)
    assert error.value.code == "stale_reply"
