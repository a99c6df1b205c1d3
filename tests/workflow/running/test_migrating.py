"""Instances that are moved to another version of their process, in memory, saved and loaded around each step."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from app.workflow import running
from app.workflow.importing import ImportResult
from tests.support.processes import Drive, MemoryHost, flows, imported, process

MESSAGES = '<bpmn:message id="m1" name="chase"/><bpmn:message id="m2" name="cancel"/>'


def file(body: str) -> ImportResult:
    return imported(process(body, around=MESSAGES))


def timer(element: str, host: str, length: str, *, ends: bool = True) -> str:
    return (
        f'<bpmn:boundaryEvent id="{element}" attachedToRef="{host}" cancelActivity="{str(ends).lower()}">'
        f"<bpmn:timerEventDefinition><bpmn:timeDuration>{length}</bpmn:timeDuration></bpmn:timerEventDefinition>"
        f'</bpmn:boundaryEvent><bpmn:endEvent id="after_{element}"/>' + flows(f"f_{element}={element}>after_{element}")
    )


def heard(element: str, host: str, message: str) -> str:
    return (
        f'<bpmn:boundaryEvent id="{element}" attachedToRef="{host}" cancelActivity="false">'
        f'<bpmn:messageEventDefinition messageRef="{message}"/></bpmn:boundaryEvent><bpmn:task id="after_{element}"/>'
        + flows(f"f_{element}={element}>after_{element}")
    )


def line(*steps: str, more: str = "", kind: str = "userTask") -> ImportResult:
    names = ["s", *steps, "e"]
    tasks = "".join(f'<bpmn:{kind} id="{step}" name="{step.title()}"/>' for step in steps)
    ways = flows(*[f"{a}_{b}={a}>{b}" for a, b in itertools.pairwise(names)])
    return file(f'<bpmn:startEvent id="s"/>{tasks}<bpmn:endEvent id="e"/>{ways}{more}')


def moved(drive: Drive, to: ImportResult, **mapping: str) -> Drive:
    assert to.compiled is not None, to.findings
    run = running.migrate(drive.load(), to.compiled, digest=to.digest, host=drive.host, mapping=mapping)
    other = Drive(to, drive.host)
    other._settle(run)
    return other


def problems(drive: Drive, to: ImportResult, **mapping: str) -> dict[str, str]:
    assert to.compiled is not None
    return {
        place.element_id: place.problem
        for place in running.places(drive.load(), to.compiled, digest=to.digest, mapping=mapping)
    }


def test_a_step_is_inserted_behind_the_one_that_waits() -> None:
    drive = Drive(line("work"), MemoryHost()).start(n=1)
    token = drive.open().tasks[0].token
    now = moved(drive, line("work", "check"))
    assert now.open().tasks[0].token == token
    now.complete("work", done=True)
    assert now.tasks() == ["check"]
    now.complete("check")
    assert now.open().status == "completed"
    assert now.load().data() == {"n": 1, "done": True}


def test_a_step_that_is_gone_needs_another_place() -> None:
    drive = Drive(line("work"), MemoryHost()).start()
    other = line("labour")
    assert problems(drive, other) == {"work": "The new version has no such element."}
    with pytest.raises(running.StateError, match="Work"):
        moved(drive, other)
    assert problems(drive, other, work="labour") == {"work": ""}
    now = moved(drive, other, work="labour")
    assert now.tasks() == ["labour"]
    now.complete("labour")
    assert now.open().status == "completed"


def test_the_kind_must_be_the_same() -> None:
    drive = Drive(line("work"), MemoryHost()).start()
    assert problems(drive, line("work", kind="manualTask")) == {"work": "It is of another kind in the new version."}


def test_new_boundary_events_begin_to_listen_and_old_ones_stop() -> None:
    drive = Drive(line("work", more=heard("chase", "work", "m1")), MemoryHost()).start()
    now = moved(drive, line("work", more=heard("cancel", "work", "m2") + timer("late", "work", "PT1H")))
    assert not now.message("chase")
    assert now.message("cancel")
    assert now.path()[-2:] == ["cancel", "after_cancel"]
    assert now.pass_time(hours=1) == 1
    assert now.open().status == "completed"


def test_a_timer_that_runs_keeps_its_time_and_one_that_has_fired_does_not_begin_again() -> None:
    host = MemoryHost()
    begun = host.clock
    drive = Drive(
        line("work", more=timer("soon", "work", "PT1H", ends=False) + timer("late", "work", "PT3H")), host
    ).start()
    assert drive.pass_time(hours=1) == 1
    now = moved(drive, line("work", more=timer("soon", "work", "PT2H", ends=False) + timer("late", "work", "PT9H")))
    assert [(t.element_id, t.due_at) for t in now.open().timers] == [("late", begun + timedelta(hours=3))]


def subprocess(*steps: str, extra: str = "") -> ImportResult:
    names = ["is", *steps, "ie"]
    inner = '<bpmn:startEvent id="is"/><bpmn:endEvent id="ie"/>' + "".join(f'<bpmn:userTask id="{x}"/>' for x in steps)
    inner += flows(*[f"{a}_{b}={a}>{b}" for a, b in itertools.pairwise(names)]) + extra
    return file(
        f'<bpmn:startEvent id="s"/><bpmn:subProcess id="sub">{inner}</bpmn:subProcess><bpmn:endEvent id="e"/>'
        + flows("f1=s>sub", "f2=sub>e")
    )


def test_a_token_inside_a_sub_process_stays_inside() -> None:
    drive = Drive(subprocess("a"), MemoryHost()).start()
    now = moved(drive, subprocess("a", "b"))
    now.complete("a")
    now.complete("b")
    assert now.open().status == "completed"
    assert problems(drive, line("a"))["a"] == "It stands inside another sub-process in the new version."


def test_an_event_sub_process_that_is_new_listens() -> None:
    event = (
        '<bpmn:subProcess id="esp" triggeredByEvent="true"><bpmn:startEvent id="es" isInterrupting="false">'
        '<bpmn:messageEventDefinition messageRef="m1"/></bpmn:startEvent><bpmn:userTask id="extra"/>'
        + flows("x1=es>extra")
        + "</bpmn:subProcess>"
    )
    drive = Drive(line("work"), MemoryHost()).start()
    now = moved(drive, line("work", more=event))
    assert now.message("chase")
    assert now.tasks() == ["extra", "work"]
    back = moved(now, line("work", more=event))
    assert back.tasks() == ["extra", "work"]
    assert back.message("chase")


def test_a_stuck_step_is_mended_in_the_new_version_and_tried_again() -> None:
    def broken(**_: Any) -> dict[str, Any]:
        raise running.StepFailed("broken", "No.")

    def version(capability: str) -> ImportResult:
        return imported(
            process(
                '<bpmn:startEvent id="s"/><bpmn:serviceTask id="call"><bpmn:extensionElements>'
                f'<ringback:capability name="{capability}"/></bpmn:extensionElements></bpmn:serviceTask>'
                '<bpmn:endEvent id="e"/>' + flows("a=s>call", "b=call>e")
            ),
            known_capabilities=frozenset({"bad", "good"}),
        )

    host = MemoryHost(capabilities={"bad": broken, "good": lambda **_: {}})
    drive = Drive(version("bad"), host).start()
    (fault,) = drive.open().faults
    now = moved(drive, version("good"))
    assert now.open().faults[0].token == fault.token
    now.apply(lambda run: run.retry(fault.token))
    assert now.open().status == "completed"


def test_tokens_at_a_join_keep_the_flow_on_which_they_came() -> None:
    def fork(*, second: str = "b", flow: str = "bj") -> ImportResult:
        return file(
            '<bpmn:startEvent id="s"/><bpmn:parallelGateway id="f"/><bpmn:userTask id="a"/>'
            f'<bpmn:userTask id="{second}"/><bpmn:parallelGateway id="j"/><bpmn:endEvent id="e"/>'
            + flows("sf=s>f", "fa=f>a", f"fb=f>{second}", "aj=a>j", f"{flow}={second}>j", "je=j>e")
        )

    drive = Drive(fork(), MemoryHost()).start()
    drive.complete("a")
    now = moved(drive, fork(second="c", flow="cj"), b="c")
    now.complete("c")
    assert now.open().status == "completed"
    other = file(
        '<bpmn:startEvent id="s"/><bpmn:parallelGateway id="f"/><bpmn:userTask id="b"/><bpmn:parallelGateway id="j"/>'
        '<bpmn:userTask id="z"/><bpmn:endEvent id="e"/>'
        + flows("sf=s>f", "fb=f>b", "bj=b>j", "fz=f>z", "zj=z>j", "je=j>e")
    )
    assert problems(drive, other) == {"b": "", "j": "The flow on which it came is not in the new version."}


def test_an_event_gateway_keeps_its_branches_and_gets_new_ones() -> None:
    def gateway(*branches: tuple[str, str]) -> ImportResult:
        body = '<bpmn:startEvent id="s"/><bpmn:eventBasedGateway id="g"/>' + flows("sg=s>g")
        for name, message in branches:
            body += (
                f'<bpmn:intermediateCatchEvent id="{name}"><bpmn:messageEventDefinition messageRef="{message}"/>'
                f'</bpmn:intermediateCatchEvent><bpmn:endEvent id="end_{name}"/>'
                + flows(f"g_{name}=g>{name}", f"{name}_e={name}>end_{name}")
            )
        body += (
            '<bpmn:intermediateCatchEvent id="t"><bpmn:timerEventDefinition><bpmn:timeDuration>PT5H</bpmn:timeDuration>'
            '</bpmn:timerEventDefinition></bpmn:intermediateCatchEvent><bpmn:endEvent id="end_t"/>'
            + flows("g_t=g>t", "t_e=t>end_t")
        )
        return file(body)

    drive = Drive(gateway(("one", "m1")), MemoryHost()).start()
    due = drive.open().timers[0].due_at
    now = moved(drive, gateway(("two", "m2")))
    assert now.open().timers[0].due_at == due
    assert not now.message("chase")
    assert now.message("cancel")
    assert now.open().outcome == "end_two"


def test_rounds_of_a_loop_go_on() -> None:
    def loop(*, after: str = "") -> ImportResult:
        tasks = (
            '<bpmn:userTask id="vote"><bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality>'
            "</bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"
        )
        if after:
            return file(
                f'<bpmn:startEvent id="s"/>{tasks}<bpmn:userTask id="{after}"/><bpmn:endEvent id="e"/>'
                + flows("a=s>vote", f"b=vote>{after}", f"c={after}>e")
            )
        return file(f'<bpmn:startEvent id="s"/>{tasks}<bpmn:endEvent id="e"/>' + flows("a=s>vote", "b=vote>e"))

    drive = Drive(loop(), MemoryHost()).start()
    drive.complete("vote")
    now = moved(drive, loop(after="count"))
    now.complete("vote")
    now.complete("vote")
    assert now.tasks() == ["count"]
    assert problems(drive, line("vote"))["vote"] == "It is done another number of times in the new version."
