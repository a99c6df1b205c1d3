"""Processes that call processes of other files: bound to a version at upload, one instance, one history."""

from __future__ import annotations

import pytest

from app import db
from app.orchestration import driving, queries
from app.web import create_app
from app.workflow import definitions, service
from app.workflow import queries as workflow
from app.workflow.importing.linking import unpack
from tests.journeys.mailing import mail
from tests.support.browser import Browser

HEAD = '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:ringback="urn:ringback:bpmn:1" id="d" targetNamespace="urn:t">'
MAIN = (
    HEAD
    + """<bpmn:process id="main" name="Main" isExecutable="true"><bpmn:startEvent id="s"/>
<bpmn:callActivity id="call" name="Bill" calledElement="{called}"/><bpmn:userTask id="after"/><bpmn:endEvent id="e"/>
<bpmn:boundaryEvent id="failed" attachedToRef="call"><bpmn:errorEventDefinition/></bpmn:boundaryEvent><bpmn:userTask id="mend"/>
<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="call"/><bpmn:sequenceFlow id="f2" sourceRef="call" targetRef="after"/>
<bpmn:sequenceFlow id="f3" sourceRef="after" targetRef="e"/><bpmn:sequenceFlow id="f4" sourceRef="failed" targetRef="mend"/></bpmn:process></bpmn:definitions>"""
)
BILL = (
    HEAD
    + """<bpmn:process id="bill" name="Bill" isExecutable="true"><bpmn:startEvent id="s"/>
<bpmn:userTask id="{task}" name="Check"><bpmn:extensionElements><ringback:form key="check"/><ringback:label lang="zh" text="核对"/></bpmn:extensionElements></bpmn:userTask>
<bpmn:businessRuleTask id="rule"><bpmn:extensionElements><ringback:decision ref="level" result="level"/></bpmn:extensionElements></bpmn:businessRuleTask>
<bpmn:exclusiveGateway id="x" default="ok"/><bpmn:endEvent id="bad"><bpmn:errorEventDefinition/></bpmn:endEvent><bpmn:endEvent id="e"/>
<bpmn:boundaryEvent id="late" cancelActivity="false" attachedToRef="{task}"><bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent><bpmn:task id="note"/>
<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="{task}"/><bpmn:sequenceFlow id="f2" sourceRef="{task}" targetRef="rule"/><bpmn:sequenceFlow id="f3" sourceRef="rule" targetRef="x"/>
<bpmn:sequenceFlow id="f4" sourceRef="x" targetRef="bad"><bpmn:conditionExpression>${{level.level == "bad"}}</bpmn:conditionExpression></bpmn:sequenceFlow><bpmn:sequenceFlow id="ok" sourceRef="x" targetRef="e"/>
<bpmn:sequenceFlow id="f6" sourceRef="late" targetRef="note"/></bpmn:process></bpmn:definitions>"""
)
TABLE = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:t">
<decision id="sign" name="sign"><decisionTable id="t0" hitPolicy="FIRST"><input id="i0"><inputExpression id="x0"><text>amount</text></inputExpression></input><output id="o0" name="sign"/>
<rule id="r0"><inputEntry id="a0"><text>&lt; 0</text></inputEntry><outputEntry id="b0"><text>"minus"</text></outputEntry></rule>
<rule id="r1"><inputEntry id="a1"><text>-</text></inputEntry><outputEntry id="b1"><text>"plus"</text></outputEntry></rule></decisionTable></decision>
<decision id="level" name="level"><informationRequirement id="ir"><requiredDecision href="#sign"/></informationRequirement><decisionTable id="t" hitPolicy="FIRST">
<input id="i"><inputExpression id="x"><text>sign</text></inputExpression></input><output id="o" name="level"/>
<rule id="r2"><inputEntry id="a2"><text>"minus"</text></inputEntry><outputEntry id="b2"><text>"bad"</text></outputEntry></rule>
<rule id="r3"><inputEntry id="a3"><text>-</text></inputEntry><outputEntry id="b3"><text>"good"</text></outputEntry></rule></decisionTable></decision></definitions>"""
FORM = b'{"key": "check", "fields": [{"key": "amount", "type": "number"}]}'
FILES = {"bill.dmn": TABLE, "check.json": FORM}


def put(key: str, xml: str, *, files: dict[str, bytes] | None = None, publish: bool = True):
    with db.unit_of_work():
        row = definitions.deploy(key, xml.encode(), files=files)
        return definitions.publish(row.id) if publish else row


def bill(task: str = "check"):
    return put("billing", BILL.format(task=task), files=FILES)


def errors(row) -> list[str]:
    return [finding["message"] for finding in row.findings if finding["severity"] == "error"]


def open_case(office):
    case = office.case_of(mail())
    with db.unit_of_work():
        return case, queries.overview(case.id)


@pytest.mark.parametrize("called", ["billing", "bill"])
def test_a_process_of_another_file_is_called(office, called):
    bill()
    put("service_case", MAIN.format(called=called))
    case, view = open_case(office)
    [task] = view.tasks
    assert (task.element_id, task.name, task.name_zh) == ("billing@1/check", "Check", "核对")
    with db.unit_of_work():
        assert queries.form(view.drivings[0].definition_id, task.form)["fields"][0]["key"] == "amount"
        driving.complete_task(task.id, {"amount": 5})
    with db.unit_of_work():
        view = queries.overview(case.id)
        assert [task.element_id for task in view.tasks] == ["after"]
        kinds = {s.element_id for s in workflow.history(view.drivings[0].instance_id)}
        assert {"call", "billing@1/check", "billing@1/rule", "billing@1/e"} <= kinds
        driving.complete_task(view.tasks[0].id, {})
    assert office.case(case.id) is not None


def test_an_error_of_the_called_process_is_caught_by_the_caller(office):
    bill()
    put("service_case", MAIN.format(called="billing"))
    case, view = open_case(office)
    with db.unit_of_work():
        driving.complete_task(view.tasks[0].id, {"amount": -5})
    with db.unit_of_work():
        assert [task.element_id for task in queries.overview(case.id).tasks] == ["mend"]


def test_a_call_stays_with_its_version_until_the_caller_is_uploaded_again(office):
    bill()
    first = put("service_case", MAIN.format(called="billing"))
    assert "calls version 1" in first.findings[-1]["message"]
    old, _ = open_case(office)
    bill("verify")
    [task] = open_case(office)[1].tasks
    assert task.element_id == "billing@1/check"
    second = put("service_case", MAIN.format(called="billing"))
    assert second.version == first.version + 1
    assert put("service_case", MAIN.format(called="billing")).id == second.id
    [task] = open_case(office)[1].tasks
    assert task.element_id == "billing@2/verify"
    with db.unit_of_work():
        [task] = queries.overview(old.id).tasks
        driving.complete_task(task.id, {"amount": 1})
    with db.unit_of_work():
        assert [task.element_id for task in queries.overview(old.id).tasks] == ["after"]


def test_timers_of_the_called_process_fire(office):
    bill()
    put("service_case", MAIN.format(called="billing"))
    _, view = open_case(office)
    instance = view.drivings[0].instance_id
    with db.unit_of_work():
        [timer] = workflow.timers([instance])
        assert timer.element_id == "billing@1/late"
        assert service.fire_timer(instance, timer.token).accepted
    with db.unit_of_work():
        assert "billing@1/note" in [visit.element_id for visit in workflow.history(instance)]


def test_what_is_missing_or_ambiguous_is_told_and_found_once_it_is_there(office):
    draft = put("caller", MAIN.format(called="billing"), publish=False)
    assert not draft.is_executable
    assert len(errors(draft)) == 1
    assert "neither in the file nor published" in errors(draft)[0]
    assert put("caller", MAIN.format(called="billing"), publish=False).id == draft.id
    bill()
    again = put("caller", MAIN.format(called="billing"), publish=False)
    assert (again.version, again.is_executable) == (2, True)
    put("other_bills", BILL.format(task="look"), files=FILES)
    assert not put("caller", MAIN.format(called="bill"), publish=False).is_executable


def test_a_process_that_begins_with_a_message_cannot_be_called(office):
    start = '<bpmn:startEvent id="s"><bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:startEvent>'
    put("billing", BILL.format(task="check").replace('<bpmn:startEvent id="s"/>', start), files=FILES)
    draft = put("caller", MAIN.format(called="billing"), publish=False)
    assert "no plain start event" in errors(draft)[0]


def test_calls_of_calls_end_somewhere(office):
    """A cycle cannot be: a version calls only what was there before it."""
    bill()
    put("main", MAIN.format(called="billing"))
    put("billing", MAIN.format(called="main").replace('process id="main"', 'process id="again"'))
    last = put("main", MAIN.format(called="billing"))
    with db.unit_of_work():
        nodes = {node["id"] for node in unpack(definitions.compiled(last.id).code)["nodes"]}
    assert "billing@2/main@1/billing@1/check" in nodes
    with db.unit_of_work():
        assert definitions.called(last.id, "billing@2/main@1/billing@1") == workflow.versions("billing")[-1].id


def test_the_diagram_of_the_called_process_shows_its_tokens(office, engine):
    bill()
    put("service_case", MAIN.format(called="billing"))
    case, view = open_case(office)
    instance = view.drivings[0].instance_id
    reader = Browser(create_app(), office.cast.alice)
    page = reader.get(f"/cases/{case.number}?tab=process&part=billing@1").text
    assert f"/instances/{instance}/diagram.bpmn?part=billing%401" in page
    assert b'id="bill"' in reader.get(f"/instances/{instance}/diagram.bpmn?part=billing@1").data
    assert b'id="main"' in reader.get(f"/instances/{instance}/diagram.bpmn").data
    assert reader.get(f"/instances/{instance}/diagram.bpmn?part=nothing@1").status_code == 404
    inner = {
        e["id"]: e["tokens"] for e in reader.get(f"/instances/{instance}/state.json?part=billing@1").json["elements"]
    }
    assert inner["check"] == 1
    outer = {e["id"]: e["tokens"] for e in reader.get(f"/instances/{instance}/state.json").json["elements"]}
    assert outer["call"] == 1
    assert "check" not in outer
