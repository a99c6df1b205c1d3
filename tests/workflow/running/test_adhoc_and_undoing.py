"""Ad-hoc sub-processes and compensation: what is done once, in which order, and what is undone."""

from __future__ import annotations

import pytest

from tests.support.processes import Drive, drive, flows, imported, process

S, E = '<bpmn:startEvent id="s"/>', '<bpmn:endEvent id="e"/>'


def adhoc(*, ordering: str = "Parallel", until: str = "done >= 2", cancel: bool = True, inner: str = "") -> Drive:
    tasks = inner or '<bpmn:userTask id="a"/><bpmn:userTask id="b"/><bpmn:userTask id="c"/>'
    body = (
        f'{S}<bpmn:adHocSubProcess id="h" ordering="{ordering}" cancelRemainingInstances="{str(cancel).lower()}">{tasks}'
        f'<bpmn:completionCondition>{until.replace("<", "&lt;")}</bpmn:completionCondition></bpmn:adHocSubProcess><bpmn:userTask id="after"/>{E}'
    )
    return drive(body + flows("s>h", "h>after", "after>e"))


def test_all_activities_are_open_at_once_until_the_condition_holds() -> None:
    instance = adhoc().start(done=0)
    assert instance.tasks() == ["a", "b", "c"]
    instance.complete("b", done=1)
    assert instance.tasks() == ["a", "c"]
    instance.complete("c", done=2)
    assert instance.tasks() == ["after"]


def test_what_is_open_when_the_condition_holds_may_be_finished_first() -> None:
    instance = adhoc(cancel=False).start(done=0)
    instance.complete("a", done=2)
    assert instance.tasks() == ["b", "c"]
    instance.complete("b")
    instance.complete("c")
    assert instance.tasks() == ["after"]


def test_one_after_the_other() -> None:
    instance = adhoc(ordering="Sequential").start(done=0)
    assert instance.tasks() == ["a"]
    instance.complete("a", done=1)
    assert instance.tasks() == ["b"]
    instance.complete("b", done=2)
    assert instance.tasks() == ["after"]


@pytest.mark.parametrize("ordering", ["Parallel", "Sequential"])
def test_a_condition_that_never_holds_is_a_fault_that_can_be_skipped(ordering: str) -> None:
    instance = adhoc(ordering=ordering).start(done=0)
    for name in "abc":
        instance.complete(name)
    [fault] = instance.open().faults
    assert (fault.element_id, fault.code) == ("h", "adhoc")
    instance.apply(lambda run: run.retry(fault.token))
    [fault] = instance.open().faults
    instance.apply(lambda run: run.skip(fault.token, {"done": 2}))
    assert instance.tasks() == ["after"]


def test_activities_joined_by_flows_follow_each_other() -> None:
    inner = '<bpmn:userTask id="a"/><bpmn:userTask id="b"/><bpmn:userTask id="c"/>' + flows("x=a>b")
    instance = adhoc(inner=inner, until="done >= 3").start(done=0)
    assert instance.tasks() == ["a", "c"]
    instance.complete("a", done=1)
    assert instance.tasks() == ["b", "c"]
    instance.complete("c", done=2)
    instance.complete("b", done=3)
    assert instance.tasks() == ["after"]


def test_an_empty_one_is_passed() -> None:
    found = imported(
        process(
            f'{S}<bpmn:adHocSubProcess id="h"><bpmn:completionCondition>true</bpmn:completionCondition></bpmn:adHocSubProcess>{E}'
            + flows("s>h", "h>e")
        )
    )
    assert "empty" in [finding.code for finding in found.findings]


# ---------------------------------------------------------------- compensation
def undoable(name: str, *, kind: str = "task") -> str:
    """An activity with a handler that undoes it."""
    return (
        f'<bpmn:{kind} id="{name}"/><bpmn:boundaryEvent id="{name}_b" attachedToRef="{name}"><bpmn:compensateEventDefinition/></bpmn:boundaryEvent>'
        f'<bpmn:userTask id="un{name}" isForCompensation="true"/><bpmn:association id="{name}_a" sourceRef="{name}_b" targetRef="un{name}"/>'
    )


def thrower(ref: str = "") -> str:
    named = f' activityRef="{ref}"' if ref else ""
    return (
        f'<bpmn:intermediateThrowEvent id="undo"><bpmn:compensateEventDefinition{named}/></bpmn:intermediateThrowEvent>'
    )


def test_the_newest_is_undone_first_and_the_thrower_waits() -> None:
    body = S + undoable("a") + undoable("b") + thrower() + '<bpmn:userTask id="after"/>' + E
    instance = drive(body + flows("s>a", "a>b", "b>undo", "undo>after", "after>e")).start()
    assert instance.tasks() == ["unb"]
    instance.complete("unb")
    assert instance.tasks() == ["una"]
    instance.complete("una")
    assert instance.tasks() == ["after"]


def test_one_activity_is_undone_by_its_name_and_only_once() -> None:
    again = '<bpmn:intermediateThrowEvent id="again"><bpmn:compensateEventDefinition/></bpmn:intermediateThrowEvent>'
    body = S + undoable("a") + undoable("b") + thrower("a") + again + '<bpmn:userTask id="after"/>' + E
    instance = drive(body + flows("s>a", "a>b", "b>undo", "undo>again", "again>after", "after>e")).start()
    assert instance.tasks() == ["una"]
    instance.complete("una")
    assert instance.tasks() == ["unb"]
    instance.complete("unb")
    assert instance.tasks() == ["after"]


def test_what_was_never_done_is_not_undone() -> None:
    body = S + undoable("a") + thrower() + '<bpmn:userTask id="after"/>' + E
    instance = drive(body + flows("s>undo", "undo>after", "after>a", "a>e")).start()
    assert instance.tasks() == ["after"]


def test_a_finished_sub_process_is_undone_from_inside() -> None:
    inner = (
        S.replace('"s"', '"s1"')
        + undoable("a")
        + undoable("b")
        + '<bpmn:endEvent id="e1"/>'
        + flows("i1=s1>a", "i2=a>b", "i3=b>e1")
    )
    body = f'{S}<bpmn:subProcess id="sub">{inner}</bpmn:subProcess>{thrower()}<bpmn:userTask id="after"/>{E}'
    instance = drive(body + flows("s>sub", "sub>undo", "undo>after", "after>e")).start()
    for name in ("unb", "una", "after"):
        assert instance.tasks() == [name]
        instance.complete(name)
    assert instance.open().status == "completed"


def test_a_sub_process_with_an_event_sub_process_for_it_undoes_itself_that_way() -> None:
    handler = (
        '<bpmn:subProcess id="undoing" triggeredByEvent="true"><bpmn:startEvent id="us"><bpmn:compensateEventDefinition/></bpmn:startEvent>'
        '<bpmn:userTask id="together"/>' + flows("u1=us>together") + "</bpmn:subProcess>"
    )
    inner = (
        '<bpmn:startEvent id="s1"/>'
        + undoable("a")
        + '<bpmn:endEvent id="e1"/>'
        + flows("i1=s1>a", "i2=a>e1")
        + handler
    )
    body = f'{S}<bpmn:subProcess id="sub">{inner}</bpmn:subProcess>{thrower()}<bpmn:userTask id="after"/>{E}'
    instance = drive(body + flows("s>sub", "sub>undo", "undo>after", "after>e")).start()
    assert instance.tasks() == ["together"]
    instance.complete("together")
    assert instance.tasks() == ["after"]


CANCELLED = '<bpmn:endEvent id="stop"><bpmn:cancelEventDefinition/></bpmn:endEvent>'


@pytest.mark.parametrize("is_caught", [True, False])
def test_a_cancelled_transaction_undoes_what_it_did(is_caught: bool) -> None:
    inner = (
        '<bpmn:startEvent id="s1"/>'
        + undoable("a")
        + '<bpmn:userTask id="open"/><bpmn:parallelGateway id="f"/>'
        + CANCELLED
    )
    inner += flows("i1=s1>a", "i2=a>f", "i3=f>open", "i4=f>stop")
    caught = '<bpmn:boundaryEvent id="x" attachedToRef="t"><bpmn:cancelEventDefinition/></bpmn:boundaryEvent><bpmn:userTask id="sorry"/>'
    body = f'{S}<bpmn:transaction id="t">{inner}</bpmn:transaction>{caught if is_caught else ""}{E}'
    instance = drive(body + flows("s>t", "t>e", *(["x>sorry"] if is_caught else []))).start()
    assert instance.tasks() == ["una"], "what was open is cancelled"
    instance.complete("una")
    assert instance.tasks() == (["sorry"] if is_caught else [])
    assert "e" not in instance.path()


@pytest.mark.parametrize(
    "body,code",
    [
        (S + '<bpmn:task id="a"/><bpmn:boundaryEvent id="b" attachedToRef="a"><bpmn:compensateEventDefinition/></bpmn:boundaryEvent>' + flows("s>a"), "compensation"),
        (S + thrower("nowhere") + flows("s>undo"), "compensation"),
        (S + '<bpmn:intermediateThrowEvent id="u"><bpmn:compensateEventDefinition waitForCompletion="false"/></bpmn:intermediateThrowEvent>' + flows("s>u"), "compensation"),
        (S + CANCELLED + flows("s>stop"), "cancel"),
        (S + '<bpmn:adHocSubProcess id="h"><bpmn:task id="a"/></bpmn:adHocSubProcess>' + flows("s>h"), "ad-hoc"),
    ],
)  # fmt: skip
def test_what_cannot_be_undone_is_refused(body: str, code: str) -> None:
    assert code in [finding.code for finding in imported(process(body)).findings if finding.severity == "error"]
