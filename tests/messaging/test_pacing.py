"""How fast an account sends, quiet hours, and that a number whose vendor is down holds up nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app import clock
from app.db import unit_of_work
from app.errors import Invalid
from app.messaging import delivery, outbox, pacing
from app.messaging.line_models import AccountPace
from app.messaging.models import ChannelAccount, Delivery
from app.schedule import Timer
from channels.outcomes import TemporaryFailure
from tests.support import vendors
from tests.support.desk import make_desk
from tests.support.people import make_cast
from tests.support.vendors import CUSTOMER

QUIET = {"quiet_from": "21:00", "quiet_until": "08:00"}


def at(hour, minute=0, day=23):
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    "now,end",
    [
        (at(12), None), (at(21), at(8, day=24)), (at(23, 59), at(8, day=24)), (at(0, day=24), at(8, day=24)),
        (at(7, 59), at(8)), (at(8), None),
    ],
)  # fmt: skip
def test_quiet_hours_go_over_midnight(now, end):
    assert pacing.quiet_end(QUIET, "UTC", now=now) == end


def test_quiet_hours_are_those_of_the_place():
    assert pacing.quiet_end(QUIET, "Asia/Shanghai", now=at(13)) == at(0, day=24)
    assert pacing.quiet_end({"quiet_from": "12:00", "quiet_until": "13:00"}, "UTC", now=at(12, 30)) == at(13)
    assert pacing.quiet_end({}, "UTC", now=at(3)) is None


@pytest.mark.parametrize(
    "given,field",
    [
        ({"rate": "0"}, "rate"), ({"rate": "fast"}, "rate"), ({"rate": "5", "per": "year"}, "rate"),
        ({"quiet_from": "21:00"}, "quiet_until"), ({"quiet_from": "9", "quiet_until": "9"}, "quiet_from"),
        ({"quiet_from": "09:00", "quiet_until": "09:00"}, "quiet_until"),
    ],
)  # fmt: skip
def test_a_pace_that_cannot_be_is_named(given, field):
    with pytest.raises(Invalid) as refused:
        pacing.checked(given)
    assert field in refused.value.fields


def test_an_empty_pace_is_none():
    assert pacing.checked({"rate": "", "per": "second", "quiet_from": "", "quiet_until": ""}) == {}
    assert pacing.checked({"rate": "5", "per": "minute"}) == {"rate": 5, "per": "minute"}


@pytest.fixture
def lines(db):
    with vendors.connected() as opened:
        with unit_of_work():
            desk = make_desk(make_cast())
            down, well = vendors.make_account(), vendors.make_account("+4930999888", name="Other line")
        yield desk, down, well, opened


def queued(desk, account, count):
    with unit_of_work() as session:
        for number in range(count):
            outbox.queue(
                outbox.Outgoing(desk.case.id, desk.case.number, account.id, None, [(CUSTOMER, "")], "", f"Text {number}"),
                author="Alice",
            )  # fmt: skip
        session.flush()
        return list(session.scalars(select(Delivery.id).where(Delivery.account_id == account.id).order_by(Delivery.id)))


def states(ids):
    with unit_of_work() as session:
        return [
            str(row.state)
            for row in session.scalars(select(Delivery).where(Delivery.id.in_(ids)).order_by(Delivery.id))
        ]


def test_a_vendor_that_is_down_is_asked_once_and_the_others_go_on(lines):
    desk, down, well, opened = lines
    first, second = queued(desk, down, 6), queued(desk, well, 3)
    opened.setdefault(down.address, vendors.Vendor(vendors.VendorConfig(address=down.address)))
    opened[down.address].trouble = TemporaryFailure("timed_out", "The gateway does not answer.")
    for each in (*first, *second):
        delivery.deliver(each)
    assert opened[down.address].asked == 1
    assert states(first) == ["queued"] * 6
    assert states(second) == ["sent"] * 3
    with unit_of_work() as session:
        attempts = [row.attempts for row in session.scalars(select(Delivery).where(Delivery.id.in_(first)))]
        timers = {row.ref for row in session.scalars(select(Timer).where(Timer.job == "deliver"))}
    assert sum(attempts) == 1, "waiting for a line is no attempt"
    assert timers == set(first[1:])
    # When its rest is over one message tries; it is well again, and the others follow.
    opened[down.address].trouble = None
    with unit_of_work() as session:
        session.execute(update(Delivery).where(Delivery.id.in_(first)).values(due_at=clock.utcnow()))
        session.execute(update(AccountPace).values(rest_until=clock.utcnow() - timedelta(seconds=1)))
    for each in first:
        delivery.deliver(each)
    assert states(first) == ["sent"] * 6
    with unit_of_work() as session:
        assert not session.scalars(select(Timer).where(Timer.job == "deliver")).all()


def test_an_account_sends_no_faster_than_it_may(lines):
    desk, account, _well, _opened = lines
    with unit_of_work() as session:
        session.get_one(ChannelAccount, account.id).pace = {"rate": 2, "per": "minute"}
    ids = queued(desk, account, 4)
    for each in ids:
        delivery.deliver(each)
    assert states(ids) == ["sent", "queued", "queued", "queued"]
    with unit_of_work() as session:
        due = [
            row.due_at
            for row in session.scalars(select(Delivery).where(Delivery.id.in_(ids[1:])).order_by(Delivery.id))
        ]
    assert [(later - due[0]).total_seconds() for later in due] == pytest.approx([0, 30, 60], abs=2)
    with unit_of_work() as session:
        session.execute(update(Delivery).where(Delivery.id == ids[1]).values(due_at=clock.utcnow()))
    delivery.deliver(ids[1])
    assert states(ids) == ["sent", "sent", "queued", "queued"], "who has waited for its turn does not wait again"
