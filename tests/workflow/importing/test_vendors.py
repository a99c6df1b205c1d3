"""Files as other tools write them: each is kept, and its report is a to-do list that names what to do where."""

from __future__ import annotations

import pytest

from app.workflow.importing import import_bpmn
from tests.support.processes import MODELS, drive, flows

TODO = {
    "camunda7": {
        "approve": "There is no function dateTime", "java": "'org.acme.Book', which is code of another engine",
        "deleg": "'${payBean}'", "expr": "'${calc.sum(a)}'", "conn": "'mail-send'", "scr": "Scripts in 'groovy' do not run",
        "res": "has no script", "rule": "'dish' is not in the decision tables", "ext": "'ship' is not a capability",
    },
    "camunda8": {
        "sc": "The FEEL script '=a + 1' does not run", "br": "'dec' is not in the decision tables", "t": "'io.camunda:http-json:1' is not a capability",
    },
    "flowable": {"m": "calls 'mail'", "c": "calls 'org.X'", "f6": "There is no method getVariable"},
    "signavio": {"sid-2": "marked as executable"},
    "bizagi": {"Id_sv": "does not say what it calls", "Id_main": "marked as executable"},
}  # fmt: skip


@pytest.mark.parametrize("vendor", sorted(TODO))
def test_the_report_is_a_list_of_what_to_do(vendor: str) -> None:
    xml = (MODELS / "vendors" / f"{vendor}.bpmn").read_bytes()
    found = import_bpmn(xml, known_capabilities=["set_case", "send_message"], trial=False, calls_out=True)
    errors = {f.element_id: f.message for f in found.findings if f.severity == "error"}
    assert errors.keys() == TODO[vendor].keys()
    for element_id, words in TODO[vendor].items():
        assert words in errors[element_id]
    assert len(found.findings) < 30, "each extension is named once"


def test_what_would_do_something_elsewhere_is_a_warning() -> None:
    xml = (MODELS / "vendors" / "camunda7.bpmn").read_bytes()
    found = import_bpmn(xml, trial=False)
    warned = {
        f.message.split("'")[1] for f in found.findings if f.code == "foreign-extension" and f.severity == "warning"
    }
    assert {"taskListener", "executionListener", "formData", "mapDecisionResult"} <= warned


CHILD = (
    '<bpmn:process id="child"><bpmn:startEvent id="cs"/><bpmn:userTask id="t"/>' + flows("c1=cs>t") + "</bpmn:process>"
)
C7 = '<c:in xmlns:c="http://camunda.org/schema/1.0/bpmn" source="a" target="b"/><c:in xmlns:c="http://camunda.org/schema/1.0/bpmn" businessKey="#{x}"/><c:in xmlns:c="http://camunda.org/schema/1.0/bpmn" sourceExpression="${a + 1}" target="d"/><c:out xmlns:c="http://camunda.org/schema/1.0/bpmn" source="e" target="f"/>'
C8 = '<z:ioMapping xmlns:z="http://camunda.org/schema/zeebe/1.0"><z:input source="=a" target="b"/><z:input source="=a + 1" target="d"/><z:output source="=e" target="f"/></z:ioMapping>'


@pytest.mark.parametrize("mapping", [C7, C8])
def test_variables_go_into_a_called_process_and_come_back_as_mapped(mapping: str) -> None:
    body = f'<bpmn:startEvent id="s"/><bpmn:callActivity id="call" calledElement="child"><bpmn:extensionElements>{mapping}</bpmn:extensionElements></bpmn:callActivity><bpmn:userTask id="after"/>'
    instance = drive(body + flows("s>call", "call>after"), around=CHILD).start("p", a=1)
    [task] = instance.open().tasks
    assert task.data == {"b": 1, "d": 2}
    instance.complete("t", e=5, g=6)
    [task] = instance.open().tasks
    assert task.data == {"a": 1, "f": 5}


def test_an_expression_cannot_be_handed_back() -> None:
    mapping = C8.replace('source="=e"', 'source="=e + 1"')
    body = f'<bpmn:startEvent id="s"/><bpmn:callActivity id="call" calledElement="child"><bpmn:extensionElements>{mapping}</bpmn:extensionElements></bpmn:callActivity>'
    assert "call" in [f.code for f in drive(body + flows("s>call"), around=CHILD).imported.findings]
