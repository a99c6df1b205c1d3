"""Files made to hurt: each gets a clear error within three seconds, and nothing of them runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.workflow import running
from app.workflow.importing import ImportResult, import_bpmn, isolated
from app.workflow.language import scripting
from tests.support.hostile import correlated
from tests.support.processes import Drive, MemoryHost, drive, flows, imported, process
from tests.support.spans import within

ESCAPES = [
    "__import__('os').system('touch {mark}')",
    "().__class__.__base__.__subclasses__()",
    "open('{mark}', 'w')",
    "exec('import os')",
    "(lambda: __import__('os'))()",
    "[c for c in ().__class__.__mro__]",
    "''.join.__globals__",
    "test.__class__",
    "9**9**9**9",
    "'x' * 10**12",
]
SECONDS = 3.0
ONE_TASK = '<bpmn:startEvent id="s"/>{task}<bpmn:endEvent id="e"/>'


def timed(xml: bytes) -> ImportResult:
    result: ImportResult = within(SECONDS, lambda: import_bpmn(xml))
    return result


def errors(result: ImportResult) -> list[str]:
    assert not result.executable
    assert result.compiled is None
    found = [finding for finding in result.findings if finding.severity == "error"]
    assert all(finding.message.endswith((".", ")")) or ":" in finding.message for finding in found)
    return [finding.code for finding in found]


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "escaped"


@pytest.mark.parametrize("attack", ESCAPES)
@pytest.mark.parametrize(
    "place", ["condition", "timer", "loop", "cardinality", "collection", "until", "input", "conditional"]
)
def test_escapes_through_expressions(attack: str, place: str, mark: Path) -> None:
    text = f"<![CDATA[{attack.format(mark=mark)}]]>"
    quoted = attack.format(mark=mark).replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    bodies = {
        "condition": '<bpmn:exclusiveGateway id="t" default="n"/>',
        "timer": f'<bpmn:intermediateCatchEvent id="t"><bpmn:timerEventDefinition><bpmn:timeDuration>{text}</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>',
        "loop": f'<bpmn:task id="t"><bpmn:standardLoopCharacteristics testBefore="true"><bpmn:loopCondition>{text}</bpmn:loopCondition></bpmn:standardLoopCharacteristics></bpmn:task>',
        "cardinality": f'<bpmn:task id="t"><bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>{text}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics></bpmn:task>',
        "collection": f'<bpmn:task id="t"><bpmn:multiInstanceLoopCharacteristics xmlns:c="http://camunda.org/schema/1.0/bpmn" c:collection="{quoted}"/></bpmn:task>',
        "until": f'<bpmn:task id="t"><bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality><bpmn:completionCondition>{text}</bpmn:completionCondition></bpmn:multiInstanceLoopCharacteristics></bpmn:task>',
        "input": f'<bpmn:serviceTask id="t"><bpmn:extensionElements><ringback:capability name="note"><ringback:input name="x" value="${{{quoted}}}"/></ringback:capability></bpmn:extensionElements></bpmn:serviceTask>',
        "conditional": f'<bpmn:intermediateCatchEvent id="t"><bpmn:conditionalEventDefinition><bpmn:condition>{text}</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:intermediateCatchEvent>',
    }
    leave = f"t>e?{attack.format(mark=mark)}" if place == "condition" else "t>e"
    body = ONE_TASK.format(task=bodies[place]) + flows("s>t", leave, *(["n=t>e"] if place == "condition" else []))
    result = imported(process(body))
    if result.compiled is None:
        assert set(errors(result)) <= {"expression", "timer"}
    else:
        # It reads like a harmless expression; then running it must end in a fault, not in effects.
        host = MemoryHost()
        instance = Drive(result, host).start(test="x")
        opened = instance.open()
        assert opened.status in {"faulted", "waiting"}
        assert host.called == []
    assert not mark.exists()


@pytest.mark.parametrize(
    "attack",
    ["import os\nos.system('touch {mark}')", "open('{mark}', 'w')", "load('os', 'system')", "x = ().__class__"],
)
def test_escapes_through_scripts(attack: str, mark: Path) -> None:
    body = ONE_TASK.format(
        task=f'<bpmn:scriptTask id="t"><bpmn:script><![CDATA[{attack.format(mark=mark)}]]></bpmn:script></bpmn:scriptTask>'
    )
    result = timed(process(body + flows("s>t", "t>e")).encode())
    if result.compiled is not None:
        instance = Drive(result, MemoryHost(script=scripting.run_script)).start()
        assert instance.open().status == "faulted"
    else:
        assert errors(result) == ["script"]
    assert not mark.exists()


def test_a_script_that_never_ends_becomes_a_fault() -> None:
    source = "def f():\n    for a in range(1000000000):\n        for b in range(1000000000):\n            pass\nf()"
    body = ONE_TASK.format(task=f'<bpmn:scriptTask id="t"><bpmn:script>{source}</bpmn:script></bpmn:scriptTask>')
    instance = drive(body + flows("s>t", "t>e"), host=MemoryHost(script=scripting.run_script))
    within(SECONDS, instance.start)
    assert [fault.element_id for fault in instance.open().faults] == ["t"]


def test_a_script_that_eats_memory_becomes_a_fault() -> None:
    source = "def f():\n    x = ['a']\n    for i in range(60):\n        x = x + x\n    return len(x)\ny = f()"
    body = ONE_TASK.format(task=f'<bpmn:scriptTask id="t"><bpmn:script>{source}</bpmn:script></bpmn:scriptTask>')
    instance = drive(body + flows("s>t", "t>e"), host=MemoryHost(script=scripting.run_script)).start()
    assert [fault.code for fault in instance.open().faults] == ["script"]


@pytest.mark.parametrize("attack", ESCAPES)
def test_escapes_through_correlation(attack: str, mark: Path) -> None:
    result = imported(correlated(attack.format(mark=mark)))
    if result.compiled is None:
        assert set(errors(result)) == {"expression"}
    else:
        # It reads like a harmless expression; computing it fails, so no message is ever the one it is meant for.
        assert not Drive(result, MemoryHost()).start(test="x").message("m", test="x")
    assert not mark.exists()


def test_a_circle_that_never_waits_is_refused() -> None:
    body = '<bpmn:startEvent id="s"/><bpmn:task id="a"/><bpmn:task id="b"/>' + flows("s>a", "a>b", "b>a")
    assert errors(timed(process(body).encode())) == ["endless-loop"]


def test_a_circle_with_a_way_out_that_is_never_taken_becomes_a_fault() -> None:
    body = '<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="x" default="out"/><bpmn:task id="a"/><bpmn:endEvent id="e"/>'
    body += flows("s>x", "x>a?true", "a>x", "out=x>e")
    result = timed(process(body).encode())
    assert [finding.code for finding in result.findings] == ["step-budget"]
    opened = Drive(result, MemoryHost()).start().open()
    assert [fault.code for fault in opened.faults] == ["step-budget"]


def blocks(number: int, join: str) -> str:
    body = '<bpmn:startEvent id="s"/><bpmn:userTask id="u"/><bpmn:endEvent id="e"/>'
    pairs = ["s>fork0"]
    for n in range(number):
        body += f'<bpmn:parallelGateway id="fork{n}"/><bpmn:task id="a{n}"/><bpmn:task id="b{n}"/><bpmn:{join} id="join{n}"/>'
        pairs += [
            f"fork{n}>a{n}",
            f"fork{n}>b{n}",
            f"a{n}>join{n}",
            f"b{n}>join{n}",
            f"join{n}>{f'fork{n + 1}' if n + 1 < number else 'u'}",
        ]
    return process(body + flows(*pairs, "u>e"))


def test_twelve_parallel_blocks_in_a_row_are_harmless() -> None:
    result = timed(blocks(12, "parallelGateway").encode())
    assert result.executable
    instance = Drive(result, MemoryHost()).start()
    assert instance.tasks() == ["u"]
    instance.complete("u")
    assert instance.open().status == "completed"


def test_blocks_that_double_the_tokens_are_refused() -> None:
    assert errors(timed(blocks(12, "exclusiveGateway").encode())) == ["too-many-tokens"]


@pytest.mark.parametrize(
    "association",
    [
        "<bpmn:dataInputAssociation/>",
        "<bpmn:dataInputAssociation><bpmn:sourceRef>a</bpmn:sourceRef></bpmn:dataInputAssociation>",
        "<bpmn:dataOutputAssociation><bpmn:sourceRef>t</bpmn:sourceRef><bpmn:targetRef>t</bpmn:targetRef></bpmn:dataOutputAssociation>",
        "<bpmn:dataInputAssociation><bpmn:sourceRef>loop</bpmn:sourceRef><bpmn:targetRef>loop</bpmn:targetRef></bpmn:dataInputAssociation>",
        "<bpmn:dataInputAssociation><bpmn:sourceRef>missing</bpmn:sourceRef><bpmn:targetRef>also_missing</bpmn:targetRef></bpmn:dataInputAssociation>",
    ],
)
def test_odd_data_associations_do_not_hang(association: str) -> None:
    body = '<bpmn:dataObjectReference id="loop" dataObjectRef="loop"/>' + ONE_TASK.format(
        task=f'<bpmn:userTask id="t">{association}</bpmn:userTask>'
    )
    result = timed(process(body + flows("s>t", "t>e")).encode())
    instance = Drive(result, MemoryHost()).start()
    instance.complete("t")
    assert instance.open().status == "completed"


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">&c;</definitions>"""
OUTSIDE = b"""<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">&x;</definitions>"""


@pytest.mark.parametrize(
    "xml, code",
    [
        (BOMB, "dtd"),
        (OUTSIDE, "dtd"),
        (BOMB.decode().encode("utf-16"), "dtd"),
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"not xml at all", "not-xml"),
        (b"\x00\x01\x02\xff\xfe", "not-xml"),
        (b"PK\x03\x04 a zip file", "not-xml"),
        (b"<definitions>", "not-xml"),
        (b"<html><body/></html>", "not-bpmn"),
        (b"<definitions>&undeclared;</definitions>", "not-xml"),
        (b"<a>" * 5000 + b"</a>" * 5000, "not-xml"),
        (b"<a>" * 150 + b"</a>" * 150, "too-deep"),
        (b"<a>" + b"<b/>" * 60_000 + b"</a>", "too-many-elements"),
    ],
)
def test_broken_and_poisonous_xml(xml: bytes, code: str) -> None:
    assert errors(timed(xml)) == [code]
    assert errors(import_bpmn(xml, trial=False)) == [code]


def test_a_file_of_fifty_megabytes() -> None:
    xml = b"<definitions>" + b" " * (50 * 1024 * 1024) + b"</definitions>"
    assert errors(timed(xml)) == ["too-large"]


def test_user_data_with_the_key_typename() -> None:
    body = ONE_TASK.format(task='<bpmn:userTask id="t"/>') + flows("s>t", "t>e")
    poison = {"typename": "UUID", "value": "x", "inner": [{"typename": "Task"}, {"typename": "datetime", "value": 1}]}
    instance = drive(body).start(poison=poison, typename="UUID")
    assert instance.open().tasks[0].data == {"poison": poison, "typename": "UUID"}
    instance.complete("t", answer={"typename": "timedelta"})
    assert instance.open().status == "completed"
    assert instance.load().data()["answer"] == {"typename": "timedelta"}


def test_data_that_is_no_json_is_refused() -> None:
    body = ONE_TASK.format(task='<bpmn:userTask id="t"/>') + flows("s>t", "t>e")
    instance = drive(body).start()
    for bad in ({"x": object()}, {"x": 2**80}, {1: "x"}, {"x": "y" * 2_000_000}):
        token = instance.open().tasks[0].token
        with pytest.raises(running.DataError):
            instance.load().complete_task(token, bad)  # type: ignore[arg-type]


def test_a_child_that_takes_too_long_is_stopped() -> None:
    xml = process(ONE_TASK.format(task="") + flows("s>e")).encode()
    found = isolated.compile_isolated(xml, digest="d", dmn={}, known_capabilities=None, seconds=0.0)
    assert errors(found) == ["too-costly"]


def test_a_huge_diagram_is_read_or_stopped_in_time() -> None:
    parts = "".join(f'<bpmn:subProcess id="n{i}"><bpmn:task id="t{i}"/></bpmn:subProcess>' for i in range(5_000))
    found = timed(process(parts).encode())
    assert found.executable or errors(found) in (["too-costly"], ["too-many-tokens"])
