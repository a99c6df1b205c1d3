"""Events: who hears what, what they interrupt, and what happens when nobody listens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.workflow import running
from tests.support.diagrams import (
    CHASE,
    MESSAGE,
    NEWS,
    SIGNAL,
    E,
    S,
    boundary,
    catch,
    end,
    event_subprocess,
    start,
    throw,
    timer,
    user,
)
from tests.support.processes import Drive, MemoryHost, drive, flows

# ---------------------------------------------------------------- messages and signals


def test_a_message_reaches_one_waiting_event_and_brings_its_payload() -> None:
    instance = start(S + catch("c", MESSAGE) + user("u") + flows("s>c", "c>u"))
    assert [(sub.message, sub.kind) for sub in instance.open().subscriptions] == [("reply", "message")]
    assert not instance.message("chase")
    assert instance.message("reply", text="done")
    assert instance.open().tasks[0].data == {"text": "done"}
    assert not instance.message("reply")


def test_a_message_goes_to_one_of_two_and_a_token_says_which() -> None:
    body = S + '<bpmn:parallelGateway id="f"/>' + catch("a", MESSAGE) + catch("b", MESSAGE) + user("ua", "ub")
    pairs = flows("s>f", "f>a", "f>b", "a>ua", "b>ub")
    instance = start(body + pairs)
    assert instance.message("reply")
    assert instance.tasks() == ["ua"]
    instance = start(body + pairs)
    token = next(sub.token for sub in instance.open().subscriptions if sub.element_id == "b")
    assert instance.apply(lambda run: run.deliver_message("reply", {}, token=token))
    assert instance.tasks() == ["ub"]
    instance = start(body + pairs)
    assert instance.apply(lambda run: run.deliver_message("reply", {}, element_id="b"))
    assert instance.tasks() == ["ub"]


def test_a_signal_reaches_everyone_who_listens() -> None:
    body = S + '<bpmn:parallelGateway id="f"/>' + catch("a", SIGNAL) + catch("b", SIGNAL) + user("ua", "ub")
    instance = start(body + flows("s>f", "f>a", "f>b", "a>ua", "b>ub"))
    assert instance.apply(lambda run: run.deliver_signal("alarm", {"level": 2}))
    assert instance.tasks() == ["ua", "ub"]
    assert not instance.apply(lambda run: run.deliver_signal("alarm", {}))


def test_a_signal_thrown_beside_a_listener_is_not_missed_and_leaves_the_instance() -> None:
    body = S + '<bpmn:parallelGateway id="f"/>' + throw("t", SIGNAL) + catch("c", SIGNAL) + user("u") + E
    instance = start(body + flows("s>f", "f>t", "f>c", "t>e", "c>u"))
    assert instance.tasks() == ["u"]
    assert instance.host.signals == [("alarm", {})]


def test_messages_leave_through_throw_and_end_events_and_send_tasks() -> None:
    body = (
        S
        + throw("t", MESSAGE)
        + '<bpmn:sendTask id="d" messageRef="m2"/>'
        + end("n", MESSAGE)
        + flows("s>t", "t>d", "d>n")
    )
    instance = start(body, answer=42)
    assert instance.host.messages == [(name, {"answer": 42}) for name in ("reply", "chase", "reply")]
    assert instance.open().outcome == "n"


def test_messages_start_processes_and_receive_tasks_too() -> None:
    body = f'<bpmn:startEvent id="s">{MESSAGE}</bpmn:startEvent>' + user("u") + flows("s>u")
    instance = drive(body, around=NEWS)
    assert instance.imported.processes[0].starts[0].name == "reply"
    assert instance.start(message="reply", a=1).tasks() == ["u"]
    with pytest.raises(running.UnknownProcess):
        drive(body, around=NEWS).start()
    with pytest.raises(running.UnknownProcess):
        drive(body, around=NEWS).start(message="other")
    body = '<bpmn:receiveTask id="r" messageRef="m" instantiate="true"/>' + user("u") + flows("r>u")
    assert drive(body, around=NEWS).start(message="reply").tasks() == ["u"]
    body = (
        '<bpmn:eventBasedGateway id="g1" instantiate="true"/>'
        + catch("a", MESSAGE)
        + catch("b", CHASE)
        + user("ua", "ub")
    )
    assert drive(body + flows("g1>a", "g1>b", "a>ua", "b>ub"), around=NEWS).start(message="chase").tasks() == ["ub"]


def test_an_action_on_a_message_becomes_part_of_the_subscription() -> None:
    action = '<bpmn:extensionElements><ringback:action verb="chase" roles="agent,customer" form="chase"/></bpmn:extensionElements>'
    instance = start(
        S + user("u") + boundary("b", "u", action + CHASE, interrupting=False) + user("n") + flows("s>u", "b>n")
    )
    found = instance.open().subscriptions[0]
    assert found.action is not None
    assert (found.action.verb, found.action.roles, found.action.label_zh, found.interrupting) == (
        "chase",
        ("agent", "customer"),
        "追单",
        False,
    )


# ---------------------------------------------------------------- boundaries


def test_an_interrupting_boundary_ends_the_activity_with_all_inside() -> None:
    inner = f'<bpmn:subProcess id="sub"><bpmn:startEvent id="is"/>{user("i1", "i2")}{flows("is>i1")}</bpmn:subProcess>'.replace(
        "flow0", "inner0"
    )
    instance = start(
        S + inner + boundary("b", "sub", MESSAGE) + user("after", "normal") + flows("s>sub", "sub>normal", "b>after")
    )
    assert instance.tasks() == ["i1"]
    assert instance.message("reply")
    assert instance.tasks() == ["after"]
    assert instance.open().subscriptions == ()


def test_a_non_interrupting_boundary_fires_each_time() -> None:
    instance = start(
        S + user("u", "n") + boundary("b", "u", CHASE, interrupting=False) + E + flows("s>u", "b>n", "u>e")
    )
    assert instance.message("chase")
    assert instance.message("chase")
    assert instance.tasks() == ["n", "n", "u"]
    instance.complete("u")
    assert not instance.message("chase")
    assert instance.open().status == "waiting"


def test_boundary_timers_start_with_the_activity_and_end_with_it() -> None:
    body = S + user("u", "late", "v") + boundary("b", "u", timer("PT4H")) + flows("s>u", "b>late", "u>v")
    instance = start(body)
    due = instance.open().timers[0]
    assert (due.due_at, due.interrupting, due.cycle_left) == (datetime(2026, 1, 5, 13, 0, tzinfo=UTC), True, 1)
    assert instance.pass_time(hours=3, minutes=59) == 0
    assert instance.pass_time(minutes=1) == 1
    assert instance.tasks() == ["late"]
    instance = start(body)
    instance.complete("u")
    assert instance.open().timers == ()
    assert instance.pass_time(days=1) == 0


def test_a_cycle_fires_so_often_without_drifting_and_catches_up_one_at_a_time() -> None:
    instance = start(
        S + user("u", "n") + boundary("b", "u", timer("R3/PT1H", "timeCycle"), interrupting=False) + flows("s>u", "b>n")
    )
    assert instance.pass_time(minutes=90) == 1
    assert instance.open().timers[0].due_at == datetime(2026, 1, 5, 11, 0, tzinfo=UTC)
    assert instance.open().timers[0].cycle_left == 2
    instance.pass_time(days=1)
    while instance.pass_time():
        pass
    assert instance.tasks() == ["n", "n", "n", "u"]
    assert instance.open().timers == ()


def test_business_time_is_counted_by_the_host() -> None:
    calendar = '<bpmn:extensionElements><ringback:timer calendar="business"/></bpmn:extensionElements>'
    instance = start(S + catch("c", calendar + timer("PT2H")) + user("u") + flows("s>c", "c>u"))
    assert instance.open().timers[0].due_at == instance.host.clock + timedelta(hours=6)


@pytest.mark.parametrize("text", ["${span}", "=span", "span", "#{span}", "duration('PT2H')"])
def test_timer_texts_may_be_expressions(text: str) -> None:
    instance = start(S + catch("c", timer(text)) + E + flows("s>c", "c>e"), span="PT2H")
    assert instance.open().timers[0].due_at == instance.host.clock + timedelta(hours=2)


def test_dates_and_months() -> None:
    instance = start(S + catch("c", timer("2026-02-01T08:00:00+08:00", "timeDate")) + E + flows("s>c", "c>e"))
    assert instance.open().timers[0].due_at == datetime(2026, 2, 1, 0, 0, tzinfo=UTC)
    instance = start(S + catch("c", timer("P1M")) + E + flows("s>c", "c>e"))
    assert instance.open().timers[0].due_at == datetime(2026, 2, 5, 9, 0, tzinfo=UTC)


def test_a_timer_whose_expression_is_no_time_is_a_fault_that_can_be_retried() -> None:
    instance = start(S + catch("c", timer("${span}")) + user("u") + flows("s>c", "c>u"), span="soon")
    fault = instance.open().faults[0]
    assert fault.code == "expression"
    instance.apply(lambda run: run.skip(fault.token, {}))
    assert instance.tasks() == ["u"]


def test_an_operator_fires_a_timer_early() -> None:
    instance = start(S + catch("c", timer("P1Y")) + user("u") + flows("s>c", "c>u"))
    token = instance.open().timers[0].token
    assert instance.apply(lambda run: run.fire_timer(token))
    assert instance.tasks() == ["u"]
    assert not instance.apply(lambda run: run.fire_timer(token))


# ---------------------------------------------------------------- event gateways


def test_the_first_event_behind_a_gateway_wins() -> None:
    body = (
        S
        + '<bpmn:eventBasedGateway id="g1"/>'
        + catch("m1", MESSAGE)
        + catch("t1", timer("PT1S"))
        + catch("t2", timer("PT1H"))
        + user("a", "b", "c")
    )
    pairs = flows("s>g1", "g1>m1", "g1>t2", "g1>t1", "m1>a", "t1>b", "t2>c")
    instance = start(body + pairs)
    assert sorted(t.due_at - instance.host.clock for t in instance.open().timers) == [
        timedelta(seconds=1),
        timedelta(hours=1),
    ]
    assert instance.message("reply")
    assert instance.tasks() == ["a"]
    assert instance.open().timers == ()
    instance = start(body + pairs)
    assert instance.pass_time(seconds=2) == 1
    assert instance.tasks() == ["b"]
    assert not instance.message("reply")


# ---------------------------------------------------------------- event sub-processes


@pytest.mark.parametrize("definition, stimulus", [
    (MESSAGE, lambda i: i.message("reply")),
    (SIGNAL, lambda i: i.apply(lambda run: run.deliver_signal("alarm", {}))),
    (timer("PT1H"), lambda i: i.pass_time(hours=1)),
    ("<bpmn:conditionalEventDefinition><bpmn:condition>hot</bpmn:condition></bpmn:conditionalEventDefinition>", lambda i: i.complete("w", hot=True)),
])  # fmt: skip
@pytest.mark.parametrize("embedded", [False, True])
@pytest.mark.parametrize("interrupting", [False, True])
def test_event_subprocesses(definition: str, stimulus: Any, embedded: bool, interrupting: bool) -> None:
    inner = (
        '<bpmn:startEvent id="is"/><bpmn:parallelGateway id="f"/>'
        + user("u", "w")
        + flows("i0=is>f", "i1=f>u", "i2=f>w")
        + event_subprocess("esp", definition, interrupting=interrupting)
    )
    if embedded:
        body = S + f'<bpmn:subProcess id="sub">{inner}</bpmn:subProcess>' + user("after") + flows("s>sub", "sub>after")
    else:
        body = inner
    instance = start(body, hot=False)
    stimulus(instance)
    others = instance.tasks()
    others.remove("esp_u")
    assert others == ([] if interrupting else [name for name in ("u", "w") if name in others])
    for task in instance.tasks():
        instance.complete(task)
    if embedded:
        assert instance.tasks() == ["after"]
    else:
        opened = instance.open()
        assert (opened.status, opened.timers, opened.subscriptions) == ("completed", (), ())


def test_a_non_interrupting_event_subprocess_runs_several_times_at_once_and_the_definition_stays_clean() -> None:
    body = S + user("u") + E + flows("s>u", "u>e") + event_subprocess("esp", CHASE, interrupting=False)
    instance = start(body)
    assert instance.message("chase")
    assert instance.message("chase")
    assert instance.tasks() == ["esp_u", "esp_u", "u"]
    other = Drive(instance.imported, MemoryHost()).start()
    assert other.tasks() == ["u"]
    other.complete("u")
    assert other.open().status == "completed"


def test_an_event_with_the_same_signal_twice_is_heard_once() -> None:
    instance = start(S + catch("c", SIGNAL + SIGNAL) + user("u") + flows("s>c", "c>u"))
    assert instance.apply(lambda run: run.deliver_signal("alarm", {}))
    assert instance.tasks() == ["u"]


SEVERAL = S + catch("c", MESSAGE + CHASE + timer("PT1H") + timer("PT2H")) + user("u") + flows("s>c", "c>u")


def test_each_wait_of_an_event_with_several_has_a_name_of_its_own() -> None:
    opened = start(SEVERAL).open()
    names = [*(sub.token for sub in opened.subscriptions), *(due.token for due in opened.timers)]
    assert len(set(names)) == 4


@pytest.mark.parametrize("number", range(2))
def test_any_one_of_several_is_enough(number: int) -> None:
    instance = start(SEVERAL)
    wanted = instance.open().subscriptions[number]
    assert instance.apply(lambda run: run.deliver_message(wanted.message, {}, token=wanted.token))
    assert (instance.tasks(), instance.open().subscriptions, instance.open().timers) == (["u"], (), ())
    instance = start(SEVERAL)
    token = instance.open().timers[number].token
    assert instance.apply(lambda run: run.fire_timer(token))
    assert (instance.tasks(), instance.open().subscriptions, instance.open().timers) == (["u"], (), ())
