"""What the agent of a case is told: given to them, the customer wrote, chased, due soon, overdue; never of their own doing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from app import events
from app.cases import service as cases
from app.cases import watching
from app.clock import utcnow
from app.db import session, settle
from app.events import Actor
from app.identity import queries
from app.orchestration import own_cases
from app.schedule import Timer
from tests.support.people import make_cast


@pytest.fixture
def cast(session):
    return make_cast()


@pytest.fixture
def case(cast):
    return cases.open_case(
        subject="A leak", channel="email", contact_id=None, contact_name="Dana", account_id=None,
        team_id=cast.service_team.id,
    )  # fmt: skip


def told(user):
    return [notice.kind for notice in reversed(queries.notices(user.id))]


def by(user):
    return events.acting(Actor("user", user.id, user.name))


def test_the_new_agent_is_told_who_gave_it_to_them(cast, case):
    with by(cast.bob):
        cases.change(case, {"assignee_id": cast.alice.id})
    (notice,) = queries.notices(cast.alice.id)
    assert notice.kind == "assigned"
    assert "Bob" in notice.text
    assert notice.cause == cast.bob.name
    assert notice.link == f"/cases/{case.number}"


def test_who_takes_a_case_is_not_told(cast, case):
    with by(cast.alice):
        cases.change(case, {"assignee_id": cast.alice.id})
    assert told(cast.alice) == []


def test_a_chase_is_told_to_the_agent_and_not_to_others(cast, case):
    with by(cast.alice):
        cases.change(case, {"assignee_id": cast.alice.id})
    cases.count_chase(case, by="Dana", channel="email")
    assert told(cast.alice) == ["chased"]
    assert told(cast.bob) == []


def test_who_watches_is_told_once(cast, case):
    with by(cast.alice):
        cases.change(case, {"assignee_id": cast.alice.id})
        watching.watch(case, cast.alice.id)
    cases.count_chase(case, by="Dana", channel="email")
    assert told(cast.alice) == []  # as a watcher, when the unit of work commits


def alarms():
    settle()
    return {row.key: row.due_at for row in session().scalars(select(Timer).where(Timer.job == own_cases.JOB))}


def test_a_limit_is_told_when_a_quarter_is_left_and_when_it_has_passed(cast, case):
    now = utcnow()
    due = now + timedelta(hours=8)
    with by(cast.alice):
        cases.change(case, {"assignee_id": cast.alice.id})
        assert alarms() == {}
        cases.change(case, {"due_at": due, "due_from": now, "due_why": "first response"})
    assert alarms() == {own_cases.alarm(case.id): due - timedelta(hours=2)}
    own_cases.limit_nears(case.id)
    assert told(cast.alice) == []
    with time_machine.travel(due - timedelta(hours=1), tick=False):
        own_cases.limit_nears(case.id)
    assert told(cast.alice) == ["due"]
    assert alarms() == {own_cases.alarm(case.id): due}
    with time_machine.travel(due + timedelta(minutes=1), tick=False):
        own_cases.limit_nears(case.id)
    assert told(cast.alice) == ["due", "breached"]
    assert queries.notices(cast.alice.id)[0].cause == "first response"
    assert alarms() == {}


def test_a_case_of_nobody_costs_no_alarm_and_one_put_back_loses_it(cast, case):
    cases.change(case, {"due_at": utcnow() + timedelta(hours=2)})
    assert alarms() == {}
    with by(cast.bob):
        cases.change(case, {"assignee_id": cast.alice.id})
    assert set(alarms()) == {own_cases.alarm(case.id)}
    cases.change(case, {"assignee_id": None})
    assert alarms() == {}
