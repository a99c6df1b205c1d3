"""The shipped closed loop of a work order, driven to every end and through every time limit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes.driving import CALENDAR, FRIDAY_FIVE, Driver, order_driver, shipped
from tests.processes.tours import ORDER_TOURS, accepted, assert_every_path_is_toured, replied

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = timedelta(hours=1)
CHANGE: dict[str, Any] = {"changes": {"budget": "300"}, "text": "dearer"}


@pytest.mark.parametrize("tour", ORDER_TOURS, ids=lambda tour: tour.__name__)
def test_tour(tour: Callable[[], Driver]) -> None:
    driver = tour()
    assert not driver.open.faults, driver.open.faults


def test_every_element_and_every_flow_is_on_some_tour() -> None:
    assert_every_path_is_toured("work_order", ORDER_TOURS)


def test_it_is_imported_without_a_finding() -> None:
    assert shipped("work_order").findings == ()


def test_the_straight_way_tells_case_and_customer() -> None:
    driver = replied()
    driver.complete("review", outcome="accept")
    assert (driver.status, driver.open.outcome) == ("completed", "archived")
    assert driver.calls("tell_case")[0] | {"summary": ""} == {
        "message": "work_order_ended", "number": "WO-1", "outcome": "done", "summary": "",
    }  # fmt: skip
    assert driver.calls("tell_customer")[0]["template"] == "work_order_done"
    assert driver.calls("mark_replied")[0]["reply_text"] == "Electrode replaced"


def test_who_may_do_what() -> None:
    driver = order_driver(holder="charlie")
    assert driver.tasks["accept"].candidate_teams == ("repairs",)
    assert driver.tasks["accept"].candidate_users == ("charlie",)
    driver = replied()
    assert driver.tasks["review"].candidate_teams == ("service",)
    assert driver.tasks["review"].candidate_users == ("alice",)


@pytest.mark.parametrize(
    "order, case, accept, reply",
    [
        ({}, {}, 1, 18),
        ({"urgency": 1}, {}, 0.5, 8),
        ({}, {"priority": "high"}, 0.5, 8),
        ({}, {"priority": "urgent"}, 0.25, 3),
        ({"accept_within": "PT3H", "reply_within": "PT27H"}, {}, 3, 27),
    ],
)
def test_limits_follow_urgency_and_what_the_dispatcher_set(order, case, accept, reply) -> None:
    driver = order_driver(case=case, **order)
    due = driver.timers["not_accepted_in_time"].due_at
    assert due == CALENDAR.add_business_time(FRIDAY_FIVE, accept * HOUR)
    driver.complete("accept", outcome="accept")
    assert driver.timers["reply_overdue"].due_at == CALENDAR.add_business_time(FRIDAY_FIVE, reply * HOUR)
    assert driver.timers["reply_due_soon"].due_at < driver.timers["reply_overdue"].due_at


def test_verbs_on_offer_in_each_state() -> None:
    driver = order_driver()
    assert driver.verbs == {"chase", "amend", "cancel"}
    driver.complete("accept", outcome="decline", reason="no crew")
    assert driver.verbs == {"chase", "cancel"}
    driver.complete("redispatch", outcome="again", team="north")
    driver.complete("accept", outcome="accept")
    assert driver.verbs == {"chase", "amend", "cancel"}
    driver.act("cancel", text="not needed")
    assert driver.verbs == {"chase"}
    driver.complete("consent", outcome="consent")
    assert driver.verbs == set()


def test_chasing_stops_nothing_and_escalates_from_the_second_on() -> None:
    driver = accepted()
    token = driver.tasks["reply"].token
    for count in (1, 2, 3):
        driver.act("chase", role="customer", text="Where are you?")
        assert driver.tasks["reply"].token == token
        assert len(driver.calls("escalate_chase")) == max(0, count - 1)
    assert len(driver.calls("notify_holder")) == 3


@pytest.mark.parametrize("state", ["accept", "redispatch", "reply", "review", "consent"])
def test_a_work_order_can_be_chased_in_every_state(state: str) -> None:
    driver = replied() if state == "review" else order_driver() if state in ("accept", "redispatch") else accepted()
    if state == "redispatch":
        driver.complete("accept", outcome="decline", reason="no")
    if state == "consent":
        driver.act("cancel", text="stop")
    driver.act("chase", text="Hurry")
    assert set(driver.tasks) == {state}
    assert driver.desk.work_order is not None
    assert driver.desk.work_order["chase_count"] == 1


def test_the_timer_chases_as_a_person_would() -> None:
    driver = accepted()
    driver.act("chase", text="first")
    driver.wait_for("reply_due_soon")
    assert [inputs["by"] for inputs in driver.calls("raise_urgency")] == ["agent", "timer"]
    assert len(driver.calls("escalate_chase")) == 1
    assert "reply" in driver.tasks


@pytest.mark.parametrize("when", [order_driver, accepted, replied])
def test_an_amended_work_order_must_be_accepted_again(when: Callable[[], Driver]) -> None:
    driver = when()
    driver.act("amend", **CHANGE)
    assert set(driver.tasks) == {"accept"}
    assert driver.calls("record_change")[0]["changes"] == {"budget": "300"}
    assert driver.calls("tell_change")[0]["to"] == "holder"
    driver.complete("accept", outcome="accept")
    assert set(driver.tasks) == {"reply"}


def test_cancelling_is_free_before_acceptance() -> None:
    driver = order_driver()
    driver.act("cancel", role="customer", text="not needed")
    assert driver.status == "completed"
    assert driver.calls("tell_customer")[0]["template"] == "work_order_cancelled"
    assert not driver.calls("ask_consent")


def test_cancelling_needs_the_holders_consent_after_acceptance() -> None:
    driver = accepted()
    driver.act("cancel", text="not needed")
    assert set(driver.tasks) == {"consent"}
    assert driver.desk.work_order is not None
    assert driver.desk.work_order["state"] == "cancelling"
    driver.complete("consent", outcome="consent")
    assert driver.status == "completed"
    assert driver.calls("tell_case")[0]["outcome"] == "cancelled"


@pytest.mark.parametrize("when, back", [(accepted, "reply"), (replied, "review")])
def test_without_consent_the_work_goes_on_where_it_stood(when: Callable[[], Driver], back: str) -> None:
    driver = when()
    driver.act("cancel", text="not needed")
    driver.complete("consent", outcome="refuse", reason="almost done")
    assert set(driver.tasks) == {back}
    assert driver.desk.work_order is not None
    assert driver.desk.work_order["state"] == ("replied" if back == "review" else "accepted")


def test_returned_twice_then_accepted() -> None:
    driver = replied()
    for number in (2, 3):
        driver.complete("review", outcome="return", reason="photo missing")
        assert driver.desk.work_order is not None
        assert driver.desk.work_order["round"] == number
        driver.complete("reply", outcome="done", text="now with photo")
    driver.complete("review", outcome="accept")
    assert driver.status == "completed"


def test_after_a_return_a_refused_cancellation_goes_back_to_the_reply() -> None:
    driver = replied()
    driver.complete("review", outcome="return", reason="photo missing")
    driver.act("cancel", text="leave it")
    driver.complete("consent", outcome="refuse", reason="nearly done")
    assert set(driver.tasks) == {"reply"}


def test_the_customer_is_not_told_twice_when_the_case_itself_was_cancelled() -> None:
    driver = order_driver()
    driver.desk.case["status"] = "archived"
    assert driver.hear("cancel", by="customer", text="all off")
    assert driver.status == "completed"
    assert not driver.calls("tell_customer")


def test_no_open_work_order_is_without_a_clock() -> None:
    """Whatever it waits for, some timer runs that puts it on somebody's list."""
    first = order_driver()
    assert "not_accepted_in_time" in first.timers
    first.complete("accept", outcome="decline", reason="no")
    assert "not_dispatched_in_time" in first.timers
    work = accepted()
    assert {"reply_due_soon", "reply_overdue"} <= set(work.timers)
    work.act("cancel", text="stop")
    assert "consent_overdue" in work.timers
    assert "review_overdue" in replied().timers
