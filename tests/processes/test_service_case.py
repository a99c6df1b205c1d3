"""The shipped case process, driven to every end and through every time limit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.processes.driving import CALENDAR, FRIDAY_FIVE, Driver, case_driver, shipped
from tests.processes.tours import CASE_TOURS, assert_every_path_is_toured

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("tour", CASE_TOURS, ids=lambda tour: tour.__name__)
def test_tour(tour: Callable[[], Driver]) -> None:
    driver = tour()
    assert not driver.open.faults, driver.open.faults


def test_every_element_and_every_flow_is_on_some_tour() -> None:
    assert_every_path_is_toured("service_case", CASE_TOURS)


def test_it_is_imported_without_a_finding() -> None:
    assert shipped("service_case").findings == ()


@pytest.mark.parametrize(
    "subject, text, fields, expected",
    [
        ("Help", "I smell gas in the cellar", {}, ("emergency", "urgent", "service")),
        ("紧急", "厨房燃气泄漏", {}, ("emergency", "urgent", "service")),
        ("I want to COMPLAIN", "", {}, ("complaint", "high", "service")),
        ("Boiler", "It is not working since Monday", {}, ("fault", "high", "service")),
        ("热水器坏了", "没有热水", {}, ("fault", "high", "service")),
        ("Please cancel my order", "", {}, ("cancellation", "normal", "service")),
        ("Invoice 4711", "I was overcharged", {}, ("billing", "normal", "billing")),
        ("发票", "请开发票", {}, ("billing", "normal", "billing")),
        ("Hello", "see attached", {"mailbox": "invoices@example.org"}, ("billing", "normal", "billing")),
        ("Appointment on Friday?", "", {}, ("appointment", "normal", "service")),
        ("Hello", "anybody there?", {"channel": "chat"}, ("question", "high", "service")),
        ("Hello", "how are you", {"queue": "vip"}, ("question", "normal", "vip")),
        ("", "", {}, ("question", "normal", "service")),
    ],
)
def test_triage_reads_words_channel_and_mailbox(subject, text, fields, expected) -> None:
    driver = case_driver(subject=subject, text=text, **fields)
    assert (driver.desk.case["type"], driver.desk.case["priority"], driver.desk.case["queue"]) == expected


@pytest.mark.parametrize(
    "fields, first_response",
    [
        ({"text": "gas leak"}, 0.5),
        ({"text": "broken"}, 2),
        ({"text": "broken", "tier": "gold"}, 1),
        ({}, 4),
        ({"tier": "vip"}, 2),
    ],
)
def test_limits_follow_priority_and_tier_in_business_time(fields, first_response) -> None:
    driver = case_driver(**fields)
    due = driver.timers["first_response_due"].due_at
    assert due == CALENDAR.add_business_time(FRIDAY_FIVE, first_response * HOUR)


def test_an_automatic_mail_is_not_acknowledged() -> None:
    driver = case_driver(auto="auto-reply")
    assert not driver.calls("acknowledge")
    assert "handle" in driver.tasks


def test_only_the_verbs_that_make_sense_are_offered() -> None:
    driver = case_driver()
    assert driver.verbs == {"reply", "dispatch", "chase", "amend", "cancel", "archive"}
    driver.act("archive", text="spam")
    assert driver.verbs == {"reopen"}
    driver.wait_for("reopen_over")
    assert driver.verbs == set()


def test_the_task_is_for_the_team_of_the_queue_with_its_form_and_limit() -> None:
    task = case_driver(queue="vip").tasks["handle"]
    assert task.candidate_teams == ("vip",)
    assert task.form == "handle"
    assert task.due == ("PT36H", "business")


def test_what_hangs_on_an_open_case_can_happen_again_and_again() -> None:
    driver = case_driver()
    for _ in range(3):
        driver.act("chase", role="customer", text="When?")
        driver.act("dispatch", title="Look at it", team="repairs")
        assert driver.hear("customer_message", text="And another thing")
    assert [inputs["by"] for inputs in driver.calls("chase_orders")] == ["customer"] * 3
    assert len(driver.calls("open_order_aside")) == 3
    assert len(driver.calls("raise_attention")) == 3
    assert set(driver.tasks) == {"handle"}


def test_a_customer_message_is_heard_in_every_state_until_the_end() -> None:
    driver = case_driver()
    assert driver.hear("customer_message", text="one")
    driver.complete("handle", outcome="ask", question="Which one?")
    assert driver.hear("customer_message", text="two")
    driver.complete("handle", outcome="resolve", answer="So.")
    assert driver.hear("customer_message", text="three")
    driver.act("cancel", role="customer", text="never mind")
    assert driver.hear("customer_message", text="four")
    assert driver.status == "waiting"
    assert "handle" in driver.tasks


def test_a_case_with_open_work_orders_is_not_resolved() -> None:
    driver = case_driver()
    driver.complete("handle", outcome="dispatch", title="Mend it", team="repairs")
    driver.complete("handle", outcome="resolve", answer="Done")
    assert driver.calls("say_orders_open")
    assert not driver.calls("answer")
    driver.desk.case["open_work_orders"] = 0
    driver.hear("work_order_ended", number="WO-1", outcome="done", summary="WO-1: done")
    driver.complete("handle", outcome="resolve", answer="Done")
    assert driver.calls("answer")[0]["text"] == "Done"


def test_cancel_tells_work_orders_and_customer_and_archives() -> None:
    driver = case_driver()
    driver.complete("handle", outcome="dispatch", title="Mend it", team="repairs")
    driver.act("cancel", role="customer", text="Solved itself")
    assert driver.calls("withdraw_orders") == [{"message": "cancel", "by": "customer", "text": "Solved itself"}]
    assert driver.calls("say_cancelled")
    assert driver.desk.case["status"] == "archived"


def test_an_answered_case_is_not_escalated() -> None:
    driver = case_driver()
    driver.act("reply", text="We look at it.")
    assert driver.calls("send_reply")[0]["text"] == "We look at it."
    driver.wait_for("first_response_due")
    assert not driver.calls("escalate_first")


def test_a_reply_that_the_composer_has_sent_is_not_sent_again() -> None:
    driver = case_driver()
    assert driver.hear("reply", by="agent", id=7, text="We look at it.")
    assert not driver.calls("send_reply")
    assert driver.desk.case["first_reply_at"]


def test_a_second_message_does_not_push_the_first_response_back() -> None:
    driver = case_driver()
    driver.hear("customer_message", text="Hello?")
    assert driver.calls("raise_attention")[0]["due_within"] is None
    driver.act("reply", text="Yes")
    driver.hear("customer_message", text="Well?")
    assert driver.calls("raise_attention")[1]["due_within"] == "PT4H"


def test_a_step_that_fails_waits_for_an_operator_and_loses_nothing() -> None:
    driver = case_driver()
    driver.desk.broken = "answer"
    driver.complete("handle", outcome="resolve", answer="So.")
    assert [fault.element_id for fault in driver.open.faults] == ["answer"]
    assert driver.verbs >= {"archive", "cancel", "chase"}


def test_two_hundred_rounds_leave_the_state_small() -> None:
    driver = case_driver()
    for _ in range(200):
        driver.complete("handle", outcome="resolve", answer="So.")
        assert driver.hear("customer_message", text="No!")
    first = len(driver.state)
    assert set(driver.tasks) == {"handle"}
    assert first < 4096
