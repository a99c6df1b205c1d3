"""The one row of full text that the database keeps for each case follows its messages, however they come and go."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, text, update

from app.db import settle
from app.messaging import store
from app.messaging.models import Direction, Message
from tests.support.desk import make_case, make_desk
from tests.support.people import make_cast


@pytest.fixture
def desk(session):
    return make_desk(make_cast())


@pytest.fixture
def found(session):
    def _found(word):
        session.flush()
        asked = text("select case_id from case_texts where search @@ cast(:word as tsquery)")
        return set(session.scalars(asked, {"word": word}))

    return _found


def write(case, words):
    interaction = store.interaction_for(case.id, kind="email", account_id=None, contact_id=None, subject="")
    return store.store_outbound(
        case_id=case.id, interaction_id=interaction, kind="email", direction=Direction.NOTE, text=words, author="Alice", user_id=None
    )  # fmt: skip


def test_what_is_written_is_found_in_its_case(desk, found):
    write(desk.case, "Zebra crossing")
    write(desk.case, "Walrus 热水")
    settle()
    assert found("'zebra' & 'walrus' & '热水'") == {desk.case.id}
    assert found("'zebr':*") == {desk.case.id}


def test_a_message_that_moves_takes_its_words_along(desk, found):
    other = make_case(desk.cast, desk.account, subject="Pump")
    moved = write(desk.case, "Zebra leak")
    settle()
    into = store.new_interaction(other.id, kind="email", account_id=None, contact_id=None, subject="")
    settle()
    store.move_message(moved, to_case=other.id, interaction_id=into)
    settle()
    assert found("'zebra'") == {other.id}
    assert desk.case.id in found("'leak'"), "its other messages say so too"


def test_words_that_change_or_go_are_no_longer_found(session, desk, found):
    first, second = write(desk.case, "Zebra"), write(desk.case, "Walrus")
    settle()
    session.execute(update(Message).where(Message.id == first).values(search=text("'otter'::tsvector")))
    session.execute(delete(Message).where(Message.id == second))
    assert (found("'zebra'"), found("'walrus'"), found("'otter'")) == (set(), set(), {desk.case.id})


def test_changing_something_else_leaves_the_words_alone(session, desk, found):
    session.execute(update(Message).where(Message.case_id == desk.case.id).values(reason="because"))
    assert found("'leak'") == {desk.case.id}
