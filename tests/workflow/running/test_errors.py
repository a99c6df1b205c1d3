"""Errors, escalations, compensation, called processes, and what people see of them."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow import running
from tests.support.diagrams import S, boundary, catch, end, error, event_subprocess, start, throw, user
from tests.support.processes import MemoryHost, flows

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
