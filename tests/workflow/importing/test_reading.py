"""Reading diagrams: everything wrong is told at once with its element, vendors' extensions are understood, nothing is lost."""

from __future__ import annotations

from hashlib import sha256

import pytest

from app.workflow.importing import import_bpmn
from tests.support.processes import Drive, MemoryHost, drive, flows, imported, process

S, E = '<bpmn:startEvent id="s"/>', '<bpmn:endEvent id="e"/>'
CAMUNDA = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
ZEEBE = 'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'


def codes(body: str, *, severity: str = "error", around: str = "") -> list[tuple[str | None, str]]:
    found = imported(process(body, around=around)).findings
    return [(finding.element_id, finding.code) for finding in found if finding.severity == severity]


def test_all_problems_are_told_at_once_each_with_its_element_and_a_sentence() -> None:
    body = (
        S
        + '<bpmn:serviceTask id="call"/><bpmn:scriptTask id="write"/><bpmn:businessRuleTask id="decide"/><bpmn:sendTask id="send"/>'
        '<bpmn:intermediateCatchEvent id="wait"/><bpmn:callActivity id="other" calledElement="nowhere"/>'
        + flows("s>call", "call>write?1 +", "write>decide", "decide>send", "send>wait", "wait>other", "other>gone")
    )
    found = imported(process(body))
    assert not found.executable
    assert {(f.element_id, f.code) for f in found.findings if f.severity == "error"} == {
        ("call", "no-capability"), ("write", "script"), ("decide", "no-decision"), ("send", "message"), ("wait", "event"),
        ("other", "call"), ("flow1", "expression"), ("flow6", "flow"),
    }  # fmt: skip
    assert all(len(finding.message) > 20 for finding in found.findings)


@pytest.mark.parametrize("body, expected", [
    (S + '<bpmn:boundaryEvent id="b" attachedToRef="nobody"><bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>', ("b", "boundary")),
    (S + '<bpmn:eventBasedGateway id="g"/><bpmn:task id="t"/>' + flows("s>g", "g>t"), ("g", "event-gateway")),
    (S + '<bpmn:eventBasedGateway id="g" eventGatewayType="Parallel"/>' + flows("s>g"), ("g", "event-gateway")),
    (S + '<bpmn:complexGateway id="g"/><bpmn:task id="a"/><bpmn:task id="b"/>' + flows("s>a", "s>b", "a>g", "b>g"), ("g", "complex-gateway")),
    (S + '<bpmn:endEvent id="x"><bpmn:cancelEventDefinition/></bpmn:endEvent>' + flows("s>x"), ("x", "cancel")),
    ('<bpmn:startEvent id="s"><bpmn:errorEventDefinition/></bpmn:startEvent>', ("s", "start")),
    (S + '<bpmn:startEvent id="s2"/>', ("p", "start")),
    (S + '<bpmn:task id="t" startQuantity="0"/>' + flows("s>t"), ("t", "quantity")),
    (S + '<bpmn:task id="t"><bpmn:standardLoopCharacteristics/></bpmn:task>' + flows("s>t"), ("t", "loop")),
    (S + '<bpmn:task id="t"><bpmn:multiInstanceLoopCharacteristics/></bpmn:task>' + flows("s>t"), ("t", "loop")),
    (S + '<bpmn:subProcess id="x" triggeredByEvent="true"><bpmn:startEvent id="xs"/></bpmn:subProcess>', ("x", "event-sub-process")),
    (S + '<bpmn:adHocSubProcess id="x"><bpmn:task id="t"/></bpmn:adHocSubProcess>' + flows("s>x"), ("x", "ad-hoc")),
    (S + '<bpmn:intermediateThrowEvent id="x"><bpmn:linkEventDefinition name="gone"/></bpmn:intermediateThrowEvent>' + flows("s>x"), ("x", "link")),
    (S + '<bpmn:task id="t"/><bpmn:boundaryEvent id="x" attachedToRef="t"><bpmn:compensateEventDefinition/></bpmn:boundaryEvent>' + flows("s>t"), ("x", "compensation")),
    (S + '<bpmn:intermediateCatchEvent id="x"><bpmn:eventDefinitionRef>gone</bpmn:eventDefinitionRef></bpmn:intermediateCatchEvent>' + flows("s>x"), ("x", "event-definition")),
    (S + '<bpmn:subProcess id="x"><bpmn:task id="inner"/></bpmn:subProcess>' + flows("s>inner"), ("flow0", "flow")),
    (S + '<bpmn:task id="t"/><bpmn:task id="t"/>' + flows("s>t"), ("t", "duplicate-id")),
    (S + '<bpmn:task id="t" default="elsewhere"/>' + flows("s>t"), ("t", "default-flow")),
    (S + '<bpmn:intermediateCatchEvent id="x"><bpmn:timerEventDefinition><bpmn:timeCycle>0 0/5 * * * ?</bpmn:timeCycle></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>' + flows("s>x"), ("x", "timer")),
    (S + '<bpmn:intermediateCatchEvent id="x"><bpmn:timerEventDefinition><bpmn:timeDuration>R3/PT1H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>' + flows("s>x"), ("x", "timer")),
    (S + '<bpmn:choreographyTask id="x"/>', ("x", "unsupported")),
])  # fmt: skip
def test_what_would_not_run_right_is_refused_at_its_element(body: str, expected: tuple[str, str]) -> None:
    assert expected in codes(body)


def test_a_diagram_that_is_not_marked_executable_is_a_draft_with_a_reason() -> None:
    found = imported(process(S).replace('isExecutable="true"', ""))
    assert ("p", "not-executable") in [(f.element_id, f.code) for f in found.findings]
    assert found.processes[0].is_executable is False


def test_a_pool_that_is_only_drawn_does_not_stop_the_other() -> None:
    xml = process(S + E + flows("s>e")).replace(
        "</bpmn:definitions>", '<bpmn:process id="drawn"><bpmn:serviceTask id="x"/></bpmn:process></bpmn:definitions>'
    )
    found = imported(xml)
    assert found.executable
    assert [(f.element_id, f.severity) for f in found.findings if f.code == "no-capability"] == [("x", "info")]


def test_reserved_names_and_missing_ids_starts_and_ends_are_completed() -> None:
    body = '<bpmn:userTask id="Start"/><bpmn:userTask id="End"/><bpmn:subProcess id="Root"><bpmn:userTask id="inner"/></bpmn:subProcess>'
    body += (
        '<bpmn:sequenceFlow sourceRef="Start" targetRef="End"/><bpmn:sequenceFlow sourceRef="End" targetRef="Root"/>'
    )
    instance = drive(body).start()
    for name in ("Start", "End", "inner"):
        assert instance.tasks() == [name]
        instance.complete(name)
    assert instance.open().status == "completed"


def test_the_digest_is_of_the_bytes_as_uploaded() -> None:
    xml = b"\xef\xbb\xbf" + process(S + E + flows("s>e")).encode() + b"\n\n"
    for trial in (True, False):
        found = import_bpmn(xml, trial=trial)
        assert found.executable
        assert found.digest == sha256(xml).hexdigest()


def test_camunda_and_flowable_extensions_with_a_counterpart_are_understood() -> None:
    task = f'<bpmn:userTask id="u" {CAMUNDA} camunda:assignee="${{holder}}" camunda:candidateGroups="a,b" camunda:formKey="f" camunda:dueDate="PT1H"/>'
    call = (
        f'<bpmn:serviceTask id="t" {CAMUNDA} camunda:type="external" camunda:topic="look"><bpmn:extensionElements><camunda:inputOutput>'
        '<camunda:inputParameter name="who">${holder}</camunda:inputParameter></camunda:inputOutput></bpmn:extensionElements></bpmn:serviceTask>'
    )
    host = MemoryHost()
    instance = drive(S + call + task + flows("s>t", "t>u"), host=host).start(holder="bob")
    assert host.called == [("look", {"who": "bob"})]
    found = instance.open().tasks[0]
    assert (found.candidate_teams, found.candidate_users, found.form, found.due) == (
        ("a", "b"),
        ("bob",),
        "f",
        ("PT1H", None),
    )


def test_zeebe_extensions_with_a_counterpart_are_understood() -> None:
    call = (
        f'<bpmn:serviceTask id="t" {ZEEBE}><bpmn:extensionElements><zeebe:taskDefinition type="look"/><zeebe:ioMapping>'
        '<zeebe:input source="= holder" target="who"/><zeebe:output source="= found" target="result"/></zeebe:ioMapping></bpmn:extensionElements></bpmn:serviceTask>'
    )
    task = (
        f'<bpmn:userTask id="u" {ZEEBE}><bpmn:extensionElements><zeebe:assignmentDefinition assignee="=holder" candidateGroups="a"/>'
        '<zeebe:formDefinition formKey="f"/></bpmn:extensionElements></bpmn:userTask>'
    )
    host = MemoryHost(capabilities={"look": lambda who: {"found": who + "!"}})
    instance = drive(S + call + task + flows("s>t", "t>u"), host=host).start(holder="bob")
    found = instance.open().tasks[0]
    assert (found.data["result"], found.candidate_users, found.candidate_teams, found.form) == (
        "bob!",
        ("bob",),
        ("a",),
        "f",
    )


def test_what_has_no_effect_here_is_said() -> None:
    body = (
        S
        + f'<bpmn:userTask id="u" {CAMUNDA} camunda:asyncBefore="true"><bpmn:extensionElements><camunda:taskListener/><ringback:frm/><ringback:capability name="x"/></bpmn:extensionElements><bpmn:potentialOwner/></bpmn:userTask>'
        + E
        + flows("s>u", "u>e")
    )
    assert codes(body, severity="warning") == [
        ("u", "extension"),
        ("u", "extension"),
        ("u", "people"),
        ("u", "foreign-extension"),
    ]
    assert codes(body, severity="info") == [("u", "foreign-extension")]


def test_capabilities_decisions_forms_and_actions_are_listed() -> None:
    body = (
        S
        + '<bpmn:userTask id="u"><bpmn:extensionElements><ringback:form key="handle"/></bpmn:extensionElements></bpmn:userTask>'
        '<bpmn:serviceTask id="t"><bpmn:extensionElements><ringback:capability name="note"/></bpmn:extensionElements></bpmn:serviceTask>'
        '<bpmn:intermediateCatchEvent id="c"><bpmn:extensionElements><ringback:action verb="reply" roles="holder" form="answer"/></bpmn:extensionElements><bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateCatchEvent>'
        + flows("s>u", "u>t", "t>c")
    )
    found = imported(process(body, around='<bpmn:message id="m" name="reply"/>'))
    assert (set(found.capabilities), set(found.forms)) == ({"note"}, {"handle", "answer"})
    assert [(action.verb, action.roles, action.label, action.message_name) for action in found.actions] == [
        ("reply", ("holder",), "Reply", "reply")
    ]
    unknown = imported(process(body, around='<bpmn:message id="m" name="reply"/>'), known_capabilities=["send_message"])
    assert [(f.element_id, f.code) for f in unknown.findings] == [("t", "unknown-capability")]


def test_the_child_tells_the_same_as_reading_here() -> None:
    for body in (S + E + flows("s>e"), S + '<bpmn:serviceTask id="t"/>' + flows("s>t"), "<bpmn:task/>"):
        xml = process(body).encode()
        assert import_bpmn(xml, trial=True) == import_bpmn(xml, trial=False)


def test_data_objects_carry_values_between_tasks() -> None:
    body = (
        S + '<bpmn:dataObject id="letter"/><bpmn:dataObjectReference id="ref" dataObjectRef="letter"/>'
        '<bpmn:userTask id="a"><bpmn:dataOutputAssociation><bpmn:sourceRef>draft</bpmn:sourceRef><bpmn:targetRef>ref</bpmn:targetRef></bpmn:dataOutputAssociation></bpmn:userTask>'
        '<bpmn:userTask id="b"><bpmn:dataInputAssociation><bpmn:sourceRef>ref</bpmn:sourceRef><bpmn:targetRef>text</bpmn:targetRef></bpmn:dataInputAssociation></bpmn:userTask>'
        + flows("s>a", "a>b")
    )
    instance = drive(body).start()
    instance.complete("a", draft="Dear Dana")
    assert instance.open().tasks[0].data["text"] == "Dear Dana"
    assert "text" not in instance.load().data()


def test_the_same_file_runs_after_being_compiled_twice() -> None:
    xml = process(S + '<bpmn:userTask id="u"/>' + flows("s>u"))
    first, second = imported(xml), imported(xml)
    assert first.compiled == second.compiled
    instance = Drive(first, MemoryHost()).start()
    assert Drive(second, MemoryHost(), state=instance.state).tasks() == ["u"]


@pytest.mark.parametrize("extension, code", [
    ('<ringback:due duration="soon"/>', "duration"),
    ('<ringback:due calendar="business"/>', "due"),
    ('<ringback:due duration="PT1H" calendar="lunar"/>', "calendar"),
    ('<ringback:due duration="${1 +}"/>', "expression"),
    ('<ringback:sla name="x"/>', "sla"),
    ('<ringback:sla name="x" target="8 hours"/>', "duration"),
])  # fmt: skip
def test_times_and_calendars_of_tasks_are_checked(extension: str, code: str) -> None:
    body = S + f'<bpmn:userTask id="u"><bpmn:extensionElements>{extension}</bpmn:extensionElements></bpmn:userTask>'
    assert codes(body + flows("s>u")) == [("u", code)]


def test_times_of_tasks_may_be_expressions() -> None:
    extensions = '<ringback:due duration="${limits.answer}" calendar="business"/><ringback:sla name="x" target="${limits.answer}"/>'
    body = S + f'<bpmn:userTask id="u"><bpmn:extensionElements>{extensions}</bpmn:extensionElements></bpmn:userTask>'
    found = drive(body + flows("s>u")).start(limits={"answer": "PT8H"}).open().tasks[0]
    assert (found.due, found.sla) == (("PT8H", "business"), ("x", "PT8H", None))
