"""Long texts in parts: joined in any order, each part a row, and shown with gaps when the rest never came."""

from __future__ import annotations

import secrets

import pytest
from sqlalchemy import select

from app import blobs
from app.clock import utcnow
from app.db import unit_of_work
from app.messaging.models import Envelope, EnvelopeState, Message
from app.orchestration import intake, joining
from app.schedule import Timer
from channels.sms.incoming import text_message
from channels.sms.reassembly import Part
from tests.support.desk import make_desk
from tests.support.people import make_cast
from tests.support.texting import DANA, NUMBER, make_line


@pytest.fixture
def line(db):
    with unit_of_work():
        make_desk(make_cast())
        return make_line()


def come(line, number, text, *, count=3, at=None):
    """A part comes in; returns the whole message when it is the last."""
    at = at or utcnow()
    part = Part("7", number, count, "utf8", text.encode(), at, DANA, NUMBER)
    inbound = text_message(f"p{number}", sender=DANA, to=NUMBER, text=text, part=part)
    with unit_of_work() as session:
        envelope = Envelope(
            account_id=line.id, external_id=secrets.token_hex(4), digest=blobs.put(text.encode()), meta={}, received_at=at,
            state=EnvelopeState.DONE,
        )  # fmt: skip
        session.add(envelope)
        session.flush()
        return joining.add(line.id, envelope.id, inbound, at=at)


def timers():
    with unit_of_work() as session:
        return session.scalars(select(Timer.ref).where(Timer.job == joining.JOB)).all()


def test_parts_are_joined_in_whatever_order_they_come(line):
    assert come(line, 3, "floor 4.") is None
    assert come(line, 1, "The lift ") is None
    assert come(line, 1, "The lift ") is None, "a repeat is no other part"
    whole = come(line, 2, "is stuck on ")
    assert whole is not None
    assert (whole.text, whole.problems) == ("The lift is stuck on floor 4.", ())
    assert timers() == []
    assert come(line, 1, "A new ", count=2) is None, "the reference comes round again"


def test_what_never_came_is_shown_as_a_gap(line):
    assert come(line, 1, "The lift ") is None
    [part_id] = timers()
    with unit_of_work():
        intake.join_late(part_id)
    with unit_of_work() as session:
        [message] = session.scalars(select(Message).where(Message.kind == "sms", Message.direction == "in"))
    assert message.text.startswith("The lift ")
    assert "[…]" in message.text
    assert message.problems == ["parts 2, 3 of 3 never came"]
    with unit_of_work():
        intake.join_late(part_id)  # the timer of a message that is there already does nothing
    assert timers() == []
