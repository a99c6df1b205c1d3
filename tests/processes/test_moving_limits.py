"""A new priority moves the time limits that run: counted from when they began, on the record, and shown where people look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import utcnow
from app.db import frame
from app.orchestration.queries import overview
from app.routing import service as routing
from app.schedule import Timer
from app.sla import service as sla
from app.sla.calendar import calendar_to_spec, default_calendar
from app.workflow.models import Task, WaitingTimer
from tests.processes.driving import CALENDAR
from tests.processes.test_on_the_desk import OnDesk, desk, dispatched  # noqa: F401 -- desk is the fixture

HOUR = timedelta(hours=1)


def timers(on: OnDesk) -> dict[str, datetime]:
    """When each limit of the case and its work orders is due."""
    return {timer.element_id: timer.due_at for timer in overview(on.case.id).timers}


def due_of(on: OnDesk, element: str) -> datetime:
    """When an open task is due."""
    found = on.session.scalars(
        select(Task).where(Task.element_id == element, Task.state == "open").execution_options(populate_existing=True)
    ).one()
    assert found.due_at is not None
    return found.due_at


def events(on: OnDesk, kind: str) -> list[Any]:
    """What this unit of work will write on the case's chain."""
    return [event.data for event in frame().info["audit"] if (event.chain, event.kind) == (f"case:{on.case.id}", kind)]


def near(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(seconds=30)


def test_an_amended_priority_moves_what_runs(desk: OnDesk) -> None:  # noqa: F811
    dispatched(desk).do(desk.cast.charlie, "accept", outcome="accept")
    begun = utcnow()
    assert near(timers(desk)["reply_overdue"], CALENDAR.add_business_time(begun, 8 * HOUR))
    desk.act(desk.cast.alice, "amend", priority="urgent", text="The ceiling comes down")
    assert desk.case.priority == "urgent"
    moved = timers(desk)
    assert near(moved["first_response_due"], CALENDAR.add_business_time(begun, HOUR / 2))
    assert near(moved["resolution_due"], CALENDAR.add_business_time(begun, 4 * HOUR))
    assert near(moved["reply_due_soon"], CALENDAR.add_business_time(begun, 2 * HOUR))
    assert near(moved["reply_overdue"], CALENDAR.add_business_time(begun, 3 * HOUR))
    assert near(due_of(desk, "reply"), moved["reply_overdue"])
    assert near(due_of(desk, "handle"), moved["resolution_due"])
    assert desk.case.due_at is not None
    assert near(desk.case.due_at, moved["first_response_due"])
    assert desk.order.due_at is not None
    assert near(desk.order.due_at, moved["reply_overdue"])
    assert desk.tasks == {"handle", "reply"}, "a new priority alone asks nobody to accept again"


def test_the_clock_that_rings_is_moved_too(desk: OnDesk) -> None:  # noqa: F811
    desk.act(desk.cast.alice, "amend", priority="urgent", text="worse")
    instance = desk.session.scalars(select(WaitingTimer.instance_id)).first()
    alarm = desk.session.scalars(select(Timer).where(Timer.key == f"instance:{instance}")).one()
    assert alarm.due_at == timers(desk)["first_response_due"]


def test_it_is_on_the_record(desk: OnDesk) -> None:  # noqa: F811
    desk.act(desk.cast.alice, "amend", priority="low", text="not so bad")
    assert events(desk, "case_amended")[-1]["amended"] == {"priority": "low"}
    assert {"from": "high", "to": "low"} in [data["changes"].get("priority") for data in events(desk, "case_changed")]
    (moved,) = events(desk, "time_limits_moved")
    assert {limit["element"] for limit in moved["limits"]} == {"first_response_due", "resolution_due"}
    assert all(limit["from"] < limit["to"] for limit in moved["limits"])


def test_the_same_priority_moves_nothing(desk: OnDesk) -> None:  # noqa: F811
    before = timers(desk)
    desk.act(desk.cast.alice, "amend", priority="high", text="as it was")
    assert timers(desk) == before
    assert not events(desk, "time_limits_moved")


def test_a_second_chase_that_raises_the_priority_moves_them_too(desk: OnDesk) -> None:  # noqa: F811
    desk.act(desk.cast.alice, "amend", priority="normal", text="not so bad")
    before = timers(desk)
    for _ in range(2):
        desk.act(desk.cast.alice, "chase", text="Where is he?")
    assert desk.case.priority == "high"
    assert timers(desk)["resolution_due"] < before["resolution_due"]


@pytest.mark.parametrize("stage", ["accepted", "replied"])
def test_an_amended_work_order_has_the_limit_of_its_new_acceptance(desk: OnDesk, stage: str) -> None:  # noqa: F811
    dispatched(desk).do(desk.cast.charlie, "accept", outcome="accept")
    if stage == "replied":
        desk.do(desk.cast.charlie, "reply", outcome="done", text="done")
    desk.act(desk.cast.alice, "amend", on="order", changes={"budget": "300"}, text="dearer")
    assert str(desk.order.state) == "dispatched"
    assert desk.order.due_at is not None
    assert near(desk.order.due_at, timers(desk)["not_accepted_in_time"])


def test_work_that_goes_on_after_a_refused_cancellation_has_its_limit_back(desk: OnDesk) -> None:  # noqa: F811
    dispatched(desk).do(desk.cast.charlie, "accept", outcome="accept")
    desk.act(desk.cast.alice, "cancel", on="order", text="not needed")
    desk.do(desk.cast.charlie, "consent", outcome="refuse", reason="almost done")
    assert desk.order.due_at is not None
    assert near(desk.order.due_at, timers(desk)["reply_overdue"])


def test_an_amendment_that_changes_nothing_gets_nobody_stuck(desk: OnDesk) -> None:  # noqa: F811
    dispatched(desk)
    desk.act(desk.cast.alice, "amend", on="order", changes={"instructions": "Ring twice"}, text="as I said")
    assert desk.tasks == {"handle", "accept"}


def test_limits_count_by_the_calendar_of_the_cases_queue(desk: OnDesk) -> None:  # noqa: F811
    """A queue that is closed for a fortnight gives a fortnight more, whatever other queues do."""
    today = utcnow().date()
    closed = [(today + timedelta(days=n)).isoformat() for n in range(-1, 15)]
    spec = {**calendar_to_spec(default_calendar("Europe/Berlin")), "holidays": closed}
    away = sla.save_calendar("away", name="Away", timezone="Europe/Berlin", spec=spec)
    routing.save_queue("service", name="Service", team_id=desk.cast.service_team.id, calendar_id=away.id)
    desk.act(desk.cast.alice, "amend", priority="urgent", text="worse")
    assert timers(desk)["first_response_due"] > utcnow() + timedelta(days=13)
