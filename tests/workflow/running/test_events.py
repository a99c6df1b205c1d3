"""Events: who hears what, what they interrupt, and what happens when nobody listens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.workflow import running
from tests.support.processes import Drive, MemoryHost, drive, flows

S, E = '<bpmn:startEvent id="s"/>', '<bpmn:endEvent id="e"/>'
NEWS = (
    '<bpmn:message id="m" name="reply"/><bpmn:message id="m2" name="chase"/><bpmn:signal id="g" name="alarm"/>'
    '<bpmn:error id="e1" errorCode="E1"/><bpmn:error id="e2" errorCode="E2"/><bpmn:escalation id="x1" escalationCode="X1"/>'
)
MESSAGE = '<bpmn:messageEventDefinition messageRef="m"/>'
CHASE = '<bpmn:messageEventDefinition messageRef="m2"/>'
SIGNAL = '<bpmn:signalEventDefinition signalRef="g"/>'


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{text}</bpmn:{kind}></bpmn:timerEventDefinition>"


def error(ref: str = "") -> str:
    return f'<bpmn:errorEventDefinition errorRef="{ref}"/>' if ref else "<bpmn:errorEventDefinition/>"


def catch(name: str, definition: str, extra: str = "") -> str:
    return f'<bpmn:intermediateCatchEvent id="{name}"{extra}>{definition}</bpmn:intermediateCatchEvent>'


def throw(name: str, definition: str) -> str:
    return f'<bpmn:intermediateThrowEvent id="{name}">{definition}</bpmn:intermediateThrowEvent>'


def end(name: str, definition: str) -> str:
    return f'<bpmn:endEvent id="{name}">{definition}</bpmn:endEvent>'


def boundary(name: str, host: str, definition: str, *, interrupting: bool = True) -> str:
    cancel = "true" if interrupting else "false"
    return f'<bpmn:boundaryEvent id="{name}" attachedToRef="{host}" cancelActivity="{cancel}">{definition}</bpmn:boundaryEvent>'


def user(*ids: str) -> str:
    return "".join(f'<bpmn:userTask id="{name}"/>' for name in ids)


def event_subprocess(name: str, definition: str, *, interrupting: bool = True) -> str:
    kind = "true" if interrupting else "false"
    return (
        f'<bpmn:subProcess id="{name}" triggeredByEvent="true"><bpmn:startEvent id="{name}_s" isInterrupting="{kind}">{definition}</bpmn:startEvent>'
        f'<bpmn:userTask id="{name}_u"/>'
        f'<bpmn:sequenceFlow id="{name}_f" sourceRef="{name}_s" targetRef="{name}_u"/></bpmn:subProcess>'
    )


def start(body: str, *, host: MemoryHost | None = None, **data: Any) -> Drive:
    return drive(body, around=NEWS, host=host).start(**data)


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


# ---------------------------------------------------------------- errors and escalations


def sub(inner: str) -> str:
    return f'<bpmn:subProcess id="sub"><bpmn:startEvent id="is"/>{inner}</bpmn:subProcess>'


def test_a_matching_code_beats_a_catch_all_and_only_one_fires() -> None:
    inner = sub(end("ie", error("e1")) + flows("i0=is>ie"))
    body = S + inner + boundary("any", "sub", error()) + boundary("one", "sub", error("e1")) + user("a", "b", "n")
    assert start(body + flows("s>sub", "any>a", "one>b", "sub>n")).tasks() == ["b"]
    body = S + inner + boundary("any", "sub", error()) + boundary("two", "sub", error("e2")) + user("a", "b", "n")
    instance = start(body + flows("s>sub", "any>a", "two>b", "sub>n"))
    assert instance.tasks() == ["a"]
    assert instance.load().data()["error"]["code"] == "E1"


def test_an_event_subprocess_inside_catches_before_the_boundary_outside() -> None:
    inner = sub(end("ie", error("e1")) + flows("i0=is>ie") + event_subprocess("esp", error("e1")))
    instance = start(S + inner + boundary("b", "sub", error("e1")) + user("a", "n") + flows("s>sub", "b>a", "sub>n"))
    assert instance.tasks() == ["esp_u"]
    instance.complete("esp_u")
    assert instance.tasks() == ["n"]


def test_an_uncaught_error_end_ends_the_instance_with_its_code() -> None:
    body = S + '<bpmn:parallelGateway id="f"/>' + user("u") + end("bad", error("e2")) + flows("s>f", "f>u", "f>bad")
    opened = start(body).open()
    assert (opened.status, opened.outcome, opened.tasks) == ("completed", "error:E2", ())


def service(name: str = "t") -> str:
    return f'<bpmn:serviceTask id="{name}"><bpmn:extensionElements><ringback:capability name="look"><ringback:input name="who" value="${{person}}"/><ringback:output name="found" variable="result"/></ringback:capability></bpmn:extensionElements></bpmn:serviceTask>'


def refuse(code: str) -> Any:
    def capability(**_inputs: Any) -> Any:
        raise running.BpmnError(code, "no such person")

    return capability


def test_a_capability_is_called_with_inputs_and_its_outputs_are_kept() -> None:
    host = MemoryHost(capabilities={"look": lambda who: {"found": who.upper(), "other": 1}})
    instance = start(S + service() + user("u") + flows("s>t", "t>u"), host=host, person="dana")
    assert host.called == [("look", {"who": "dana"})]
    assert instance.open().tasks[0].data == {"person": "dana", "result": "DANA"}


def test_a_bpmn_error_of_a_capability_is_caught_at_its_boundary_or_becomes_a_fault() -> None:
    body = S + service() + boundary("b", "t", error("e1")) + user("u", "n") + flows("s>t", "b>u", "t>n")
    assert start(body, host=MemoryHost(capabilities={"look": refuse("E1")}), person="x").tasks() == ["u"]
    instance = start(body, host=MemoryHost(capabilities={"look": refuse("E9")}), person="x")
    assert [(fault.element_id, fault.code) for fault in instance.open().faults] == [("t", "uncaught-error")]


def test_a_failing_capability_is_a_fault_to_retry_or_skip_and_an_abort_passes_through() -> None:
    answers: list[Any] = [running.StepFailed("busy", "The line is busy."), KeyError("bug"), {"found": "yes"}]

    def look(who: str) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    instance = start(
        S + service() + user("u") + flows("s>t", "t>u"), host=MemoryHost(capabilities={"look": look}), person="x"
    )
    fault = instance.open().faults[0]
    assert (fault.code, fault.message, instance.open().status) == ("busy", "The line is busy.", "faulted")
    instance.apply(lambda run: run.retry(fault.token))
    assert instance.open().faults[0].code == "internal:KeyError"
    instance.apply(lambda run: run.retry(fault.token))
    assert instance.tasks() == ["u"]
    with pytest.raises(running.UnknownToken):
        instance.load().retry(fault.token)

    def abort(who: str) -> Any:
        raise running.StepAborted("the transaction is gone")

    with pytest.raises(running.StepAborted):
        start(S + service() + flows("s>t"), host=MemoryHost(capabilities={"look": abort}), person="x")


def test_skipping_a_fault_takes_the_operators_data_as_the_result() -> None:
    def look(who: str) -> Any:
        raise running.StepFailed("busy", "busy")

    instance = start(
        S + service() + user("u") + flows("s>t", "t>u"), host=MemoryHost(capabilities={"look": look}), person="x"
    )
    token = instance.open().faults[0].token
    instance.apply(lambda run: run.skip(token, {"result": "by hand"}))
    assert instance.open().tasks[0].data["result"] == "by hand"


def test_an_escalation_goes_on_beside_its_thrower_or_ends_it_or_is_lost() -> None:
    escalate = '<bpmn:escalationEventDefinition escalationRef="x1"/>'
    inner = sub(throw("t", escalate) + user("i") + flows("i0=is>t", "i1=t>i"))
    for interrupting, expected in ((False, ["a", "i"]), (True, ["a"])):
        body = S + inner + boundary("b", "sub", escalate, interrupting=interrupting) + user("a", "n")
        assert start(body + flows("s>sub", "b>a", "sub>n")).tasks() == expected
    assert start(S + inner + user("n") + flows("s>sub", "sub>n")).tasks() == ["i"]


def test_terminate_ends_its_own_scope_only() -> None:
    stop = "<bpmn:terminateEventDefinition/>"
    inner = sub('<bpmn:parallelGateway id="f"/>' + user("i") + end("t", stop) + flows("i0=is>f", "i1=f>i", "i2=f>t"))
    instance = start(S + inner + user("n") + flows("s>sub", "sub>n"))
    assert instance.tasks() == ["n"]
    instance = start(S + '<bpmn:parallelGateway id="f"/>' + user("i") + end("t", stop) + flows("s>f", "f>i", "f>t"))
    assert instance.open().status == "completed"


def test_conditional_events_see_what_other_branches_wrote() -> None:
    hot = "<bpmn:conditionalEventDefinition><bpmn:condition>degrees &gt; 30</bpmn:condition></bpmn:conditionalEventDefinition>"
    body = (
        S
        + '<bpmn:parallelGateway id="f"/>'
        + catch("c", hot)
        + user("u", "v", "after")
        + flows("s>f", "f>c", "f>u", "u>v", "c>after")
    )
    instance = start(body, degrees=20)
    assert instance.tasks() == ["u"]
    instance.complete("u", degrees=31)
    assert instance.tasks() == ["after", "v"]


# ---------------------------------------------------------------- compensation and transactions

UNDO = "<bpmn:compensateEventDefinition/>"


def undoable(name: str) -> str:
    return (
        f'<bpmn:task id="{name}"/>'
        + boundary(f"{name}_b", name, UNDO)
        + f'<bpmn:userTask id="undo_{name}" isForCompensation="true"/>'
        f'<bpmn:association id="{name}_a" sourceRef="{name}_b" targetRef="undo_{name}"/>'
    )


def test_compensation_runs_in_reverse_order_one_after_the_other() -> None:
    body = S + undoable("a") + undoable("b") + throw("t", UNDO) + user("n") + flows("s>a", "a>b", "b>t", "t>n")
    instance = start(body)
    assert instance.tasks() == ["undo_b"]
    instance.complete("undo_b")
    assert instance.tasks() == ["undo_a"]
    instance.complete("undo_a")
    assert instance.tasks() == ["n"]


def test_only_the_named_activity_is_undone_and_only_if_it_happened() -> None:
    named = '<bpmn:compensateEventDefinition activityRef="a"/>'
    body = S + undoable("a") + undoable("b") + throw("t", named) + user("n")
    instance = start(body + flows("s>a", "a>b", "b>t", "t>n"))
    assert instance.tasks() == ["undo_a"]
    assert start(body + flows("s>b", "b>t", "a>n", "t>n")).tasks() == ["n"]


def test_a_cancelled_transaction_is_undone_before_it_leaves() -> None:
    cancel = "<bpmn:cancelEventDefinition/>"
    inner = '<bpmn:startEvent id="is"/>' + undoable("a") + end("c", cancel) + flows("i0=is>a", "i1=a>c")
    body = (
        S
        + f'<bpmn:transaction id="tx">{inner}</bpmn:transaction>'
        + boundary("b", "tx", cancel)
        + user("cancelled", "n")
    )
    instance = start(body + flows("s>tx", "b>cancelled", "tx>n"))
    assert instance.tasks() == ["undo_a"]
    instance.complete("undo_a")
    assert instance.tasks() == ["cancelled"]


# ---------------------------------------------------------------- called processes


def called(inner: str) -> str:
    return f'</bpmn:process><bpmn:process id="other" isExecutable="false">{inner}'


def test_a_called_process_works_on_variables_of_its_own_and_hands_them_back() -> None:
    body = S + '<bpmn:callActivity id="c" calledElement="other"/>' + user("n") + flows("s>c", "c>n")
    body += called(
        '<bpmn:startEvent id="os"/>' + user("ou") + '<bpmn:endEvent id="oe"/>' + flows("o0=os>ou", "o1=ou>oe")
    )
    instance = start(body, given=1)
    instance.complete("ou", made=2)
    assert instance.open().tasks[0].data == {"given": 1, "made": 2}
    assert instance.open().outcome is None


def test_an_error_leaves_a_called_process_and_interrupts_it() -> None:
    body = (
        S
        + '<bpmn:callActivity id="c" calledElement="other"/>'
        + boundary("b", "c", error("e1"))
        + user("n", "caught")
        + flows("s>c", "c>n", "b>caught")
    )
    body += called('<bpmn:startEvent id="os"/>' + end("oe", error("e1")) + flows("o0=os>oe"))
    assert start(body).tasks() == ["caught"]


# ---------------------------------------------------------------- people


def test_who_may_do_a_task_is_settled_when_it_opens() -> None:
    task = (
        '<bpmn:userTask id="u"><bpmn:extensionElements><ringback:assignment candidateTeams="repairs, ${team}" candidateUsers="${holder}"/>'
        '<ringback:form key="handle"/><ringback:due duration="PT4H" calendar="business"/>'
        '<ringback:sla name="reply" target="PT8H" calendar="business"/><ringback:label lang="zh" text="处理"/></bpmn:extensionElements></bpmn:userTask>'
    )
    lanes = '<bpmn:laneSet id="ls"><bpmn:lane id="lane1" name="Back office"><bpmn:flowNodeRef>u</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>'
    host = MemoryHost(given={"case": {"team": "north"}})
    instance = start(lanes + S + task + flows("s>u"), host=host, team="night", holder=["bob", "eve"])
    found = instance.open().tasks[0]
    assert (found.candidate_teams, found.candidate_users, found.form) == (
        ("repairs", "night"),
        ("bob", "eve"),
        "handle",
    )
    assert (found.due, found.lane, found.lane_id) == (("PT4H", "business"), "Back office", "lane1")
    assert (found.sla, dict(found.labels)) == (("reply", "PT8H", "business"), {"zh": "处理"})


def test_the_hosts_names_win_over_variables_of_the_same_name() -> None:
    body = (
        S
        + '<bpmn:exclusiveGateway id="x" default="d"/>'
        + user("vip", "other")
        + flows("s>x", "x>vip?case.priority == 'high'", "d=x>other")
    )
    host = MemoryHost(given={"case": {"priority": "low"}})
    assert start(body, host=host, case={"priority": "high"}).tasks() == ["other"]


def test_scripts_change_variables_but_not_the_case() -> None:
    script = '<bpmn:scriptTask id="t"><bpmn:script>x = 1</bpmn:script></bpmn:scriptTask>'
    host = MemoryHost(
        given={"case": {"id": 1}}, script=lambda _source, data: {**data, "x": data["y"] + 1, "case": "forged"}
    )
    instance = start(S + script + user("u") + flows("s>t", "t>u"), host=host, y=1)
    assert instance.open().tasks[0].data == {"x": 2, "y": 1}


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


class LostConnectionError(Exception):
    """What a host may not survive."""


def test_an_exception_that_is_let_through_ends_the_advance() -> None:
    def lose(who: str) -> Any:
        raise LostConnectionError

    body = S + service() + flows("s>t")
    host = MemoryHost(capabilities={"look": lose})
    assert start(body, host=host, person="x").open().faults[0].code == "internal:LostConnectionError"
    running.let_through(LostConnectionError)
    with pytest.raises(LostConnectionError):
        start(body, host=host, person="x")
