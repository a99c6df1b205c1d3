"""Replies that wait: taken back, sent later, with a step; and nobody answers twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app import jobs
from app.audit import service as audit
from app.clock import utcnow
from app.contacts import service as contacts
from app.db import session, unit_of_work
from app.errors import Conflict, Invalid
from app.events import Actor, acting
from app.identity.models import Notice
from app.messaging import drafts, held, store
from app.messaging.models import Direction, HeldReply, Message
from app.orchestration import driving, holding, taking, writing
from app.schedule import Timer
from app.workflow.models import Task, TaskState, Visit
from channels.port import Address, Auto, InboundMessage
from tests.support.desk import make_desk
from tests.support.people import make_cast


@pytest.fixture
def desk(db):
    """Dana's case."""
    with unit_of_work():
        return make_desk(make_cast())


def hold(desk, text="We come.", *, who=None, **more):
    user = who or desk.cast.alice
    with unit_of_work():
        return holding.hold(desk.case.id, holding.Words(user.id, user.name, text), **{"seconds": 60, **more}).id


def row(held_id):
    with unit_of_work():
        return held.again(held_id)


def sent(desk):
    with unit_of_work():
        found = select(Message.text).where(Message.case_id == desk.case.id, Message.direction == Direction.OUT)
        return list(session().scalars(found.order_by(Message.id)))


def hears_of_replies():
    with unit_of_work():
        went = select(func.count()).select_from(Visit).where(Visit.element_id == "on_reply", Visit.state == "completed")
        return session().scalar(went)


def draft_of(desk, user):
    with unit_of_work():
        found = drafts.get(desk.case.id, user.id)
        return found.text if found else None


def notices(user):
    with unit_of_work():
        return list(session().scalars(select(Notice.text).where(Notice.user_id == user.id)))


def customer_writes(desk, text="It has settled itself.", auto=Auto.NONE):
    with unit_of_work():
        dana = contacts.find_or_create("email", "dana@example.org", name="Dana")
        interaction = store.interaction_for(
            desk.case.id, kind="email", account_id=desk.account.id, contact_id=dana.id, subject="x"
        )
        store.store_inbound(
            InboundMessage(f"<{text}@example.org>", Address("dana@example.org", "Dana"), subject="x", text=text, auto=auto),
            case_id=desk.case.id, kind="email", contact_id=dana.id, author="Dana", reason="new", raw_digest=None,
            interaction_id=interaction,
        )  # fmt: skip


def test_a_reply_waits_and_then_goes_once_and_only_then_does_the_process_hear(desk):
    made = hold(desk)
    jobs.send_reply(made)
    assert sent(desk) == []
    assert hears_of_replies() == 0
    with unit_of_work():
        holding.send_now(made)
    jobs.send_reply(made)
    heard = hears_of_replies()
    assert heard > 0
    jobs.send_reply(made)
    assert sent(desk) == ["We come."]
    assert hears_of_replies() == heard
    assert row(made).outcome == "sent"
    with unit_of_work():
        assert session().scalar(select(Timer).where(Timer.key == held.alarm(made))) is None


def test_whoever_comes_first_the_undo_or_the_sending_wins(desk):
    made = hold(desk)
    with unit_of_work():
        holding.take_back(made)
    jobs.send_reply(made)
    assert sent(desk) == []
    assert draft_of(desk, desk.cast.alice) == "We come."
    with unit_of_work(), pytest.raises(Conflict, match="does not wait"):
        holding.send_now(made)


def test_words_that_come_back_stand_before_what_was_begun_since(desk):
    with unit_of_work():
        drafts.save(desk.case.id, desk.cast.alice.id, kind="reply", text="We c")
    made = hold(desk)
    assert draft_of(desk, desk.cast.alice) is None
    with unit_of_work():
        drafts.save(desk.case.id, desk.cast.alice.id, kind="reply", text="One more thing")
        holding.take_back(made)
    assert draft_of(desk, desk.cast.alice) == "We come.\n\nOne more thing"


def test_a_colleague_who_takes_it_back_tells_its_writer(desk):

    made = hold(desk)
    with unit_of_work(), acting(Actor("user", desk.cast.bob.id, "Bob")):
        holding.take_back(made)
    assert any("Bob took your reply back" in text for text in notices(desk.cast.alice))


def test_one_that_waits_for_tomorrow_comes_back_when_the_customer_writes_first(desk):
    made = hold(desk, send_at=utcnow() + timedelta(days=1))
    customer_writes(desk)
    assert row(made).outcome == "customer"
    assert draft_of(desk, desk.cast.alice) == "We come."
    assert any("customer wrote before" in text for text in notices(desk.cast.alice))
    with unit_of_work():
        kept = drafts.get(desk.case.id, desk.cast.alice.id)
        assert drafts.last_message_id(desk.case.id) > kept.seen_message_id


def test_an_absence_note_of_the_customer_stops_nothing(desk):
    made = hold(desk, send_at=utcnow() + timedelta(days=1))
    customer_writes(desk, "I am away.", auto=Auto.REPLY)
    assert row(made).ended_at is None


@pytest.mark.parametrize("days", [-1, 0, 400])
def test_a_time_that_cannot_be(desk, days):
    with pytest.raises(Invalid, match="within the coming year"):
        hold(desk, send_at=utcnow() + timedelta(days=days))


def test_while_one_waits_nobody_else_answers(desk):
    hold(desk)
    with pytest.raises(Conflict, match="waits to go out"):
        hold(desk, "I come, too.", who=desk.cast.bob)
    with unit_of_work(), pytest.raises(Conflict, match="waits to go out"):
        writing.reply(desk.case.id, user_id=desk.cast.bob.id, author="Bob", text="I come, too.")
    with unit_of_work():
        writing.note(desk.case.id, user_id=desk.cast.bob.id, author="Bob", text="A note may be written")


def test_what_cannot_go_comes_back_and_says_why(desk):
    made = hold(desk)
    with unit_of_work():
        from app.messaging import accounts

        accounts.get(desk.account.id).is_enabled = False
    with unit_of_work():
        holding.send_now(made)
    jobs.send_reply(made)
    assert row(made).outcome == "refused"
    assert draft_of(desk, desk.cast.alice) == "We come."
    assert any("switched off" in text for text in notices(desk.cast.alice))


def _task(desk):
    with unit_of_work():
        found = select(Task).where(Task.state == TaskState.OPEN).order_by(Task.id)
        return session().scalars(found).first().id


def test_the_reply_and_its_step_happen_together(desk):
    task = _task(desk)
    made = hold(desk, step={"task": task, "values": {"outcome": "resolved"}})
    with unit_of_work():
        assert session().get(Task, task).state is TaskState.OPEN
        holding.send_now(made)
    jobs.send_reply(made)
    assert sent(desk) == ["We come."]
    with unit_of_work():
        assert session().get(Task, task).state is not TaskState.OPEN


def test_a_step_that_somebody_else_took_keeps_the_reply_from_going(desk):
    task = _task(desk)
    made = hold(desk, step={"task": task, "values": {"outcome": "resolved"}})
    with unit_of_work():
        driving.complete_task(task, {"outcome": "resolved"})
    with unit_of_work():
        holding.send_now(made)
    jobs.send_reply(made)
    assert sent(desk) == []
    assert row(made).outcome == "refused"
    assert draft_of(desk, desk.cast.alice) == "We come."


def test_the_right_to_reply_is_with_whoever_took_the_task(desk):
    with unit_of_work():
        driving.claim_task(_task(desk), desk.cast.bob.id)
    with pytest.raises(Conflict, match="Bob answers this case"):
        hold(desk)
    with unit_of_work():
        taking.ask(desk.case.id, by="Alice")
    assert any("Alice asks you" in text for text in notices(desk.cast.bob))
    with unit_of_work():
        taking.take_over(desk.case.id, user_id=desk.cast.alice.id)
    assert any("took the case over" in text for text in notices(desk.cast.bob))
    hold(desk)


def test_everything_is_on_the_record(desk):
    made = hold(desk)
    with unit_of_work():
        holding.take_back(made)
    with unit_of_work():
        kinds = [event["kind"] for event in audit.chain_events(f"case:{desk.case.id}")]
    assert kinds[-2:] == ["reply_held", "reply_withdrawn"]


def test_a_draft_that_was_written_on_another_machine_is_not_overwritten(desk):
    where = (desk.case.id, desk.cast.alice.id)
    with unit_of_work():
        first = drafts.save(*where, kind="reply", text="Here", known="")
    with unit_of_work():
        drafts.save(*where, kind="reply", text="There", known=first)
    with unit_of_work(), pytest.raises(Conflict, match="somewhere else"):
        drafts.save(*where, kind="reply", text="Here again", known=first)
    assert draft_of(desk, desk.cast.alice) == "There"


def test_the_row_alone_is_the_promise(desk):
    made = hold(desk, seconds=0)
    jobs.work_inline()
    assert sent(desk) == ["We come."]
    with unit_of_work():
        assert session().scalar(select(func.count()).select_from(HeldReply).where(HeldReply.ended_at.is_(None))) == 0
    assert row(made).message_id is not None
