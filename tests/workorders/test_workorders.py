"""Work orders: fields, states with their times, amendments that must be accepted again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.clock import utcnow
from app.errors import Invalid, NotFound
from app.workorders import service as workorders
from app.workorders.models import Amendment
from tests.support.desk import make_desk
from tests.support.people import make_cast


@pytest.fixture
def order(session):
    desk = make_desk(make_cast())
    return workorders.lock(desk.order.id)


def new(order, **values):
    return workorders.open_work_order(**{
        "case_id": order.case_id, "title": "Mend", "fields": {}, "team_id": order.team_id, "holder_id": None, "opened_by": None,
        **values,
    })  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [{"title": " "}, {"team_id": None}, {"fields": {"x": ["nested"]}}, {"fields": {"x": "y" * 10_001}}, {"fields": {"k" * 81: 1}},
     {"fields": {str(n): n for n in range(41)}}],
)  # fmt: skip
def test_what_is_no_work_order(order, wrong):
    with pytest.raises(Invalid):
        new(order, **wrong)


def test_numbers_and_unknown_ones(order):
    assert new(order).number > order.number
    with pytest.raises(NotFound):
        workorders.lock(-1)


def test_states_carry_their_times(order):
    workorders.change(order, {"state": "accepted"})
    assert order.accepted_at is not None
    workorders.change(order, {"state": "replied"})
    assert order.replied_at is not None
    workorders.change(order, {"state": "dispatched"})
    assert order.accepted_at is None
    with pytest.raises(Invalid):
        workorders.change(order, {"number": "WO-1"})


def test_an_amendment_is_shown_field_by_field_and_accepted_anew(session, order):
    workorders.change(order, {"state": "accepted"})
    made = workorders.amend(order, {"where": "attic", "floor": 3}, reason="moved", by="customer")
    assert made.changes == {"where": {"from": "cellar", "to": "attic"}, "floor": {"from": None, "to": 3}}
    assert (order.state, order.fields) == ("dispatched", {"where": "attic", "floor": 3})
    assert workorders.amend(order, {"where": "attic"}, reason="as I said", by="agent").changes == {}
    workorders.accept_amendments(order)
    assert all(session.scalars(select(Amendment.accepted_at)).all())


def test_urgency_has_an_end_and_escalation_never_falls(order):
    for _ in range(12):
        workorders.count_chase(order, by="customer")
    assert (order.chase_count, order.urgency) == (12, 9)
    workorders.escalate(order, level=2, reason="late", to=[])
    workorders.escalate(order, level=1, reason="late", to=[])
    assert order.escalation == 2


@pytest.mark.parametrize("outcome,state", [("done", "archived"), ("cancelled", "cancelled")])
def test_the_end(order, outcome, state):
    workorders.close(order, outcome=outcome, retain_until=utcnow() + timedelta(days=1))
    assert (order.state, order.outcome, order.due_at) == (state, outcome, None)
    assert order.ended_at is not None
