"""Ways through the shipped processes: together they take every flow, reach every end and let every timer fire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from lxml import etree

from tests.processes.driving import CALENDAR, ROOT, Driver, case_driver, order_driver

HOUR = timedelta(hours=1)
Tour = Callable[[], Driver]
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


# ------------------------------------------------------------------ the case


def answered_and_confirmed_by_silence() -> Driver:
    driver = case_driver()
    assert driver.calls("acknowledge")[0]["template"] == "acknowledge"
    driver.complete("handle", outcome="resolve", answer="Turn it off and on again.")
    assert driver.desk.case["status"] == "resolved"
    driver.wait_for("confirm_over")
    assert driver.desk.case["status"] == "archived"
    driver.wait_for("reopen_over")
    assert (driver.status, driver.open.outcome) == ("completed", "closed")
    return driver


def objected_then_reopened_by_mail() -> Driver:
    driver = case_driver()
    driver.complete("handle", outcome="resolve", answer="So.")
    driver.hear("customer_message", text="That does not help")
    driver.complete("handle", outcome="resolve", answer="Then so.")
    driver.wait_for("confirm_over")
    driver.hear("customer_message", text="It is back")
    assert driver.desk.case["status"] == "open"
    assert "handle" in driver.tasks
    return driver


def asked_reminded_and_given_up() -> Driver:
    driver = case_driver(auto="list")
    driver.complete("handle", outcome="ask", question="Which boiler?")
    assert driver.desk.case["status"] == "waiting"
    driver.wait_for("remind_due")
    assert len(driver.calls("remind")) == 1
    driver.wait_for("no_answer_in_time")
    assert len(driver.calls("say_closing")) == 1
    driver.wait_for("reopen_over")
    assert driver.status == "completed"
    return driver


def asked_and_answered() -> Driver:
    driver = case_driver()
    driver.complete("handle", outcome="ask", question="Which boiler?")
    driver.hear("customer_message", text="The old one")
    assert driver.desk.case["status"] == "open"
    driver.hear("customer_message", text="In the cellar")
    return driver


def dispatched_both_ways() -> Driver:
    driver = case_driver()
    driver.complete("handle", outcome="dispatch", title="Look", team="repairs", urgency="high")
    driver.act("dispatch", title="Look again", team="repairs")
    driver.complete("handle", outcome="resolve", answer="Done")
    driver.desk.case["open_work_orders"] = 0
    driver.hear("work_order_ended", number="WO-1", outcome="done", summary="WO-1: done")
    return driver


def replied_chased_and_amended() -> Driver:
    driver = case_driver()
    driver.act("reply", text="We look at it.")
    driver.hear("reply", by="agent", id=7, text="From the composer.")
    driver.act("chase", role="customer", text="When?")
    driver.act("amend", role="customer", changes={"phone": "123"}, text="new number")
    driver.wait_for("first_response_due")
    return driver


def nobody_answers_or_resolves() -> Driver:
    driver = case_driver()
    driver.wait_for("first_response_due")
    assert driver.calls("escalate_first")[0]["level"] == "1"
    driver.wait_for("resolution_due")
    assert driver.calls("escalate_resolution")[0]["level"] == "2"
    return driver


def resolution_falls_due_while_the_customer_is_asked() -> Driver:
    driver = case_driver()
    driver.wait_for("first_response_due")
    driver.complete("handle", outcome="ask", question="Which?")
    driver.wait_for("resolution_due")
    assert not driver.calls("escalate_resolution")
    return driver


def cancelled_by_the_customer() -> Driver:
    driver = case_driver()
    driver.act("cancel", role="customer", text="never mind")
    driver.wait_for("reopen_over")
    assert driver.open.outcome == "closed"
    return driver


def under_way() -> Driver:
    driver = case_driver()
    driver.complete("handle", outcome="dispatch", title="Look", team="repairs")
    driver.act("dispatch", title="Look again", team="repairs")
    driver.desk.case["accepted_work_orders"] = 2
    driver.act("cancel", role="customer", text="never mind")
    assert driver.calls("ask_holders") == [{"message": "cancel", "by": "customer", "text": "never mind"}]
    assert driver.desk.case["status"] == "dispatched"
    return driver


def cancelled_when_all_holders_agree() -> Driver:
    driver = under_way()
    driver.hear("customer_message", text="Have you stopped?")
    assert driver.calls("show_message")
    driver.desk.case["open_work_orders"] = 1
    driver.hear("work_order_ended", number="WO-1", outcome="cancelled", summary="WO-1: cancelled")
    assert not driver.calls("mark_cancelled")
    driver.desk.case["open_work_orders"] = 0
    driver.hear("work_order_ended", number="WO-2", outcome="cancelled", summary="WO-2: cancelled")
    assert driver.calls("mark_cancelled")[0]["reason"] == "never mind"
    assert driver.desk.case["status"] == "archived"
    return driver


def goes_on_when_a_holder_refuses() -> Driver:
    driver = under_way()
    driver.hear("cancel_refused", number="WO-1", text="almost done")
    assert driver.calls("carry_on")[0]["reason"] == "almost done"
    assert "handle" in driver.tasks
    assert "cancel" in driver.verbs
    return driver


def archived_while_holders_are_asked() -> Driver:
    driver = under_way()
    assert driver.verbs == {"archive"}
    driver.act("archive", text="decided above")
    assert driver.desk.case["status"] == "archived"
    return driver


def archived_by_hand_and_reopened_by_hand() -> Driver:
    driver = case_driver()
    driver.act("archive", text="spam")
    driver.act("reopen", text="it was not")
    assert "handle" in driver.tasks
    return driver


def made_urgent_while_the_clocks_run() -> Driver:
    driver = case_driver()
    begun = driver.desk.clock
    driver.desk.clock += HOUR / 4
    driver.desk.case["priority"] = "urgent"
    assert driver.hear("priority_changed", priority="urgent")
    assert driver.timers["first_response_due"].due_at == CALENDAR.add_business_time(begun, HOUR / 2)
    assert driver.timers["resolution_due"].due_at == CALENDAR.add_business_time(begun, 4 * HOUR)
    assert driver.tasks["handle"].due == ("PT4H", "business")
    driver.wait_for("first_response_due")
    return driver


CASE_TOURS: Sequence[Tour] = (
    answered_and_confirmed_by_silence, objected_then_reopened_by_mail, asked_reminded_and_given_up, asked_and_answered,
    dispatched_both_ways, replied_chased_and_amended, nobody_answers_or_resolves,
    resolution_falls_due_while_the_customer_is_asked, cancelled_by_the_customer, archived_by_hand_and_reopened_by_hand,
    made_urgent_while_the_clocks_run, cancelled_when_all_holders_agree, goes_on_when_a_holder_refuses,
    archived_while_holders_are_asked,
)  # fmt: skip


# ------------------------------------------------------------------ the work order


def accepted() -> Driver:
    driver = order_driver()
    driver.complete("accept", outcome="accept")
    return driver


def replied() -> Driver:
    driver = accepted()
    driver.complete("reply", outcome="done", text="Electrode replaced")
    return driver


def straight() -> Driver:
    driver = replied()
    driver.complete("review", outcome="accept")
    assert driver.open.outcome == "archived"
    return driver


def late_at_every_step() -> Driver:
    driver = order_driver()
    driver.wait_for("not_accepted_in_time")
    assert driver.calls("escalate_acceptance")
    driver.complete("accept", outcome="decline", reason="no crew")
    driver.wait_for("not_dispatched_in_time")
    assert driver.calls("escalate_dispatch")
    driver.complete("redispatch", outcome="again", team="north", holder="bob")
    assert driver.desk.work_order is not None
    assert (driver.desk.work_order["team"], driver.desk.work_order["holder"]) == ("north", "bob")
    driver.complete("accept", outcome="accept")
    driver.wait_for("reply_due_soon")
    assert driver.calls("raise_urgency")[0]["by"] == "timer"
    driver.wait_for("reply_overdue")
    assert driver.calls("escalate_reply")[0]["level"] == "2"
    driver.complete("reply", outcome="partly", text="half")
    driver.wait_for("review_overdue")
    assert driver.calls("escalate_review")
    driver.complete("review", outcome="return", reason="other half")
    driver.complete("reply", outcome="done", text="all")
    driver.act("cancel", text="too late")
    driver.wait_for("consent_overdue")
    assert driver.calls("escalate_consent")
    driver.complete("consent", outcome="refuse", reason="done already")
    driver.complete("review", outcome="accept")
    assert driver.status == "completed"
    return driver


def declined_and_withdrawn() -> Driver:
    driver = order_driver()
    driver.complete("accept", outcome="decline", reason="not ours")
    driver.complete("redispatch", outcome="withdraw")
    assert driver.status == "completed"
    assert driver.calls("tell_case")[0]["outcome"] == "cancelled"
    return driver


def declined_then_cancelled_by_the_customer() -> Driver:
    driver = order_driver()
    driver.complete("accept", outcome="decline", reason="not ours")
    driver.act("cancel", role="customer", text="leave it")
    assert driver.status == "completed"
    return driver


def cancelled_before_acceptance_with_its_case() -> Driver:
    driver = order_driver(case={"status": "archived"})
    driver.act("cancel", text="all off")
    assert driver.status == "completed"
    return driver


def amended_before_and_after_acceptance_then_cancelled() -> Driver:
    driver = order_driver()
    driver.act("amend", changes={"budget": "300"}, text="dearer")
    driver.complete("accept", outcome="accept")
    driver.act("amend", changes={"budget": "400"}, text="dearer still")
    driver.complete("accept", outcome="accept")
    driver.act("cancel", text="too dear")
    driver.complete("consent", outcome="consent")
    assert driver.status == "completed"
    return driver


def chased_twice() -> Driver:
    driver = accepted()
    driver.act("chase", role="customer", text="When?")
    driver.act("chase", text="When at last?")
    assert len(driver.calls("escalate_chase")) == 1
    return driver


def its_case_becomes_urgent_while_it_is_worked_on() -> Driver:
    driver = accepted()
    begun = driver.desk.clock
    driver.desk.clock += HOUR / 2
    driver.desk.case["priority"] = "urgent"
    assert driver.hear("priority_changed", priority="urgent")
    assert driver.timers["reply_due_soon"].due_at == CALENDAR.add_business_time(begun, 2 * HOUR)
    assert driver.timers["reply_overdue"].due_at == CALENDAR.add_business_time(begun, 3 * HOUR)
    assert driver.calls("move_limits") == [{"due_within": "PT3H"}]
    driver.wait_for("reply_due_soon")
    return driver


ORDER_TOURS: Sequence[Tour] = (
    straight, late_at_every_step, declined_and_withdrawn, declined_then_cancelled_by_the_customer,
    cancelled_before_acceptance_with_its_case, amended_before_and_after_acceptance_then_cancelled, chased_twice,
    its_case_becomes_urgent_while_it_is_worked_on,
)  # fmt: skip


# ------------------------------------------------------------------ coverage


def _ids(path: Path, *kinds: str) -> set[str]:
    return {str(node.get("id")) for node in etree.parse(path).iter(*(BPMN + kind for kind in kinds))}


ELEMENTS = (
    "startEvent", "endEvent", "boundaryEvent", "userTask", "serviceTask", "businessRuleTask", "receiveTask",
    "exclusiveGateway", "subProcess",
)  # fmt: skip


def assert_every_path_is_toured(process: str, tours: Sequence[Tour]) -> None:
    """Fails with the elements and flows that no tour passes."""
    elements: set[str] = set()
    flows: set[str] = set()
    for tour in tours:
        driver = tour()
        elements |= set(driver.visited)
        flows |= driver.flows
    path = ROOT / process / "process.bpmn"
    assert not _ids(path, *ELEMENTS) - elements
    assert not _ids(path, "sequenceFlow") - flows
