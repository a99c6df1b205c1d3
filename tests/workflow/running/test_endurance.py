"""Instances that live long: the thousandth round costs what the first did, and the last of 5,000 is right."""

from __future__ import annotations

from tests.support.processes import Drive, MemoryHost, model, reopen_incident


def test_reopening_a_thousand_times_costs_no_more_at_the_end() -> None:
    found = reopen_incident(1000)
    assert found.ratio <= 1.5
    assert max(found.sizes) <= 8 * 1024
    assert found.sizes[-1] <= found.sizes[0] + 64


def test_five_thousand_rounds_of_task_and_gateway_end_at_the_right_one() -> None:
    instance = Drive(model("rounds"), MemoryHost()).start(rounds=5000, round=0)
    for number in range(1, 5001):
        assert instance.tasks() == ["work"]
        instance.complete("work", round=number)
    assert instance.open().outcome == "end"
    assert instance.path().count("work") == 5000


def test_three_hundred_open_tasks_at_once() -> None:
    from tests.support.processes import drive, flows

    multi = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>300</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    body = f'<bpmn:startEvent id="s"/><bpmn:userTask id="t">{multi}</bpmn:userTask><bpmn:endEvent id="e"/>'
    instance = drive(body + flows("s>t", "t>e")).start()
    for left in range(300, 0, -1):
        assert len(instance.open().tasks) == left
        instance.complete("t")
    assert instance.open().status == "completed"
