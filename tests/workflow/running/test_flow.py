"""Tokens along flows: choices, joins, loops, data; a process is saved and loaded around every stimulus."""

from __future__ import annotations

import pytest

from app.workflow import running
from tests.support.processes import Drive, MemoryHost, drive, flows, model

S, E = '<bpmn:startEvent id="s"/>', '<bpmn:endEvent id="e"/>'


def user(*ids: str) -> str:
    return "".join(f'<bpmn:userTask id="{name}" name="{name.title()}"/>' for name in ids)


def gateway(kind: str, *ids: str, default: str = "") -> str:
    extra = f' default="{default}"' if default else ""
    return "".join(f'<bpmn:{kind}Gateway id="{name}"{extra}/>' for name in ids)


def test_a_token_waits_at_each_user_task() -> None:
    instance = drive(S + user("a", "b") + E + flows("s>a", "a>b", "b>e")).start()
    assert instance.tasks() == ["a"]
    instance.complete("a", x=1)
    assert instance.tasks() == ["b"]
    instance.complete("b")
    opened = instance.open()
    assert (opened.status, opened.outcome, opened.tasks) == ("completed", "e", ())
    assert instance.load().data() == {"x": 1}


def test_a_task_is_completed_once() -> None:
    instance = drive(S + user("a", "b") + E + flows("s>a", "a>b", "b>e")).start()
    token = instance.open().tasks[0].token
    instance.complete("a")
    with pytest.raises(running.UnknownToken):
        instance.load().complete_task(token, {})


@pytest.mark.parametrize("amount, expected", [(5, ["small"]), (50, ["large"]), (500, ["huge"])])
def test_exclusive_choice_takes_the_first_that_holds(amount: int, expected: list[str]) -> None:
    body = S + gateway("exclusive", "x", default="d") + user("small", "large", "huge")
    instance = drive(body + flows("s>x", "x>small?amount < 10", "x>large?amount < 100", "d=x>huge")).start(
        amount=amount
    )
    assert instance.tasks() == expected


def test_no_way_out_of_a_choice_is_a_fault_that_can_be_retried_after_a_change() -> None:
    body = S + gateway("exclusive", "x") + user("a", "b")
    instance = drive(body + flows("s>x", "x>a?amount == 1", "x>b?amount == 2")).start(amount=3)
    fault = instance.open().faults[0]
    assert (fault.element_id, fault.code, instance.open().status) == ("x", "no-flow", "faulted")
    instance.apply(lambda run: run.retry(fault.token))
    assert instance.open().faults[0].code == "no-flow"
    instance.apply(lambda run: run.skip(fault.token, {"amount": 2}))
    assert instance.tasks() == ["b"]
    assert instance.open().status == "waiting"


def test_an_unknown_name_in_a_condition_is_a_fault() -> None:
    body = S + gateway("exclusive", "x", default="d") + user("a", "b")
    instance = drive(body + flows("s>x", "x>a?nowhere == 1", "d=x>b")).start()
    assert instance.open().faults[0].code == "expression"


def test_parallel_branches_join() -> None:
    body = S + gateway("parallel", "f", "j") + user("a", "b", "c") + E
    instance = drive(body + flows("s>f", "f>a", "f>b", "a>j", "b>j", "j>c", "c>e")).start()
    assert instance.tasks() == ["a", "b"]
    instance.complete("b", b=1)
    assert instance.tasks() == ["a"]
    instance.complete("a", a=1)
    assert instance.tasks() == ["c"]
    assert instance.open().tasks[0].data == {"a": 1, "b": 1}


def test_lists_written_on_one_branch_survive_the_join() -> None:
    body = S + gateway("parallel", "f", "j") + user("a", "b", "c") + E
    instance = drive(body + flows("s>f", "f>a", "f>b", "a>j", "b>j", "j>c", "c>e")).start(seen=["x"])
    instance.complete("a", seen=["x", "a"])
    instance.complete("b")
    assert instance.open().tasks[0].data["seen"] == ["x", "a"]


def test_a_join_keeps_excess_tokens_for_the_next_round() -> None:
    body = S + gateway("parallel", "f", "j") + gateway("exclusive", "m") + user("a", "b", "c", "d") + E
    instance = drive(body + flows("s>f", "f>a", "f>b", "f>c", "a>m", "b>m", "m>j", "c>j", "j>d", "d>e")).start()
    instance.complete("a")
    instance.complete("b")
    instance.complete("c")
    assert instance.tasks() == ["d"]
    instance.complete("d")
    # One token is left at the join, and no other can come: the operator sees it.
    opened = instance.open()
    assert [fault.code for fault in opened.faults] == ["stuck"]
    instance.apply(lambda run: run.skip(opened.faults[0].token, {}))
    assert instance.tasks() == ["d"]


def test_an_inclusive_join_waits_only_for_what_can_come() -> None:
    body = S + gateway("inclusive", "f", default="z") + gateway("inclusive", "j") + user("a", "b", "c", "d") + E
    pairs = flows("s>f", "f>a?test.contains('a')", "f>b?test.contains('b')", "z=f>c", "a>j", "b>j", "c>j", "j>d", "d>e")
    instance = drive(body + pairs).start(test="ab")
    assert instance.tasks() == ["a", "b"]
    instance.complete("a")
    assert instance.tasks() == ["b"]
    instance.complete("b")
    assert instance.tasks() == ["d"]
    instance = drive(body + pairs).start(test="a")
    instance.complete("a")
    assert instance.tasks() == ["d"]
    assert drive(body + pairs).start(test="q").tasks() == ["c"]


def test_an_inclusive_join_is_freed_when_the_other_branch_ends_elsewhere() -> None:
    body = (
        S
        + gateway("parallel", "f")
        + gateway("exclusive", "x", default="out")
        + gateway("inclusive", "j")
        + user("a", "b", "c")
        + E
    )
    instance = drive(body + flows("s>f", "f>a", "f>b", "a>j", "b>x", "x>j?go", "out=x>e", "j>c")).start(go=False)
    instance.complete("a")
    assert instance.tasks() == ["b"]
    instance.complete("b")
    assert instance.tasks() == ["c"]


def test_a_complex_join_fires_once_per_round() -> None:
    join = '<bpmn:complexGateway id="j"><bpmn:activationCondition>activationCount &gt;= 2</bpmn:activationCondition></bpmn:complexGateway>'
    body = S + gateway("parallel", "f") + join + user("a", "b", "c", "d") + E
    pairs = flows("s>f", "f>a", "f>b", "f>c", "a>j", "b>j", "c>j", "j>d", "d>e")
    instance = drive(body + pairs).start()
    instance.complete("a")
    assert instance.tasks() == ["b", "c"]
    instance.complete("b")
    assert instance.tasks() == ["c", "d"]
    instance.complete("c")
    assert instance.tasks() == ["d"]
    instance.complete("d")
    assert instance.open().status == "completed"


def test_conditions_on_flows_out_of_a_task() -> None:
    body = S + '<bpmn:userTask id="t" default="d"/>' + user("a", "b", "c", "always")
    pairs = flows("s>t", "t>a?n > 1", "t>b?n > 2", "d=t>c", "t>always")
    instance = drive(body + pairs).start()
    instance.complete("t", n=3)
    assert instance.tasks() == ["a", "always", "b"]
    instance = drive(body + pairs).start()
    instance.complete("t", n=0)
    assert instance.tasks() == ["always", "c"]


def test_link_events_carry_a_token_across_the_page() -> None:
    body = S + user("a") + E
    body += (
        '<bpmn:intermediateThrowEvent id="t"><bpmn:linkEventDefinition name="page 2"/></bpmn:intermediateThrowEvent>'
    )
    body += (
        '<bpmn:intermediateCatchEvent id="c"><bpmn:linkEventDefinition name="page 2"/></bpmn:intermediateCatchEvent>'
    )
    assert drive(body + flows("s>t", "c>a", "a>e")).start().tasks() == ["a"]


def loop(inner: str, *, kind: str = "userTask", body: str = "") -> str:
    return S + f'<bpmn:{kind} id="t">{inner}{body}</bpmn:{kind}>' + E + flows("s>t", "t>e")


def test_a_standard_loop_tests_after_or_before() -> None:
    after = "<bpmn:standardLoopCharacteristics><bpmn:loopCondition>n &lt; 2</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
    instance = drive(loop(after)).start(n=0)
    instance.complete("t", n=1)
    instance.complete("t", n=2)
    assert instance.open().status == "completed"
    before = after.replace("<bpmn:standardLoopCharacteristics>", '<bpmn:standardLoopCharacteristics testBefore="true">')
    assert drive(loop(before)).start(n=2).open().status == "completed"


def answer_as(instance: Drive, token: str, answer: str) -> None:
    instance.apply(lambda run: run.complete_task(token, {"answer": answer}))


def test_parallel_instances_keep_their_item_and_hand_back_results_in_order() -> None:
    multi = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>people</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>answers</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="person"/><bpmn:outputDataItem id="answer"/></bpmn:multiInstanceLoopCharacteristics>'
    )
    instance = drive(loop(multi)).start(people=["ann", "bo", "cy"])
    opened = {task.data["person"]: task.token for task in instance.open().tasks}
    for person in ("cy", "ann", "bo"):
        answer_as(instance, opened[person], person.upper())
    assert instance.open().status == "completed"
    assert instance.load().data() == {"people": ["ann", "bo", "cy"], "answers": ["ANN", "BO", "CY"]}


def test_sequential_instances_run_one_by_one_until_enough() -> None:
    multi = (
        '<bpmn:multiInstanceLoopCharacteristics isSequential="true"><bpmn:loopCardinality>5</bpmn:loopCardinality>'
        "<bpmn:completionCondition>nrOfCompletedInstances &gt;= 2</bpmn:completionCondition></bpmn:multiInstanceLoopCharacteristics>"
    )
    instance = drive(loop(multi)).start()
    for round_ in range(2):
        assert [task.data["loopCounter"] for task in instance.open().tasks] == [round_]
        instance.complete("t")
    assert instance.open().status == "completed"


def test_enough_parallel_instances_cancel_the_rest() -> None:
    multi = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality>"
        "<bpmn:completionCondition>nrOfCompletedInstances == 1</bpmn:completionCondition></bpmn:multiInstanceLoopCharacteristics>"
    )
    instance = drive(loop(multi)).start()
    assert len(instance.tasks()) == 3
    instance.complete("t")
    assert instance.open().status == "completed"
    assert sum(visit.state == "cancelled" for visit in instance.visits) == 2


@pytest.mark.parametrize(
    "value, code",
    [("'many'", "loop"), ("1.5", "loop"), ("10000 * 2", "loop"), ("0 - 1", "loop"), ("nobody", "expression")],
)
def test_a_number_of_instances_that_is_none_is_a_fault(value: str, code: str) -> None:
    multi = f"<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>{value}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    assert [fault.code for fault in drive(loop(multi)).start().open().faults] == [code]


def test_no_instances_at_all_pass_at_once() -> None:
    multi = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>people</bpmn:loopDataInputRef></bpmn:multiInstanceLoopCharacteristics>"
    assert drive(loop(multi)).start(people=[]).open().status == "completed"


def test_a_thousand_automatic_rounds_fit_a_raised_budget() -> None:
    body = (
        S
        + '<bpmn:scriptTask id="t"><bpmn:script>n = n + 1</bpmn:script></bpmn:scriptTask>'
        + gateway("exclusive", "x", default="d")
        + E
    )
    host = MemoryHost(script=lambda _source, data: {"n": data["n"] + 1})
    instance = drive(body + flows("s>t", "t>x", "x>t?n < 1000", "d=x>e"), host=host)
    run = running.start(instance.compiled, digest=instance.imported.digest, process_id=None, data={"n": 0}, host=host)
    run.advance(budget=5000)
    assert run.projection().status == "completed"
    assert run.data() == {"n": 1000}


def test_a_step_budget_that_is_used_up_is_a_fault_and_retry_goes_on() -> None:
    body = (
        S
        + '<bpmn:scriptTask id="t"><bpmn:script>n = n + 1</bpmn:script></bpmn:scriptTask>'
        + gateway("exclusive", "x", default="d")
        + E
    )
    host = MemoryHost(script=lambda _source, data: {"n": data["n"] + 1})
    instance = drive(body + flows("s>t", "t>x", "x>t?n < 600", "d=x>e"), host=host).start(n=0)
    fault = instance.open().faults[0]
    assert fault.code == "step-budget"
    instance.apply(lambda run: run.retry(fault.token))
    assert instance.open().status == "completed"
    assert instance.load().data() == {"n": 600}


def test_quantities_gather_and_multiply_tokens() -> None:
    body = (
        S
        + '<bpmn:userTask id="a" completionQuantity="2"/><bpmn:userTask id="b"/><bpmn:userTask id="c" startQuantity="2"/>'
        + E
    )
    instance = drive(body + flows("s>a", "a>b", "b>c", "c>e")).start()
    instance.complete("a")
    assert instance.tasks() == ["b", "b"]
    instance.complete("b")
    assert instance.tasks() == ["b"]
    instance.complete("b")
    assert instance.tasks() == ["c"]
    instance.complete("c")
    assert instance.open().status == "completed"


def test_the_history_tells_every_element_and_flow_in_order() -> None:
    instance = drive(S + user("a") + E + flows("s>a", "a>e")).start()
    instance.complete("a")
    told = [(visit.element_id, visit.state) for visit in instance.visits]
    assert told == [
        ("p", "entered"), ("s", "entered"), ("s", "completed"), ("flow0", "taken"), ("a", "entered"),
        ("a", "completed"), ("flow1", "taken"), ("e", "entered"), ("e", "completed"), ("p", "completed"),
    ]  # fmt: skip
    assert instance.load().history() == []


def test_cancelling_ends_everything() -> None:
    body = S + gateway("parallel", "f") + user("a", "b")
    instance = drive(body + flows("s>f", "f>a", "f>b")).start()
    instance.apply(lambda run: run.cancel())
    opened = instance.open()
    assert (opened.status, opened.tasks, opened.timers) == ("cancelled", (), ())
    assert {visit.element_id for visit in instance.visits if visit.state == "cancelled"} == {"a", "b", "p"}


def test_saving_twice_gives_the_same_bytes_and_damage_is_told() -> None:
    instance = drive(S + user("a") + E + flows("s>a", "a>e")).start()
    assert instance.load().save() == instance.state
    for bad in (b"", b"rubbish", instance.state[:-4]):
        with pytest.raises(running.StateError):
            running.load(instance.compiled, digest=instance.imported.digest, state=bad, host=instance.host)
    other = model("rounds")
    with pytest.raises(running.StateError):
        running.load(other.compiled or b"", digest=other.digest, state=instance.state, host=instance.host)


def test_the_incident_takes_its_whole_way() -> None:
    instance = Drive(model("incident"), MemoryHost()).start(severity=1, reopen=False)
    instance.complete("record", severity=2)
    assert instance.tasks() == ["diagnose", "inform"]
    assert instance.pass_time(hours=4) == 1
    assert "remind" in instance.path()
    assert instance.tasks() == ["diagnose", "inform"]
    instance.complete("diagnose")
    instance.complete("inform")
    assert instance.tasks() == ["repair"]
    assert instance.pass_time(days=1) == 1
    assert instance.tasks() == ["confirm"]
    instance.complete("confirm", reopen=True)
    assert instance.tasks() == ["record"]
    instance.complete("record", severity=1)
    instance.complete("inform")
    instance.complete("diagnose")
    instance.complete("confirm", reopen=False)
    assert instance.open().outcome == "closed"


def test_a_process_that_calls_itself_becomes_a_fault() -> None:
    body = S + '<bpmn:callActivity id="c" calledElement="p"/>' + E + flows("s>c", "c>e")
    assert drive(body).start().open().faults[0].code == "too-deep"


def test_too_many_tokens_become_faults() -> None:
    multi = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>10000</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    inner = f'<bpmn:subProcess id="x">{multi}<bpmn:userTask id="u">{multi}</bpmn:userTask></bpmn:subProcess>'
    instance = drive(S + inner + E + flows("s>x", "x>e"))
    run = running.start(
        instance.compiled, digest=instance.imported.digest, process_id=None, data={}, host=instance.host
    )
    run.advance(budget=20_000)
    assert "too-many-tokens" in {fault.code for fault in run.projection().faults}


def test_an_operator_frees_a_join_that_waits_for_a_path_nobody_takes() -> None:
    body = S + gateway("exclusive", "x", default="d") + gateway("parallel", "f", "j") + user("a", "b", "c", "after") + E
    pairs = flows("s>f", "f>a", "f>b", "f>x", "a>j", "b>j", "x>c?never", "c>j", "d=x>e", "j>after", "after>e")
    instance = drive(body + pairs).start(never=False)
    instance.complete("a")
    instance.complete("b")
    opened = instance.open()
    assert [(fault.element_id, fault.code) for fault in opened.faults] == [("j", "stuck")]
    instance.apply(lambda run: run.retry(opened.faults[0].token))
    assert instance.open().status == "faulted"
    instance.apply(lambda run: run.skip(opened.faults[0].token, {}))
    instance.complete("after")
    assert instance.open().status == "completed"


def test_a_condition_that_fails_behind_a_join_or_a_loop_is_a_fault() -> None:
    body = S + gateway("parallel", "f") + gateway("inclusive", "j") + user("a", "b", "c", "d")
    instance = drive(body + flows("s>f", "f>a", "f>b", "a>j", "b>j", "j>c?nowhere", "j>d?true")).start()
    instance.complete("a")
    instance.complete("b")
    assert [(fault.element_id, fault.code) for fault in instance.open().faults] == [("j", "expression")]
    multi = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    body = S + f'<bpmn:userTask id="t">{multi}</bpmn:userTask>' + user("c")
    instance = drive(body + flows("s>t", "t>c?nowhere")).start()
    instance.complete("t")
    instance.complete("t")
    fault = instance.open().faults[0]
    assert (fault.element_id, fault.code) == ("t", "expression")
    instance.apply(lambda run: run.skip(fault.token, {"nowhere": True}))
    assert instance.tasks() == ["c"]


def test_a_token_that_comes_late_to_a_complex_join_ends_the_process() -> None:
    join = '<bpmn:complexGateway id="j"><bpmn:activationCondition>activationCount &gt;= 1</bpmn:activationCondition></bpmn:complexGateway>'
    body = S + gateway("parallel", "f") + join + user("a", "b", "c") + E
    instance = drive(body + flows("s>f", "f>a", "f>b", "a>j", "b>j", "j>c", "c>e")).start()
    for name in ("a", "c", "b"):
        instance.complete(name)
    assert instance.open().status == "completed"


def test_a_persons_work_counts_as_done_even_when_no_way_on_is_found() -> None:
    body = S + user("a", "b") + flows("s>a", "a>b?nowhere == 1")
    instance = drive(body).start()
    instance.complete("a")
    fault = instance.open().faults[0]
    assert (fault.element_id, fault.code) == ("a", "expression")
    assert instance.path().count("a") == 1
    instance.apply(lambda run: run.skip(fault.token, {"nowhere": 1}))
    assert instance.tasks() == ["b"]
    assert instance.path().count("a") == 1
