"""Shared drafts: seen by colleagues, taken over by one at a time, and nothing that was written is lost."""

from __future__ import annotations

import pytest

from app import events
from app.db import session, unit_of_work
from app.errors import Conflict, Invalid
from app.events import Actor
from app.identity import queries as people
from app.messaging import drafts
from app.messaging.models import Message
from app.orchestration import sharing, writing
from tests.support.desk import make_desk
from tests.support.people import make_cast


@pytest.fixture
def desk(session):
    """Dana's case, in an open unit of work."""
    return make_desk(make_cast())


def keep(desk, who, text, known="", **more):
    more = {"kind": "reply", "recipients": {}, **more}
    return sharing.keep(desk.case, who.id, text=text, known=known, **more)


def seen_by(desk, who):
    return [(draft.name, draft.text, draft.writers) for draft in drafts.shared_with(desk.case.id, who.id)]


def take(desk, who, *, of):
    with events.acting(Actor("user", who.id, who.name)):
        sharing.take(desk.case.id, holder_id=of.id, user_id=who.id)


def test_a_draft_is_private_until_it_is_shared_and_its_changes_are_told(desk, wire):
    alice, bob = desk.cast.alice, desk.cast.bob
    version = keep(desk, alice, "We come")
    assert seen_by(desk, bob) == []
    sharing.share(desk.case.id, user_id=alice.id, shared=True)
    keep(desk, alice, "We come on Friday", version)
    assert seen_by(desk, bob) == [(alice.name, "We come on Friday", alice.name)]
    assert seen_by(desk, alice) == []
    sharing.share(desk.case.id, user_id=alice.id, shared=False)
    assert seen_by(desk, bob) == []
    with pytest.raises(Invalid):
        sharing.share(desk.case.id, user_id=bob.id, shared=True)


def test_who_takes_over_writes_on_the_other_is_told_and_both_are_named(desk):
    alice, bob = desk.cast.alice, desk.cast.bob
    version = keep(desk, alice, "We come")
    sharing.share(desk.case.id, user_id=alice.id, shared=True)
    take(desk, bob, of=alice)
    assert drafts.get(desk.case.id, alice.id) is None
    assert drafts.get(desk.case.id, bob.id).text == "We come"
    assert any("writes your draft now" in notice.text for notice in people.notices(alice.id))
    with pytest.raises(Conflict, match="writes this draft now"):
        keep(desk, alice, "We come", version)
    with pytest.raises(Conflict, match="not shared any more"):
        take(desk, alice, of=alice)
    made = writing.reply(
        desk.case.id,
        user_id=bob.id,
        author=bob.name,
        text="We come on Friday.",
        writers=drafts.get(desk.case.id, bob.id).writers,
    )
    assert session().get(Message, made).cause == {"writers": [alice.name, bob.name]}


def test_words_that_were_under_way_while_another_took_over_become_a_draft_of_ones_own(desk):
    alice, bob = desk.cast.alice, desk.cast.bob
    version = keep(desk, alice, "We come")
    sharing.share(desk.case.id, user_id=alice.id, shared=True)
    take(desk, bob, of=alice)
    keep(desk, alice, "We come at nine", version)
    assert drafts.get(desk.case.id, alice.id).text == "We come at nine"
    assert not drafts.is_shared(desk.case.id, alice.id)
    assert drafts.get(desk.case.id, bob.id).text == "We come"


def test_nobody_takes_over_above_words_of_their_own(desk):
    alice, bob = desk.cast.alice, desk.cast.bob
    keep(desk, alice, "We come")
    keep(desk, bob, "Mine")
    sharing.share(desk.case.id, user_id=alice.id, shared=True)
    with pytest.raises(Conflict, match="of your own"):
        take(desk, bob, of=alice)
    assert drafts.get(desk.case.id, alice.id).text == "We come"


def test_a_save_whose_answer_was_not_heard_is_no_stranger(desk):
    alice = desk.cast.alice
    first = keep(desk, alice, "We", mark="m1")
    keep(desk, alice, "We come", first, mark="m2", after=["m1"])
    keep(desk, alice, "We come on", first, mark="m3", after=["m2"])
    with pytest.raises(Conflict, match="somewhere else"):
        keep(desk, alice, "Lost?", first, mark="m4", after=["m2"])
    with unit_of_work():
        assert drafts.get(desk.case.id, alice.id).text == "We come on"
